"""Pull requests: found by their head branch, opened as drafts, made ready. Refuses to merge: that stays with people."""

from typing import Any

from bot.github import operations
from bot.github.caller import Caller, split
from bot.github.errors import GitHubError
from bot.github.issues import check_length
from bot.github.values import Pull

MAX_TITLE = 256
MOST_FILES = 3_000
"""Files of a pull request that GitHub lists; of the others it says nothing."""


class Pulls:
    """The pull requests of one installation."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def find(self, repo: str, branch: str) -> Pull | None:
        """The pull request from `branch` of this same repository: an open one first, else the newest."""
        owner, _ = split(repo)
        query: dict[str, str | int] = {"head": f"{owner}:{branch}", "state": "all"}
        found = [_pull(item) for item in self._caller.pages(operations.LIST_PULLS, repo=repo, query=query, max_pages=1)]
        ours = [each for each in found if each.head_branch == branch and not is_from_fork(each)]
        return max(ours, key=lambda each: (each.state == "open", each.number), default=None)

    def create(self, repo: str, *, branch: str, base: str, title: str, body: str, draft: bool = True) -> Pull:
        """Open it, or find the one that is open. Opened normally where drafts are not to be had."""
        check_length("a pull request's text", body)
        wanted = {"title": title[:MAX_TITLE], "head": branch, "base": base, "body": body, "draft": draft}
        try:
            return _pull(self._caller.call(operations.CREATE_PULL, repo=repo, json=wanted).body)
        except GitHubError as error:
            if error.status != 422:
                raise
            if error.says("already exists"):
                existing = self.find(repo, branch)
                if existing is not None:
                    return existing
            if draft and error.says("draft"):
                return self.create(repo, branch=branch, base=base, title=title, body=body, draft=False)
            raise

    def get(self, repo: str, number: int) -> Pull:
        return _pull(self._caller.call(operations.GET_PULL, repo=repo, pull_number=number).body)

    def files(self, repo: str, number: int) -> tuple[str, ...]:
        """The files it changes, at most MOST_FILES; one that was renamed with both of its names."""
        items = self._caller.pages(operations.LIST_PULL_FILES, repo=repo, pull_number=number)
        return tuple(
            name for item in items for name in (item["filename"], item.get("previous_filename")) if name is not None
        )

    def mark_ready(self, pull: Pull) -> None:
        """Take it out of draft. A pull request that is ready already is fine, also when `pull` is stale."""
        if not pull.draft:
            return
        try:
            self._caller.mutate(operations.MARK_READY, {"pullRequestId": pull.node_id})
        except GitHubError:
            if self.get(pull.repo, pull.number).draft:
                raise

    def edit(self, repo: str, number: int, *, title: str | None = None, body: str | None = None) -> Pull:
        """Change title or text; what is None stays."""
        changes = {"title": title and title[:MAX_TITLE], "body": body}
        check_length("a pull request's text", body or "")
        wanted = {name: value for name, value in changes.items() if value is not None}
        return _pull(self._caller.call(operations.UPDATE_PULL, repo=repo, json=wanted, pull_number=number).body)


def is_from_fork(pull: Pull) -> bool:
    """Whether the head lies in another repository, or in one that is gone."""
    return pull.head_repository_id != pull.base_repository_id


def _pull(item: dict[str, Any]) -> Pull:
    """A pull request as GitHub's JSON describes it, in a list or alone."""
    head_repository = item["head"]["repo"]
    return Pull(
        repo=item["base"]["repo"]["full_name"],
        number=item["number"],
        node_id=item["node_id"],
        title=item["title"],
        body=item["body"] or "",
        state=item["state"],
        draft=bool(item.get("draft")),
        merged=item["merged_at"] is not None,
        merge_commit_sha=item["merge_commit_sha"],
        head_branch=item["head"]["ref"],
        head_sha=item["head"]["sha"],
        head_repository_id=head_repository["id"] if head_repository else None,
        base_branch=item["base"]["ref"],
        base_repository_id=item["base"]["repo"]["id"],
        author=item["user"]["login"] if item["user"] else "ghost",
        url=item["html_url"],
    )
