"""REST routes of reactions on issues, issue comments and review comments. GitHub sends no webhook for a reaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import issues, payloads
from .access import has_role
from .call import ApiError, Call, Reply, invalid, not_found
from .routing import Routes
from .store import Row

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
WRITE = "issues=write; pull_requests=write"
READ = "issues=read; pull_requests=read"

routes = Routes("/api/v3/repos/{owner}/{repo}")


def _issue(call: Call) -> Row:
    return issues.find(call, call.number())


def _comment(call: Call) -> Row:
    return issues.find_comment(call, call.number())[0]


def _review_comment(call: Call) -> Row:
    row = call.store.get("review_comments", call.number())
    if row is None or row["repo_id"] != call.repo["id"]:
        raise not_found()
    return row


# kind of subject → its path and how to find it
SUBJECTS: dict[str, tuple[str, Callable[[Call], Row]]] = {
    "issue": ("/issues/{number}", _issue),
    "comment": ("/issues/comments/{number}", _comment),
    "review_comment": ("/pulls/comments/{number}", _review_comment),
}


def create(call: Call, kind: str, row: Row, content: str) -> tuple[Row, bool]:
    """The reaction, and whether it is new: the same person with the same content adds nothing."""
    if content not in CONTENTS:
        raise invalid("Reaction", "content")
    sql = "SELECT * FROM reactions WHERE subject = ? AND subject_id = ? AND user_id = ? AND content = ?"
    before = call.store.first(sql, kind, row["id"], call.user["id"], content)
    if before:
        return before, False
    made = call.store.insert(
        "reactions", subject=kind, subject_id=row["id"], user_id=call.user["id"], content=content, created_at=call.now
    )
    call.effect("reaction.created", f"{call.repo_name} {kind} {row['id']}", content=content)
    return made, True


def _declare(kind: str, path: str, find: Callable[[Call], Row]) -> None:
    @routes.post(f"{path}/reactions", needs=WRITE, role="read")
    def create_reaction(call: Call) -> Reply:
        made, new = create(call, kind, find(call), call.text("content", "Reaction"))
        return Reply(201 if new else 200, payloads.reaction(call.world, made))

    @routes.get(f"{path}/reactions", needs=READ)
    def list_reactions(call: Call) -> list[Any]:
        subject = find(call)
        rows = call.store.all(
            "SELECT * FROM reactions WHERE subject = ? AND subject_id = ? ORDER BY id", kind, subject["id"]
        )
        wanted = call.query.get("content")
        return [payloads.reaction(call.world, row) for row in call.page(rows) if wanted in (None, row["content"])]

    @routes.delete(f"{path}/reactions/{{reaction}}", needs=WRITE, role="read")
    def delete_reaction(call: Call) -> Reply:
        subject = find(call)
        row = call.store.get("reactions", call.number("reaction"))
        if row is None or (row["subject"], row["subject_id"]) != (kind, subject["id"]):
            raise not_found()
        if row["user_id"] != call.user["id"] and not has_role(call.world, call.repo, call.user, "write"):
            raise ApiError(403, "You can only delete your own reactions.")
        call.store.delete("reactions", row["id"])
        return Reply(204)


for _kind, (_path, _find) in SUBJECTS.items():
    _declare(_kind, _path, _find)
