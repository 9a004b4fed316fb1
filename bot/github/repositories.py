"""Repositories: who may do what in them, finding and creating them, and their content as an archive. Refuses to decide
whether an existing repository is ours.
"""

import time
from collections.abc import Callable
from typing import Any

from bot.github import operations
from bot.github.app import AppClient
from bot.github.caller import Caller, split
from bot.github.errors import CreationRefusedError, GitHubError, RepositoryExistsError
from bot.github.values import Repository
from core.errors import Transient

MAX_DESCRIPTION = 350
MAX_TARBALL = 100 * 1024 * 1024
READY_WAITS = (0.1, 0.2, 0.4, 0.8, 1.5, 2.0, 2.0, 3.0, 5.0, 5.0, 5.0, 5.0)

_ROLES = frozenset({"admin", "maintain", "write", "triage", "read", "none"})


class Repositories:
    """The repositories of one installation."""

    def __init__(
        self,
        caller: Caller,
        creator: Caller,
        app: AppClient,
        installation_id: int,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._caller = caller
        self._creator = creator
        self._app = app
        self._installation_id = installation_id
        self._sleep = sleep

    def permission(self, repo: str, login: str, user_id: int | None = None) -> str:
        """admin, maintain, write, triage, read or none, as of now. Whatever cannot be found out is "none".

        With `user_id`, so is a login that belongs to somebody else by now: names change hands, numbers do not.
        """
        answer = self._caller.call(operations.GET_PERMISSION, repo=repo, username=login, also=(404,))
        if answer.status == 404:
            return "none"
        holder = answer.body.get("user") or {}
        if user_id is not None and holder.get("id") != user_id:
            return "none"
        # An organisation's own role goes by another name; `permission` says which of the old four it amounts to.
        role = str(answer.body.get("role_name") or "")
        granted = role if role in _ROLES else str(answer.body["permission"])
        return granted if granted in _ROLES else "none"

    def get(self, repo: str) -> Repository | None:
        """None when it does not exist or we may not see it."""
        answer = self._caller.call(operations.GET_REPOSITORY, repo=repo, also=(404,))
        return None if answer.status == 404 else repository(answer.body)

    def by_id(self, repository_id: int) -> Repository | None:
        """The repository under whatever name it has now. A stranger's public one is found too: take ids from GitHub."""
        answer = self._caller.call(operations.GET_REPOSITORY_BY_ID, repository_id=repository_id, also=(404,))
        return None if answer.status == 404 else repository(answer.body)

    def latest(self) -> tuple[Repository, ...]:
        """Every repository that this installation may see, the one that was pushed to last first."""
        found = list(self._caller.pages(operations.LIST_REPOSITORIES, items="repositories"))
        found.sort(key=lambda item: item.get("pushed_at") or "", reverse=True)
        return tuple(repository(item) for item in found)

    def create(self, org: str, name: str, description: str, private: bool) -> Repository:  # noqa: FBT001
        """A new repository with one commit, so that branches can be made (G20). `description` is cut to what fits."""
        wanted = {"name": name, "description": _one_line(description), "private": private, "auto_init": True}
        split(f"{org}/{name}")
        try:
            return repository(self._creator.call(operations.CREATE_REPOSITORY, json=wanted, org=org).body)
        except GitHubError as error:
            if error.status == 422 and error.says("already exists"):
                raise RepositoryExistsError(f"{org}/{name}") from error
            if error.status == 404:
                raise self._cannot_create(org) from error
            if error.status == 422:
                reason = "; ".join(error.codes) or error.details
                raise CreationRefusedError(f"GitHub would not create `{org}/{name}`: {reason}") from error
            raise

    def wait_until_ready(self, repo: str) -> str:
        """The head SHA of the default branch, once a new repository has one (G21); Transient after half a minute."""
        for wait in (*READY_WAITS, None):
            found = self.get(repo)
            if found is not None and found.default_branch:
                answer = self._caller.call(
                    operations.GET_REF, repo=repo, ref=f"heads/{found.default_branch}", also=(404, 409)
                )
                if answer.status == 200:
                    return str(answer.body["object"]["sha"])
            if wait is not None:
                self._sleep(wait)
        raise Transient(f"GitHub has not finished creating {repo} yet", 5.0)

    def tarball(self, repo: str, sha: str, limit: int = MAX_TARBALL) -> bytes:
        """The tree at a commit as GitHub's tar.gz, under one top folder. UserError above `limit` bytes."""
        return self._caller.download(operations.GET_TARBALL, limit, repo=repo, ref=sha)

    def _cannot_create(self, org: str) -> CreationRefusedError:
        installation = self._app.installation(self._installation_id)
        if installation is not None and installation.account_type == "User":
            return CreationRefusedError(
                f"`{org}` is a personal account, and GitHub lets apps create repositories in organisations only. "
                "Create the repository yourself and name it with `--repo`."
            )
        return CreationRefusedError(f"GitHub knows no organisation `{org}` in which this app may create repositories.")


def repository(item: dict[str, Any]) -> Repository:
    """A repository as GitHub's JSON describes it."""
    return Repository(
        id=item["id"],
        full_name=item["full_name"],
        owner=item["owner"]["login"],
        owner_id=item["owner"]["id"],
        owner_type=item["owner"]["type"],
        name=item["name"],
        description=item["description"] or "",
        private=item["private"],
        archived=bool(item.get("archived")),
        default_branch=item.get("default_branch") or "",
        url=item["html_url"],
    )


def _one_line(text: str) -> str:
    """GitHub refuses control characters in descriptions and anything above 350 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_DESCRIPTION else f"{line[: MAX_DESCRIPTION - 1]}…"
