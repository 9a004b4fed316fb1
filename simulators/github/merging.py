"""Merging a pull request: three methods, refused for a draft, a conflict, or a head that is not the expected one."""

from __future__ import annotations

import re

from . import issues
from .call import ApiError, Call
from .commit_making import mark_verified
from .git.merge import MergeConflictError, merge_trees
from .git.objects import Signature
from .payloads.repositories import with_settings
from .pull_state import base_tip
from .pushing import drop_ref, swap_branch
from .ref_events import close_pull
from .repository_birth import signature_of, web_flow
from .store import Row

CLOSING = re.compile(r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b")


def merge_pull(
    call: Call,
    pull: Row,
    *,
    method: str = "merge",
    sha: str | None = None,
    title: str | None = None,
    message: str | None = None,
) -> str:
    """The sha the base branch has afterwards."""
    issue = call.store.must("issues", pull["id"])
    _refuse_unmergeable(call, pull, issue, method)
    if sha is not None and sha != pull["head_sha"]:
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    tip = base_tip(call.world, call.repo, pull)
    try:
        new = {"merge": _merge, "squash": _squash, "rebase": _rebase}[method](call, pull, issue, tip, title, message)
    except MergeConflictError:
        raise ApiError(405, "Pull Request is not mergeable") from None
    # Marked before the ref moves, so that the push's own bookkeeping finds nothing left to close.
    pull = call.store.update(
        "pulls", pull["id"], base_sha=tip, merged_at=call.now, merged_by=call.user["id"], merge_commit_sha=new
    )
    call.store.update("issues", pull["id"], state="closed", closed_at=call.now, closed_by=call.user["id"])
    swap_branch(call, pull["base_ref"], tip, new)
    call.effect("pull_request.merged", f"{call.repo_name}#{pull['number']}", sha=new, method=method)
    close_pull(call.world, call.repo, pull, call.user)
    _close_mentioned(call, pull, issue)
    if with_settings(call.repo)["delete_branch_on_merge"] and call.git.refs.get(f"refs/heads/{pull['head_ref']}"):
        drop_ref(call, f"refs/heads/{pull['head_ref']}")
    return new


def _refuse_unmergeable(call: Call, pull: Row, issue: Row, method: str) -> None:
    settings = with_settings(call.repo)
    allowed = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
    if method not in allowed:
        raise ApiError(422, "Invalid merge_method")
    if pull["draft"]:
        raise ApiError(405, "Pull Request is still a draft")
    if issue["state"] != "open":
        raise ApiError(405, "Pull Request is not mergeable")
    if not settings[allowed[method]]:
        raise ApiError(405, f"{method.capitalize()} merges are not allowed on this repository.")


def _merged_tree(call: Call, pull: Row, tip: str) -> str:
    git = call.git
    fork = git.merge_base(tip, pull["head_sha"])
    old = git.objects.commit(fork).tree if fork else None
    return merge_trees(git, old, git.objects.commit(tip).tree, git.objects.commit(pull["head_sha"]).tree)


def _merge(call: Call, pull: Row, issue: Row, tip: str, title: str | None, message: str | None) -> str:
    owner = call.world.owner(call.repo)["login"]
    first = title or f"Merge pull request #{pull['number']} from {owner}/{pull['head_ref']}"
    rest = message if message is not None else issue["title"]
    tree = _merged_tree(call, pull, tip)
    return _commit(call, tree, [tip, pull["head_sha"]], first, rest, signature_of(call.world, call.user))


def _squash(call: Call, pull: Row, issue: Row, tip: str, title: str | None, message: str | None) -> str:
    commits = call.git.between(tip, pull["head_sha"])
    single = commits[0].message.partition("\n")[0] if len(commits) == 1 else issue["title"]
    first = title or f"{single} (#{pull['number']})"
    rest = message
    if rest is None:
        rest = "\n\n".join(f"* {one.message.strip()}" for one in commits) if len(commits) > 1 else ""
    author = signature_of(call.world, call.store.must("users", issue["user_id"]))
    return _commit(call, _merged_tree(call, pull, tip), [tip], first, rest, author)


def _rebase(call: Call, pull: Row, issue: Row, tip: str, title: str | None, message: str | None) -> str:  # noqa: ARG001
    git, committer = call.git, web_flow(call.world)
    for commit in git.between(tip, pull["head_sha"]):
        if len(commit.parents) > 1:
            raise MergeConflictError(commit.sha)
        old = git.objects.commit(commit.parents[0]).tree if commit.parents else None
        tree = merge_trees(git, old, git.objects.commit(tip).tree, commit.tree)
        tip = git.objects.write_commit(tree, [tip], commit.author, committer, commit.message)
    return tip


def _commit(call: Call, tree: str, parents: list[str], title: str, message: str, author: Signature) -> str:
    text = f"{title}\n\n{message}" if message else title
    sha = call.git.objects.write_commit(tree, parents, author, web_flow(call.world), text)
    mark_verified(call, sha)
    return sha


def _close_mentioned(call: Call, pull: Row, issue: Row) -> None:
    """`Closes #7` counts when the default branch is the base."""
    if pull["base_ref"] != call.repo["default_branch"]:
        return
    for number in dict.fromkeys(CLOSING.findall(issue["body"] or "")):
        row = call.store.first(
            "SELECT * FROM issues WHERE repo_id = ? AND number = ? AND is_pull = 0", call.repo["id"], int(number)
        )
        if row and row["state"] == "open":
            issues.set_state(call, row, "closed", "completed")
