"""What happens to issues, their comments and their labels: the rules that REST routes and web pages share.

It knows GitHub's limits and webhooks for them; pull requests keep their own rules in their own modules.
"""

from __future__ import annotations

import json
from typing import Any

from . import payloads, pulls
from .access import has_role
from .call import ApiError, Call, invalid, not_found
from .store import Row

BODY_LIMIT = 65_536
TITLE_LIMIT = 256
DEFAULT_COLOUR = "ededed"
CLOSING_REASONS = ("completed", "not_planned", "duplicate")


def find(call: Call, number: int) -> Row:
    """An issue or a pull request by its number."""
    row = call.store.first("SELECT * FROM issues WHERE repo_id = ? AND number = ?", call.repo["id"], number)
    if row is None:
        raise not_found()
    return row


def find_comment(call: Call, comment_id: int) -> tuple[Row, Row]:
    """The comment and the issue it is on."""
    row = call.store.get("comments", comment_id)
    if row is None or row["repo_id"] != call.repo["id"]:
        raise not_found()
    return row, call.store.must("issues", row["issue_id"])


def open_issue(call: Call, title: str, body: str | None, labels: list[str], assignees: list[str]) -> Row:
    check_title(title)
    check_body("Issue", body)
    number = call.world.take_number(call.repo["id"])
    row = call.store.insert(
        "issues", repo_id=call.repo["id"], number=number, title=title, body=body, user_id=call.user["id"],
        app_id=call.app_id, created_at=call.now, updated_at=call.now,
    )  # fmt: skip
    if may_triage(call):
        # Without push access GitHub drops labels and assignees silently.
        row = assign(call, row, assignees)
        for name in labels:
            attach(call, row, find_or_create_label(call, name))
    call.effect("issue.created", subject(call, row))
    _emit_thread(call, "opened", row)
    for label in labels_of(call, row):
        _emit_label(call, "labeled", row, label)
    return row


def edit_issue(call: Call, issue: Row, changes: dict[str, Any]) -> Row:
    """New title or body of an issue or a pull request; emits `edited` with what was there before."""
    if issue["is_pull"]:
        return pulls.edit(call, issue, changes)
    before = {name: {"from": issue[name] or ""} for name, value in changes.items() if value != issue[name]}
    if not before:
        return issue
    check_title(str(changes.get("title", issue["title"])))
    check_body("Issue", changes.get("body"))
    row = call.store.update("issues", issue["id"], **changes, updated_at=call.now)
    call.effect("issue.edited", subject(call, row))
    _emit_thread(call, "edited", row, changes=before)
    return row


def set_state(call: Call, issue: Row, state: str, reason: str | None) -> Row:
    """Close or reopen an issue or a pull request."""
    if issue["is_pull"]:
        return pulls.edit(call, issue, {}, state)
    if state not in ("open", "closed"):
        raise invalid("Issue", "state")
    if state == issue["state"]:
        return issue
    if state == "closed":
        return _close(call, issue, reason)
    values = {"state": "open", "state_reason": "reopened", "closed_at": None, "closed_by": None}
    row = call.store.update("issues", issue["id"], **values, updated_at=call.now)
    call.effect("issue.reopened", subject(call, row))
    _emit_thread(call, "reopened", row)
    return row


def _close(call: Call, issue: Row, reason: str | None) -> Row:
    if reason is not None and reason not in CLOSING_REASONS:
        raise invalid("Issue", "state_reason")
    row = call.store.update(
        "issues", issue["id"], state="closed", state_reason=reason or "completed", closed_at=call.now,
        closed_by=call.user["id"], updated_at=call.now,
    )  # fmt: skip
    call.effect("issue.closed", subject(call, row))
    _emit_thread(call, "closed", row)
    return row


def _emit_thread(call: Call, action: str, row: Row, **more: Any) -> None:
    if row["is_pull"]:
        pulls.emit(call, action, call.store.must("pulls", row["id"]), **more)
    else:
        call.emit("issues", action, issue=payloads.issue(call.world, row), **more)


def assign(call: Call, issue: Row, logins: list[str]) -> Row:
    users = [call.world.user(login) for login in logins]
    known = [user["id"] for user in users if user is not None and has_role(call.world, call.repo, user, "read")]
    if len(known) != len(logins):
        raise invalid("Issue", "assignees")
    return call.store.update("issues", issue["id"], assignees_json=json.dumps(known), updated_at=call.now)


def add_comment(call: Call, issue: Row, body: str) -> Row:
    check_comment(body)
    if issue["locked"] and not may_triage(call):
        raise ApiError(403, "Unable to create comment because issue is locked.")
    row = call.store.insert(
        "comments", repo_id=call.repo["id"], issue_id=issue["id"], user_id=call.user["id"], app_id=call.app_id,
        body=body, created_at=call.now, updated_at=call.now,
    )  # fmt: skip
    issue = call.store.update("issues", issue["id"], updated_at=call.now)
    call.effect("comment.created", subject(call, issue), comment=row["id"])
    _emit_comment(call, "created", issue, row)
    return row


def edit_comment(call: Call, issue: Row, comment: Row, body: str) -> Row:
    check_comment(body)
    require_author_or_write(call, comment["user_id"])
    row = call.store.update("comments", comment["id"], body=body, updated_at=call.now)
    call.effect("comment.edited", subject(call, issue), comment=row["id"])
    _emit_comment(call, "edited", issue, row, changes={"body": {"from": comment["body"]}})
    return row


def delete_comment(call: Call, issue: Row, comment: Row) -> None:
    require_author_or_write(call, comment["user_id"])
    call.effect("comment.deleted", subject(call, issue), comment=comment["id"])
    _emit_comment(call, "deleted", issue, comment)
    call.store.execute("DELETE FROM reactions WHERE subject_id = ?", comment["id"])
    call.store.delete("comments", comment["id"])


def _emit_comment(call: Call, action: str, issue: Row, comment: Row, **more: Any) -> None:
    call.emit(
        "issue_comment", action, issue=payloads.issue(call.world, issue),
        comment=payloads.comment(call.world, comment), **more,
    )  # fmt: skip


# --- labels


def find_label(call: Call, name: str) -> Row:
    row = call.store.first("SELECT * FROM labels WHERE repo_id = ? AND name = ?", call.repo["id"], name)
    if row is None:
        raise not_found()
    return row


def find_or_create_label(call: Call, name: str) -> Row:
    """GitHub creates an unknown label, in grey, when somebody with write access puts it on an issue."""
    row = call.store.first("SELECT * FROM labels WHERE repo_id = ? AND name = ?", call.repo["id"], name)
    return row or create_label(call, name, DEFAULT_COLOUR, None)


def create_label(call: Call, name: str, colour: str, description: str | None) -> Row:
    row = call.store.insert("labels", repo_id=call.repo["id"], name=name, color=colour.lower(), description=description)
    call.effect("label.created", call.repo_name, name=name)
    call.emit("label", "created", label=payloads.label(call.world, call.repo, row))
    return row


def labels_of(call: Call, issue: Row) -> list[Row]:
    return call.store.all(
        "SELECT l.* FROM labels l JOIN issue_labels i ON i.label_id = l.id WHERE i.issue_id = ? ORDER BY l.id",
        issue["id"],
    )


def attach(call: Call, issue: Row, label: Row) -> bool:
    """True when the label was not on the issue before."""
    done = call.store.execute(
        "INSERT OR IGNORE INTO issue_labels (issue_id, label_id) VALUES (?, ?)", issue["id"], label["id"]
    )
    return done > 0


def set_labels(call: Call, issue: Row, names: list[str], *, keep: bool) -> list[Row]:
    """Put these labels on the issue, and take others off unless `keep`; emits one event for each change."""
    wanted = [find_or_create_label(call, name) for name in names]
    if not keep:
        for label in labels_of(call, issue):
            if label["id"] not in {each["id"] for each in wanted}:
                detach(call, issue, label)
    for label in wanted:
        if attach(call, issue, label):
            _emit_label(call, "labeled", issue, label)
    return labels_of(call, issue)


def detach(call: Call, issue: Row, label: Row) -> None:
    call.store.execute("DELETE FROM issue_labels WHERE issue_id = ? AND label_id = ?", issue["id"], label["id"])
    _emit_label(call, "unlabeled", issue, label)


def _emit_label(call: Call, action: str, issue: Row, label: Row) -> None:
    _emit_thread(call, action, issue, label=payloads.label(call.world, call.repo, label))


# --- rules


def subject(call: Call, issue: Row) -> str:
    return f"{call.repo_name}#{issue['number']}"


def may_triage(call: Call) -> bool:
    return call.app_id is not None or has_role(call.world, call.repo, call.user, "triage")


def require_author_or_write(call: Call, author_id: int) -> None:
    """An app may with its permission alone; a person needs to be the author or to have write access."""
    mine = call.user["id"] == author_id
    if not (mine or call.app_id is not None or has_role(call.world, call.repo, call.user, "write")):
        raise ApiError(403, "Must have admin rights to Repository.")


def check_title(title: str) -> None:
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    if len(title) > TITLE_LIMIT:
        raise invalid("Issue", "title", "custom", f"title is too long (maximum is {TITLE_LIMIT} characters)")


def check_body(resource: str, body: str | None) -> None:
    if body is not None and len(body) > BODY_LIMIT:
        raise invalid(resource, "body", "custom", f"body is too long (maximum is {BODY_LIMIT} characters)")


def check_comment(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field", "Body can't be blank")
    check_body("IssueComment", body)
