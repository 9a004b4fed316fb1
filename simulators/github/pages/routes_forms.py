"""The forms a visitor sends. Each acts through the same functions as the REST API, so the same webhooks fly."""

from __future__ import annotations

from .. import checks, issues, pulls
from ..call import ApiError, Call, Reply, not_found
from ..merging import merge_pull
from ..reviewing import submit_review
from ..routing import Routes
from ..store import Row
from . import views
from .routes_pages import run_page, thread_page
from .shell import COOKIE, NOBODY, acted, need, reason, redirect, render

routes = Routes("")


def back_to_thread(call: Call, error: ApiError) -> Reply:
    row = issues.find(call, call.number())
    kind = "pull" if row["is_pull"] else "issues"
    return thread_page(call, row, kind, error=reason(error), typed=call.form.get("body", ""), status=error.status)


def back_to_new_issue(call: Call, error: ApiError) -> Reply:
    subject, typed = call.form.get("title", ""), call.form.get("body", "")
    return render(
        call, "new_issue.html", error.status, title="New issue", error=reason(error), subject=subject, typed=typed,
        tab="issues",
    )  # fmt: skip


def back_to_run(call: Call, error: ApiError) -> Reply:
    return run_page(call, error=reason(error), status=error.status)


@routes.post("/_pages/visitor", who="anyone")
def choose_visitor(call: Call) -> Reply:
    login = call.form.get("login", NOBODY)
    known = {person["login"] for person in views.people(call.world)}
    back = call.form.get("back", "/")
    if not back.startswith("/") or back.startswith("//"):
        back = "/"
    cookie = f"{COOKIE}={login if login in known else NOBODY}; Path=/; HttpOnly; SameSite=Lax"
    return redirect(back, **{"set-cookie": cookie})


@routes.post("/{owner}/{name}/issues", who="anyone")
@acted(back_to_new_issue)
def open_issue(call: Call) -> Reply:
    row = issues.open_issue(call, call.form.get("title", ""), _body(call), [], [])
    return redirect(_thread(call, row))


@routes.post("/{owner}/{name}/issues/{number}/comments", who="anyone")
@acted(back_to_thread)
def comment(call: Call) -> Reply:
    row = issues.find(call, call.number())
    made = issues.add_comment(call, row, _body(call))
    return redirect(f"{_thread(call, row)}#issuecomment-{made['id']}")


@routes.post("/{owner}/{name}/issues/{number}/state", who="anyone")
@acted(back_to_thread)
def change_state(call: Call) -> Reply:
    row = issues.find(call, call.number())
    issues.require_author_or_write(call, row["user_id"])
    issues.set_state(call, row, call.form.get("state", ""), None)
    return redirect(_thread(call, row))


@routes.post("/{owner}/{name}/pull/{number}/reviews", who="anyone")
@acted(back_to_thread)
def review(call: Call) -> Reply:
    pull = pulls.find(call, call.number())
    made = submit_review(call, pull, event=call.form.get("event", ""), body=_body(call))
    return redirect(f"/{call.repo_name}/pull/{pull['number']}#pullrequestreview-{made['id']}")


@routes.post("/{owner}/{name}/pull/{number}/ready", who="anyone")
@acted(back_to_thread)
def make_ready(call: Call) -> Reply:
    row = issues.find(call, call.number())
    issues.require_author_or_write(call, row["user_id"])
    pulls.set_draft(call, pulls.find(call, row["number"]), draft=False)
    return redirect(_thread(call, row))


@routes.post("/{owner}/{name}/pull/{number}/merge", who="anyone")
@acted(back_to_thread)
def merge(call: Call) -> Reply:
    need(call, "write", "Merging")
    pull = pulls.find(call, call.number())
    # The head that the visitor saw: what was pushed meanwhile is not merged unseen.
    merge_pull(call, pull, method=call.form.get("method", "merge"), sha=call.form.get("sha"))
    return redirect(f"/{call.repo_name}/pull/{pull['number']}")


@routes.post("/{owner}/{name}/runs/{number}/rerequest", who="anyone")
@acted(back_to_run)
def rerequest(call: Call) -> Reply:
    need(call, "write", "Running a check again")
    checks.rerequest_run(call, _run(call))
    return redirect(f"/{call.repo_name}/runs/{call.number()}")


@routes.post("/{owner}/{name}/runs/{number}/action", who="anyone")
@acted(back_to_run)
def press(call: Call) -> Reply:
    need(call, "write", "Pressing a check's button")
    checks.request_action(call, _run(call), call.form.get("identifier", ""))
    return redirect(f"/{call.repo_name}/runs/{call.number()}")


def _run(call: Call) -> Row:
    row = call.store.get("check_runs", call.number())
    if row is None or row["repo_id"] != call.repo["id"]:
        raise not_found()
    return row


def _body(call: Call) -> str:
    """Browsers send CRLF; GitHub stores what was sent, and so do we, but one kind of line end reads better."""
    return call.form.get("body", "").replace("\r\n", "\n")


def _thread(call: Call, row: Row) -> str:
    return f"/{call.repo_name}/{'pull' if row['is_pull'] else 'issues'}/{row['number']}"
