"""Releases: a draft on an existing tag, then published (G30). Knows drafts by listing, because GitHub hides them from
the look-up by tag.
"""

from typing import Any

from bot.github import operations
from bot.github.caller import Caller
from bot.github.checks import cut
from bot.github.errors import GitHubError, RefusedByRulesError
from bot.github.values import Release

MAX_BODY = 125_000
_DRAFT_PAGES = 3


class Releases:
    """The releases of one installation's repositories."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def find(self, repo: str, tag: str) -> Release | None:
        """The release of a tag: the published one, else a draft among the newest 300."""
        answer = self._caller.call(operations.GET_RELEASE_BY_TAG, repo=repo, tag=tag, also=(404,))
        if answer.status != 404:
            return _release(answer.body)
        for item in self._caller.pages(operations.LIST_RELEASES, repo=repo, max_pages=_DRAFT_PAGES):
            if item["tag_name"] == tag:
                return _release(item)
        return None

    def create_draft(self, repo: str, tag: str, sha: str, name: str, body: str, *, prerelease: bool = False) -> Release:
        """A draft on a tag that exists (G30). Not repeated on doubt: `find` first."""
        wanted = {
            "tag_name": tag,
            "target_commitish": sha,
            "name": cut(name, 255),
            "body": cut(body, MAX_BODY),
            "draft": True,
            "prerelease": prerelease,
        }
        return self._write(lambda: self._caller.call(operations.CREATE_RELEASE, repo=repo, json=wanted).body, tag)

    def publish(self, repo: str, release_id: int) -> Release:
        """Publish a draft; publishing twice changes nothing. RefusedByRulesError when a ruleset forbids it (G33)."""
        wanted = {"draft": False}
        update = operations.UPDATE_RELEASE
        return self._write(
            lambda: self._caller.call(update, repo=repo, json=wanted, release_id=release_id).body, "this release"
        )

    def discard(self, repo: str, release_id: int) -> None:
        """Delete a draft of ours that cannot be published; gone already is fine."""
        self._caller.call(operations.DELETE_RELEASE, repo=repo, release_id=release_id, also=(404,))

    def _write(self, send: Any, what: str) -> Release:
        try:
            return _release(send())
        except GitHubError as error:
            if error.status == 422 and error.says("rule", "protected"):
                details = "; ".join(error.codes) or error.details
                raise RefusedByRulesError(f"release `{what}`", details) from error
            raise


def _release(item: dict[str, Any]) -> Release:
    return Release(
        id=item["id"],
        tag=item["tag_name"],
        name=item["name"] or "",
        body=item.get("body") or "",
        draft=item["draft"],
        prerelease=item["prerelease"],
        immutable=bool(item.get("immutable")),
        url=item["html_url"],
    )
