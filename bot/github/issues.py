"""Issues and the conversation of issues and pull requests. Knows which comments are ours: a hidden marker counts only
in a comment that our app wrote, because anybody can write a marker.
"""

from datetime import datetime
from typing import Any

from bot.github import operations
from bot.github.app import AppClient
from bot.github.caller import Caller
from bot.github.errors import TooLongError
from bot.github.values import Comment

MAX_BODY = 65_536
_MOST_PAGES = 3


class Issues:
    """The issues of one installation; `issue` is an issue's or a pull request's number."""

    def __init__(self, caller: Caller, app: AppClient) -> None:
        self._caller = caller
        self._app = app

    def react(self, repo: str, content: str, *, issue: int, comment: int | None = None) -> None:
        """`content` as GitHub names it: "eyes", "rocket", "+1", "confused". Doing it again changes nothing."""
        body = {"content": content}
        if comment is None:
            self._caller.call(operations.REACT_TO_ISSUE, repo=repo, json=body, issue_number=issue)
        else:
            self._caller.call(operations.REACT_TO_COMMENT, repo=repo, json=body, comment_id=comment)

    def comment(self, repo: str, issue: int, body: str) -> int:
        """The new comment's id. Not repeated on doubt: look for the marker first."""
        check_length("a comment", body)
        answer = self._caller.call(operations.CREATE_COMMENT, repo=repo, json={"body": body}, issue_number=issue)
        return int(answer.body["id"])

    def edit_comment(self, repo: str, comment: int, body: str) -> bool:
        """False when the comment is gone."""
        check_length("a comment", body)
        answer = self._caller.call(
            operations.UPDATE_COMMENT, repo=repo, json={"body": body}, comment_id=comment, also=(404,)
        )
        return answer.status != 404

    def find_comment(self, repo: str, issue: int, marker: str) -> int | None:
        """The oldest comment of our app that ends in `marker`: elsewhere it may be a stranger's word that we quote."""
        for item in self._caller.pages(operations.LIST_COMMENTS, repo=repo, issue_number=issue):
            if _ends_in(item["body"] or "", marker) and self._is_ours(item):
                return int(item["id"])
        return None

    def of_people(self, repo: str, issue: int) -> tuple[Comment, ...]:
        """What people wrote below the issue, oldest first, of at most so many pages; not what bots and apps did."""
        found = self._caller.pages(operations.LIST_COMMENTS, repo=repo, max_pages=_MOST_PAGES, issue_number=issue)
        return tuple(_comment(item) for item in found if _is_a_persons(item))

    def upsert_comment(self, repo: str, issue: int, marker: str, body: str, known_id: int | None = None) -> int:
        """Edit our comment with `marker`, or write it. The marker is put at the end unless `body` ends in it."""
        if not _ends_in(body, marker):
            body = f"{body}\n\n{marker}"
        if known_id is not None and self.edit_comment(repo, known_id, body):
            return known_id
        found = self.find_comment(repo, issue, marker)
        if found is not None and self.edit_comment(repo, found, body):
            return found
        return self.comment(repo, issue, body)

    def close(self, repo: str, issue: int) -> None:
        """Closed as completed; closing twice changes nothing."""
        body = {"state": "closed", "state_reason": "completed"}
        self._caller.call(operations.UPDATE_ISSUE, repo=repo, json=body, issue_number=issue)

    def _is_ours(self, item: dict[str, Any]) -> bool:
        """Written by the app itself. A person who acts through an app is named as its user, and is not it."""
        user = item["user"] or {}
        if user.get("type") != "Bot":
            return False
        through = item.get("performed_via_github_app")
        if through is not None:
            return bool(through["id"] == self._app.app_id)
        return str(user["login"]).casefold() == self._app.bot_login.casefold()


def _is_a_persons(item: dict[str, Any]) -> bool:
    user = item["user"] or {}
    return user.get("type") == "User" and item.get("performed_via_github_app") is None


def _comment(item: dict[str, Any]) -> Comment:
    written, edited = (datetime.fromisoformat(item[name]) for name in ("created_at", "updated_at"))
    user = item["user"]
    return Comment(item["id"], str(user["login"]), int(user["id"]), item["body"] or "", written, edited)


def _ends_in(body: str, marker: str) -> bool:
    """Whether the marker is the last line, and the whole of it."""
    return body.rstrip().splitlines()[-1:] == [marker]


def check_length(what: str, text: str, limit: int = MAX_BODY) -> None:
    """Raise TooLongError before GitHub does (G29)."""
    if len(text) > limit:
        raise TooLongError(what, len(text), limit)
