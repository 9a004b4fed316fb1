"""Branches and tags. Knows that a branch of ours may exist already and that a tag never moves; refuses names that some
git or shell would read differently (S22).
"""

import re

from bot.github import operations
from bot.github.caller import Caller
from bot.github.errors import GitHubError, RefusedByRulesError, TagTakenError
from bot.github.values import Tag
from core.errors import UserError

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,199}\Z")
_MAX_PEEL = 5


class Refs:
    """The refs of one installation's repositories."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def head(self, repo: str, branch: str) -> str | None:
        """The branch's head SHA; None when there is no such branch, or nothing in the repository yet."""
        answer = self._caller.call(operations.GET_REF, repo=repo, ref=f"heads/{branch}", also=(404, 409))
        return str(answer.body["object"]["sha"]) if answer.status == 200 else None

    def ensure_branch(self, repo: str, branch: str, sha: str) -> str:
        """Create the branch at `sha` unless it exists; its head SHA either way."""
        check_ref_name(branch)
        existing = self.head(repo, branch)
        if existing is not None:
            return existing
        if self._create(repo, f"refs/heads/{branch}", sha):
            return sha
        found = self.head(repo, branch)
        if found is None:
            raise GitHubError(f"GitHub has the branch {branch} of {repo} and has it not", status=422)
        return found

    def ensure_tag(self, repo: str, tag: str, sha: str) -> None:
        """Put the tag on the commit. There already is fine; on another commit is TagTakenError."""
        check_ref_name(tag)
        existing = self.tag_commit(repo, tag)
        if existing is None and not self._create(repo, f"refs/tags/{tag}", sha):
            existing = self.tag_commit(repo, tag)
        if existing is not None and existing != sha:
            raise TagTakenError(repo, tag, existing, sha)

    def tag_commit(self, repo: str, tag: str) -> str | None:
        """The commit a tag stands on, through annotated tags; None when there is no such tag."""
        answer = self._caller.call(operations.GET_REF, repo=repo, ref=f"tags/{tag}", also=(404, 409))
        if answer.status != 200:
            return None
        target = answer.body["object"]
        for _ in range(_MAX_PEEL):
            if target["type"] != "tag":
                break
            target = self._caller.call(operations.GET_TAG, repo=repo, tag_sha=target["sha"]).body["object"]
        if target["type"] != "commit":
            raise UserError(f"The tag `{tag}` of `{repo}` does not stand on a commit.")
        return str(target["sha"])

    def tags(self, repo: str) -> tuple[Tag, ...]:
        """Every tag with its commit."""
        items = self._caller.pages(operations.LIST_TAGS, repo=repo)
        return tuple(Tag(item["name"], item["commit"]["sha"]) for item in items)

    def _create(self, repo: str, ref: str, sha: str) -> bool:
        """False when it exists."""
        try:
            self._caller.call(operations.CREATE_REF, repo=repo, json={"ref": ref, "sha": sha})
        except GitHubError as error:
            if error.status == 422 and error.says("already exists"):
                return False
            if error.status == 422 and error.says("rule", "protected"):
                raise RefusedByRulesError(f"create `{ref}`", error.details) from error
            raise
        return True


def check_ref_name(name: str) -> None:
    """Raise UserError for a branch or tag name that we would not create."""
    pieces = name.split("/")
    unsafe = ".." in name or any(
        piece in ("", "@") or piece.startswith((".", "-")) or piece.endswith((".", ".lock")) for piece in pieces
    )
    if unsafe or not _SAFE_NAME.match(name):
        raise UserError("That is no name for a branch or a tag that this app creates.")
