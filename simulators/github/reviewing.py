"""Reviews as things that happen: pending or submitted, with their comments on lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import payloads
from .call import ApiError, Call, invalid
from .git.diff import diff
from .pull_state import base_tip, trees
from .store import Row

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def submit_review(
    call: Call,
    pull: Row,
    *,
    event: str | None,
    body: str = "",
    commit_sha: str | None = None,
    comments: Sequence[Mapping[str, Any]] = (),
) -> Row:
    """Without an event the review stays pending and nobody hears of it."""
    if event is not None and event not in STATES:
        raise invalid("PullRequestReview", "event")
    issue = call.store.must("issues", pull["id"])
    if event in ("APPROVE", "REQUEST_CHANGES") and issue["user_id"] == call.user["id"]:
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise ApiError(422, "Unprocessable Entity", errors=[f"Can not {verb} your own pull request"])
    if event in ("REQUEST_CHANGES", "COMMENT") and not body and not comments:
        raise ApiError(422, "Unprocessable Entity", errors=["Body can't be blank"])
    review = call.store.insert(
        "reviews", repo_id=call.repo["id"], pull_id=pull["id"], user_id=call.user["id"], body=body or "",
        state=STATES.get(event or "", "PENDING"), commit_sha=commit_sha or pull["head_sha"], app_id=call.app_id,
        submitted_at=call.now if event else None, updated_at=call.now,
    )  # fmt: skip
    rows = [add_comment(call, pull, one, review["id"], silent=True) for one in comments]
    call.effect("review.created", f"{call.repo_name}#{pull['number']}", state=review["state"])
    if event:
        announce(call, pull, review, rows)
    return review


def announce(call: Call, pull: Row, review: Row, comments: Sequence[Row]) -> None:
    shown = payloads.pull_simple(call.world, pull)
    body = payloads.review(call.world, review)
    call.emit("pull_request_review", "submitted", review={**body, "state": review["state"].lower()}, pull_request=shown)
    for row in comments:
        _announce_comment(call, pull, row)


def _announce_comment(call: Call, pull: Row, row: Row) -> None:
    shown = payloads.pull_simple(call.world, pull)
    call.emit(
        "pull_request_review_comment", "created", comment=payloads.review_comment(call.world, row), pull_request=shown
    )


def add_comment(
    call: Call, pull: Row, body: Mapping[str, Any], review_id: int | None = None, *, silent: bool = False
) -> Row:
    text, path = body.get("body"), body.get("path")
    if not isinstance(text, str) or not text:
        raise invalid("PullRequestReviewComment", "body", "missing_field")
    old, new = trees(call.git, base_tip(call.world, call.repo, pull), pull["head_sha"])
    found = [one for one in diff(call.git, old, new) if one.path == path]
    if not found:
        raise invalid("PullRequestReviewComment", "path", "invalid", "path is not part of the pull request")
    if review_id is None:
        review = call.store.insert(
            "reviews", repo_id=call.repo["id"], pull_id=pull["id"], user_id=call.user["id"], state="COMMENTED",
            commit_sha=pull["head_sha"], app_id=call.app_id, submitted_at=call.now, updated_at=call.now,
        )  # fmt: skip
        review_id = review["id"]
    row = call.store.insert(
        "review_comments", repo_id=call.repo["id"], pull_id=pull["id"], review_id=review_id, user_id=call.user["id"],
        app_id=call.app_id, path=path, line=body.get("line") or body.get("position"), start_line=body.get("start_line"),
        side=body.get("side") or "RIGHT", start_side=body.get("start_side"), diff_hunk=found[0].patch[:2000], body=text,
        in_reply_to=body.get("in_reply_to"), commit_sha=pull["head_sha"], created_at=call.now, updated_at=call.now,
    )  # fmt: skip
    call.effect("review_comment.created", f"{call.repo_name}#{pull['number']}", path=path)
    if not silent:
        _announce_comment(call, pull, row)
    return row
