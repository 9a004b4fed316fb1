"""How the API turns a caller and a tree into a commit: who the author is, what counts as verified, what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .access import permitted
from .admission import refusal
from .call import ApiError, Call, invalid
from .git.objects import Signature
from .repository_birth import signature_of, web_flow


def parse_person(call: Call, value: Mapping[str, Any], where: str) -> Signature:
    """An `author` or `committer` of a request."""
    name, email = value.get("name"), value.get("email")
    if not isinstance(name, str) or not isinstance(email, str):
        raise invalid("Commit", where, "missing_field", f"{where} needs name and email")
    try:
        stamp = datetime.fromisoformat(value["date"]) if value.get("date") else None
    except (ValueError, AttributeError):
        raise invalid("Commit", where, "invalid", f"{where}.date is no ISO 8601 time") from None
    seconds = int(stamp.astimezone(UTC).timestamp()) if stamp else int(call.world.time())
    return Signature(name, email, seconds)


def make_commit(call: Call, tree: str, parents: Sequence[str], message: str, *, web: bool = False) -> str:
    """Verified when an app leaves author, committer and signature out, and always through the web (GraphQL)."""
    body = call.body if not web else {}
    own = signature_of(call.world, call.user)
    given = any(body.get(name) for name in ("author", "committer", "signature"))
    author = parse_person(call, body["author"], "author") if body.get("author") else own
    committer = author
    if body.get("committer"):
        committer = parse_person(call, body["committer"], "committer")
    verified = web or (call.actor.kind == "installation" and not given)
    if verified:
        committer = web_flow(call.world)
    sha = call.git.objects.write_commit(tree, parents, author, committer, message)
    if verified:
        mark_verified(call, sha)
    return sha


def mark_verified(call: Call, sha: str) -> None:
    call.store.put("signatures", repo_id=call.repo["id"], sha=sha, verified_at=call.now, user_id=call.user["id"])


def refuse_workflows(call: Call, paths: Iterable[str]) -> None:
    """Workflow files need a permission of their own."""
    if call.actor.kind != "installation" or permitted(call.actor.permissions, "workflows=write"):
        return
    if any(path.lower().startswith(".github/workflows/") for path in paths):
        raise refusal("contents=write,workflows=write")


def check_path(path: str) -> str:
    """Raises 422 for a path that git would refuse."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts) or "\0" in path:
        raise ApiError(422, "path contains a malformed path component")
    return path
