"""Pull requests as things that happen: opened, edited, made ready, closed, reopened. Merging is its own file."""

from __future__ import annotations

from typing import Any

from . import payloads
from .call import ApiError, Call, invalid, not_found
from .ref_events import close_pull, point_pull_ref
from .store import Row

MAX_BODY = 65_536


def find(call: Call, number: int) -> Row:
    row = call.store.first("SELECT * FROM pulls WHERE repo_id = ? AND number = ?", call.repo["id"], number)
    if row is None:
        raise not_found()
    return row


def subject(call: Call, pull: Row) -> str:
    return f"{call.repo_name}#{pull['number']}"


def emit(call: Call, action: str, pull: Row, **more: Any) -> None:
    shown = payloads.pull(call.world, pull)
    call.emit("pull_request", action, number=pull["number"], pull_request=shown, **more)


def open_pull(call: Call, title: str, body: str | None, head: str, base: str, *, draft: bool = False) -> Row:
    """Raises 422 as GitHub does: unknown branches, nothing to merge, one open pull request per head and base."""
    git = call.git
    branch = head.partition(":")[2] if ":" in head else head
    owner = call.world.owner(call.repo)
    if ":" in head and head.partition(":")[0].lower() != owner["login"].lower():
        raise invalid("PullRequest", "head")
    head_sha, base_sha = git.refs.get(f"refs/heads/{branch}"), git.refs.get(f"refs/heads/{base}")
    if head_sha is None:
        raise invalid("PullRequest", "head")
    if base_sha is None:
        raise invalid("PullRequest", "base")
    if git.merge_base(base_sha, head_sha) is None:
        _refuse(f"The {branch} branch has no history in common with {base}")
    if not git.between(base_sha, head_sha):
        _refuse(f"No commits between {base} and {branch}")
    if open_for(call, branch, base):
        _refuse(f"A pull request already exists for {owner['login']}:{branch}.")
    check_text(title, body)
    now = call.now
    number = call.world.take_number(call.repo["id"])
    issue = call.store.insert(
        "issues", repo_id=call.repo["id"], number=number, is_pull=1, title=title, body=body, user_id=call.user["id"],
        app_id=call.app_id, created_at=now, updated_at=now,
    )  # fmt: skip
    pull = call.store.insert(
        "pulls", id=issue["id"], repo_id=call.repo["id"], number=number, head_ref=branch, head_sha=head_sha,
        head_owner_id=owner["id"], base_ref=base, base_sha=base_sha, draft=int(draft),
        maintainer_can_modify=int(call.body.get("maintainer_can_modify") is True),
    )  # fmt: skip
    point_pull_ref(call.world, call.repo, pull)
    call.effect("pull_request.opened", subject(call, pull), head=branch, base=base, draft=draft)
    emit(call, "opened", pull)
    return pull


def open_for(call: Call, branch: str, base: str) -> Row | None:
    return call.store.first(
        "SELECT p.* FROM pulls p JOIN issues i ON i.id = p.id"
        " WHERE p.repo_id = ? AND p.head_ref = ? AND p.base_ref = ? AND i.state = 'open'",
        call.repo["id"], branch, base,
    )  # fmt: skip


def _refuse(message: str) -> None:
    error = {"resource": "PullRequest", "code": "custom", "message": message}
    raise ApiError(422, "Validation Failed", errors=[error])


def check_text(title: str, body: str | None) -> None:
    if not title.strip():
        raise invalid("PullRequest", "title", "missing_field")
    if body is not None and len(body) > MAX_BODY:
        raise invalid("PullRequest", "body", "custom", f"body is too long (maximum is {MAX_BODY} characters)")


def edit(call: Call, issue: Row, changes: dict[str, Any], state: str | None = None) -> Row:
    """Title, body and state of a pull request, by its row in issues; answers that row afresh."""
    before = {name: {"from": issue[name] or ""} for name, value in changes.items() if value != issue[name]}
    if before:
        check_text(str(changes.get("title", issue["title"])), changes.get("body"))
        call.store.update("issues", issue["id"], **changes, updated_at=call.now)
        pull = call.store.must("pulls", issue["id"])
        call.effect("pull_request.edited", subject(call, pull), fields=sorted(before))
        emit(call, "edited", pull, changes=before)
    if state not in (None, "open", "closed"):
        raise invalid("PullRequest", "state")
    if state is not None and state != issue["state"]:
        _set_state(call, call.store.must("pulls", issue["id"]), state)
    return call.store.must("issues", issue["id"])


def _set_state(call: Call, pull: Row, state: str) -> None:
    if state == "closed":
        call.effect("pull_request.closed", subject(call, pull))
        close_pull(call.world, call.repo, pull, call.user)
        return
    head = call.git.refs.get(f"refs/heads/{pull['head_ref']}")
    if pull["merged_at"] or head is None or open_for(call, pull["head_ref"], pull["base_ref"]):
        raise invalid("PullRequest", "state", "invalid", "state cannot be changed.")
    pull = call.store.update("pulls", pull["id"], head_sha=head)
    call.store.update("issues", pull["id"], state="open", closed_at=None, closed_by=None, updated_at=call.now)
    call.effect("pull_request.reopened", subject(call, pull))
    emit(call, "reopened", pull)


def set_draft(call: Call, pull: Row, *, draft: bool) -> Row:
    if bool(pull["draft"]) == draft:
        return pull
    pull = call.store.update("pulls", pull["id"], draft=int(draft))
    call.store.update("issues", pull["id"], updated_at=call.now)
    action = "converted_to_draft" if draft else "ready_for_review"
    call.effect(f"pull_request.{action}", subject(call, pull))
    emit(call, action, pull)
    return pull
