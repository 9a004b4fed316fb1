"""Commits: one verified commit per change, by compare-and-swap on the branch head, found again after a crash by its
trailer. Refuses workflow files (G24) and never forces a branch.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from bot.github import operations
from bot.github.app import AppClient
from bot.github.caller import Caller
from bot.github.errors import GitHubError, HeadMovedError, RefusedByRulesError
from bot.github.values import Commit
from core.errors import UserError
from tfmodule.files import check_path

TRAILER = "Terrasmith-Request"
_PLAIN = frozenset({"100644", "100755"})


class Commits:
    """The commits of one installation's repositories."""

    def __init__(self, caller: Caller, app: AppClient, *, signed: bool = True) -> None:
        self._caller = caller
        self._app = app
        self._signed = signed

    def get(self, repo: str, ref: str) -> Commit | None:
        """The commit that a SHA, branch or tag names; None when there is none."""
        answer = self._caller.call(operations.GET_COMMIT, repo=repo, ref=ref, also=(404, 409, 422))
        return _commit(answer.body) if answer.status == 200 else None

    def find_request(self, repo: str, branch: str, request_id: str) -> str | None:
        """The head of `branch` when it is our own commit for this request. The trailer alone is forgeable (law 2).

        Where the host signs no commits, an unsigned one of our app counts; a signature that fails never does.
        """
        head = self.get(repo, f"heads/{branch}")
        if head is None or f"{TRAILER}: {request_id}" not in head.message.splitlines():
            return None
        ours = (head.author_login or "").casefold() == self._app.bot_login.casefold()
        proved = head.verified or (not self._signed and head.unsigned)
        return head.sha if ours and proved else None

    def commit_files(
        self,
        repo: str,
        branch: str,
        *,
        expected_head: str,
        headline: str,
        body: str,
        additions: Mapping[str, bytes],
        deletions: Iterable[str] = (),
    ) -> str:
        """One verified commit on top of `expected_head`; HeadMovedError, nothing written, when the head is another."""
        removed = list(deletions)
        for path in (*additions, *removed):
            _check_target(path)
        changes = {
            "additions": [{"path": path, "contents": b64encode(data).decode()} for path, data in additions.items()],
            "deletions": [{"path": path} for path in removed],
        }
        wanted = {
            "branch": {"repositoryNameWithOwner": repo, "branchName": branch},
            "message": {"headline": headline, "body": body},
            "expectedHeadOid": expected_head,
            "fileChanges": changes,
        }
        try:
            return str(self._caller.mutate(operations.CREATE_COMMIT, wanted)["commit"]["oid"])
        except GitHubError as error:
            if "STALE_DATA" in error.codes or error.says("expected branch to point to"):
                raise HeadMovedError(repo, branch, expected_head) from error
            if error.says("rule violations", "protected branch"):
                raise RefusedByRulesError(f"write to the branch `{branch}`", error.details) from error
            raise

    def files_at(self, repo: str, sha: str) -> tuple[str, ...]:
        """The names of all files in the tree of a commit, sorted."""
        answer = self._caller.call(operations.GET_TREE, repo=repo, query={"recursive": "1"}, tree_sha=sha)
        if answer.body.get("truncated"):
            raise UserError(f"`{repo}` holds more files than GitHub lists at once.")
        return tuple(sorted(item["path"] for item in answer.body["tree"] if item["type"] == "blob"))

    def root_file(self, repo: str, sha: str, name: str, limit: int) -> bytes | None:
        """A file at the root of a commit's tree; None when there is none. UserError for a link, or above the limit."""
        tree = self._caller.call(operations.GET_TREE, repo=repo, tree_sha=sha).body["tree"]
        found = next((item for item in tree if item["path"] == name), None)
        if found is None:
            return None
        if found["type"] != "blob" or found["mode"] not in _PLAIN or found["size"] > limit:
            raise UserError(f"`{name}` must be a plain file of at most {limit} bytes, and no link")
        blob = self._caller.call(operations.GET_BLOB, repo=repo, file_sha=found["sha"]).body
        return b64decode(blob["content"])


def message_body(text: str, request_id: str) -> str:
    """A commit body that ends in the trailer by which `find_request` knows it again."""
    return f"{text.rstrip()}\n\n{TRAILER}: {request_id}".lstrip()


def _check_target(path: str) -> None:
    check_path(path)
    if path.casefold().startswith((".github/workflows/", ".git/")):
        raise UserError(f"The file `{path}` is refused: this app writes no workflows.")


def _commit(item: dict[str, Any]) -> Commit:
    author = item["author"] or {}
    verification = item["commit"].get("verification") or {}
    return Commit(
        sha=item["sha"],
        tree_sha=item["commit"]["tree"]["sha"],
        message=item["commit"]["message"],
        parents=tuple(parent["sha"] for parent in item["parents"]),
        author_login=author.get("login"),
        verified=bool(verification.get("verified")),
        unsigned=verification.get("reason") == "unsigned",
    )
