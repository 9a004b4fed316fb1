"""REST routes of issues and their comments. The rules are in issues.py, which the web pages use too."""

from __future__ import annotations

from typing import Any

from . import issues, payloads
from .call import ApiError, Call, Reply, invalid
from .routing import Routes
from .store import Row

ISSUE = "issues=write"
EITHER = "issues=write; pull_requests=write"
READ = "issues=read; pull_requests=read"
SORTS = {"created": "created_at", "updated": "updated_at"}

routes = Routes("/api/v3/repos/{owner}/{repo}")


@routes.post("/issues", needs=ISSUE, role="read")
def create_issue(call: Call) -> Reply:
    title = call.body.get("title")
    if not isinstance(title, (str, int)):
        raise invalid("Issue", "title", "missing_field")
    _refuse_milestone(call)
    body = call.text("body", "Issue", required=False) if call.body.get("body") is not None else None
    row = issues.open_issue(call, str(title), body, _names(call, "labels"), _names(call, "assignees"))
    return Reply(201, payloads.issue(call.world, row))


@routes.get("/issues", needs="issues=read")
def list_issues(call: Call) -> list[Any]:
    rows = call.store.all("SELECT * FROM issues WHERE repo_id = ?", call.repo["id"])
    state = call.query.get("state", "open")
    wanted_labels = {name.lower() for name in call.query.get("labels", "").split(",") if name}
    creator = call.query.get("creator")
    chosen = [
        row
        for row in rows
        if state in ("all", row["state"])
        and row["updated_at"] >= call.query.get("since", "")
        and (creator is None or _is_user(call, row["user_id"], creator))
        and wanted_labels <= {label["name"].lower() for label in issues.labels_of(call, row)}
    ]
    column = SORTS.get(call.query.get("sort", "created"))
    if column is None:
        raise ApiError(501, f"sorting issues by {call.query['sort']} is not simulated")
    newest_first = call.query.get("direction", "desc") != "asc"
    chosen.sort(key=lambda row: (row[column], row["id"]), reverse=newest_first)
    return [payloads.issue(call.world, row) for row in call.page(chosen)]


@routes.get("/issues/{number}", needs=READ)
def get_issue(call: Call) -> dict[str, Any]:
    return payloads.issue(call.world, issues.find(call, call.number()))


@routes.patch("/issues/{number}", needs=EITHER, role="read")
def update_issue(call: Call) -> dict[str, Any]:
    row = issues.find(call, call.number())
    issues.require_author_or_write(call, row["user_id"])
    _refuse_milestone(call)
    changes = {name: call.text(name, "Issue") for name in ("title", "body") if call.body.get(name) is not None}
    state = call.body.get("state")
    row = issues.edit_issue(call, row, changes)
    if state is not None:
        row = issues.set_state(call, row, state, call.body.get("state_reason"))
    if "labels" in call.body:
        issues.set_labels(call, row, _names(call, "labels"), keep=False)
    if "assignees" in call.body:
        row = issues.assign(call, row, _names(call, "assignees"))
    return payloads.issue(call.world, issues.find(call, row["number"]))


@routes.post("/issues/{number}/comments", needs=EITHER, role="read")
def create_comment(call: Call) -> Reply:
    issue = issues.find(call, call.number())
    row = issues.add_comment(call, issue, call.text("body", "IssueComment"))
    return Reply(201, payloads.comment(call.world, row))


@routes.get("/issues/{number}/comments", needs=READ)
def list_comments(call: Call) -> list[Any]:
    issue = issues.find(call, call.number())
    rows = call.store.all("SELECT * FROM comments WHERE issue_id = ? ORDER BY id", issue["id"])
    return _comments(call, rows)


@routes.get("/issues/comments", needs=READ)
def list_all_comments(call: Call) -> list[Any]:
    order = "DESC" if call.query.get("direction") == "desc" else "ASC"
    column = SORTS.get(call.query.get("sort", ""), "id")
    sql = f"SELECT * FROM comments WHERE repo_id = ? ORDER BY {column} {order}, id {order}"
    return _comments(call, call.store.all(sql, call.repo["id"]))


@routes.get("/issues/comments/{comment}", needs=READ)
def get_comment(call: Call) -> dict[str, Any]:
    comment, _ = issues.find_comment(call, call.number("comment"))
    return payloads.comment(call.world, comment)


@routes.patch("/issues/comments/{comment}", needs=EITHER, role="read")
def update_comment(call: Call) -> dict[str, Any]:
    comment, issue = issues.find_comment(call, call.number("comment"))
    row = issues.edit_comment(call, issue, comment, call.text("body", "IssueComment"))
    return payloads.comment(call.world, row)


@routes.delete("/issues/comments/{comment}", needs=EITHER, role="read")
def delete_comment(call: Call) -> Reply:
    comment, issue = issues.find_comment(call, call.number("comment"))
    issues.delete_comment(call, issue, comment)
    return Reply(204)


def _comments(call: Call, rows: list[Row]) -> list[Any]:
    since = call.query.get("since", "")
    return [payloads.comment(call.world, row) for row in call.page([row for row in rows if row["updated_at"] >= since])]


def _is_user(call: Call, user_id: int, login: str) -> bool:
    user = call.world.user(login)
    return user is not None and user["id"] == user_id


def _names(call: Call, field: str) -> list[str]:
    """Labels may come as names or as objects with a name."""
    value = call.body.get(field) or []
    if not isinstance(value, list):
        raise invalid("Issue", field)
    names = [each.get("name") if isinstance(each, dict) else each for each in value]
    given = [name for name in names if isinstance(name, str) and name]
    if len(given) != len(names):
        raise invalid("Issue", field)
    return given


def _refuse_milestone(call: Call) -> None:
    if call.body.get("milestone") is not None:
        raise ApiError(501, "milestones are not simulated")
