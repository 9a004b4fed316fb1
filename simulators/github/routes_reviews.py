"""Reviews and review comments over REST."""

from __future__ import annotations

from typing import Any

from . import payloads, pulls
from .call import ApiError, Call, Reply, invalid, not_found
from .reviewing import STATES, add_comment, announce, submit_review
from .routing import Routes
from .store import Row

routes = Routes("/api/v3/repos/{owner}/{repo}/pulls")
READ, WRITE = "pull_requests=read", "pull_requests=write"


@routes.post("/{number}/reviews", needs=WRITE, role="read")
def create_review(call: Call) -> Any:
    body = call.body
    review = submit_review(
        call, pulls.find(call, call.number()), event=body.get("event") or None, body=body.get("body") or "",
        commit_sha=body.get("commit_id"), comments=body.get("comments") or (),
    )  # fmt: skip
    return payloads.review(call.world, review)


@routes.get("/{number}/reviews", needs=READ)
def list_reviews(call: Call) -> Any:
    pull = pulls.find(call, call.number())
    rows = call.store.all("SELECT * FROM reviews WHERE pull_id = ? ORDER BY id", pull["id"])
    seen = [row for row in rows if row["state"] != "PENDING" or _mine(call, row)]
    return [payloads.review(call.world, row) for row in call.page(seen)]


@routes.get("/{number}/reviews/{review}", needs=READ)
def get_review(call: Call) -> Any:
    return payloads.review(call.world, _review(call))


@routes.post("/{number}/reviews/{review}/events", needs=WRITE, role="read")
def submit_pending(call: Call) -> Any:
    row, event = _review(call), call.body.get("event")
    if row["state"] != "PENDING" or not _mine(call, row):
        raise ApiError(422, "Unprocessable Entity", errors=["The review is not pending."])
    if event not in STATES:
        raise invalid("PullRequestReview", "event")
    row = call.store.update(
        "reviews", row["id"], state=STATES[event], body=call.body.get("body") or row["body"], submitted_at=call.now
    )
    call.effect("review.submitted", f"{call.repo_name}#{call.params['number']}", state=row["state"])
    comments = call.store.all("SELECT * FROM review_comments WHERE review_id = ? ORDER BY id", row["id"])
    announce(call, pulls.find(call, call.number()), row, comments)
    return payloads.review(call.world, row)


@routes.get("/{number}/reviews/{review}/comments", needs=READ)
def list_review_comments(call: Call) -> Any:
    rows = call.store.all("SELECT * FROM review_comments WHERE review_id = ? ORDER BY id", _review(call)["id"])
    return [payloads.review_comment(call.world, row) for row in call.page(rows)]


@routes.get("/{number}/comments", needs=READ)
def list_comments(call: Call) -> Any:
    pull = pulls.find(call, call.number())
    rows = call.store.all("SELECT * FROM review_comments WHERE pull_id = ? ORDER BY id", pull["id"])
    return [payloads.review_comment(call.world, row) for row in call.page(rows)]


@routes.post("/{number}/comments", needs=WRITE, role="read")
def create_comment(call: Call) -> Any:
    row = add_comment(call, pulls.find(call, call.number()), call.body)
    shown = payloads.review_comment(call.world, row)
    return Reply(201, shown, {"location": shown["url"]})


@routes.post("/{number}/comments/{comment}/replies", needs=WRITE, role="read")
def reply(call: Call) -> Any:
    pull, parent = pulls.find(call, call.number()), call.store.get("review_comments", call.number("comment"))
    if parent is None or parent["pull_id"] != pull["id"]:
        raise not_found()
    where = {name: parent[name] for name in ("path", "line", "side")}
    body = {**where, "body": call.body.get("body"), "in_reply_to": parent["in_reply_to"] or parent["id"]}
    shown = payloads.review_comment(call.world, add_comment(call, pull, body))
    return Reply(201, shown, {"location": shown["url"]})


@routes.get("/comments/{comment}", needs=READ)
def get_comment(call: Call) -> Any:
    row = call.store.get("review_comments", call.number("comment"))
    if row is None or row["repo_id"] != call.repo["id"]:
        raise not_found()
    return payloads.review_comment(call.world, row)


def _review(call: Call) -> Row:
    row = call.store.get("reviews", call.number("review"))
    if row is None or row["pull_id"] != pulls.find(call, call.number())["id"]:
        raise not_found()
    return row


def _mine(call: Call, row: Row) -> bool:
    return call.actor.user is not None and row["user_id"] == call.actor.user["id"]
