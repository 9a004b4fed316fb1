"""Moving refs through the API: compare-and-swap, ledger, then the same events a push draws."""

from __future__ import annotations

from .call import ApiError, Call
from .git.refs import RefConflictError, good_name
from .ref_events import refs_changed
from .world import RefChange

NEEDS = "contents=write"


def create_ref(call: Call, ref: str, sha: str) -> None:
    """Raises 422 when the name is bad or taken."""
    if not good_name(ref) or not ref.startswith(("refs/heads/", "refs/tags/")):
        raise ApiError(422, f"{ref} is not a valid ref name.")
    if call.git.refs.get(ref):
        raise ApiError(422, "Reference already exists")
    _swap(call, ref, None, sha)


def move_ref(call: Call, ref: str, sha: str, *, force: bool = False) -> None:
    """Raises 422 when the ref is absent or, without `force`, when its commit would be lost."""
    old = call.git.refs.get(ref)
    if old is None:
        raise ApiError(422, "Reference does not exist")
    if not force and not call.git.is_ancestor(old, sha):
        raise ApiError(422, "Update is not a fast forward")
    if old != sha:
        _swap(call, ref, old, sha)


def drop_ref(call: Call, ref: str) -> None:
    old = call.git.refs.get(ref)
    if old is None:
        raise ApiError(422, "Reference does not exist")
    try:
        call.git.refs.drop(ref, old)
    except RefConflictError:
        raise ApiError(409, f"Reference cannot be deleted: {ref} is at another commit") from None
    call.effect("ref.deleted", f"{call.repo_name}:{ref}", before=old)
    refs_changed(call.world, call.repo, [RefChange(ref, old, None, call.user)])


def swap_branch(call: Call, branch: str, old: str | None, sha: str) -> None:
    """A commit made on top of `old`; raises 409 when somebody was faster."""
    ref = f"refs/heads/{branch}"
    try:
        call.git.refs.swap(ref, old, sha)
    except RefConflictError:
        raise ApiError(409, f"is at {call.git.refs.get(ref)} but expected {old}") from None
    call.effect("ref.created" if old is None else "ref.moved", f"{call.repo_name}:{ref}", before=old, after=sha)
    refs_changed(call.world, call.repo, [RefChange(ref, old, sha, call.user)])


def _swap(call: Call, ref: str, old: str | None, sha: str) -> None:
    try:
        call.git.refs.swap(ref, old, sha)
    except RefConflictError:
        raise ApiError(422, "Reference update failed") from None
    call.effect("ref.created" if old is None else "ref.moved", f"{call.repo_name}:{ref}", before=old, after=sha)
    refs_changed(call.world, call.repo, [RefChange(ref, old, sha, call.user)])
