"""The token of one installation: how it is asked for, narrowed to what the calls need, and what GitHub's refusals mean.
Refuses to hold more power than asked: repositories are created with a token of its own that can do nothing else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.github import operations
from bot.github.caller import Caller
from bot.github.errors import ForbiddenError, GitHubError, InstallationGoneError, InstallationSuspendedError
from bot.github.operations import MUTATIONS, OPERATIONS
from bot.github.tokens import Token, TokenCache

_LEVELS = ("read", "write", "admin")


def needed_permissions() -> Mapping[str, str]:
    """The permissions of the ledger without `administration`: the strongest level of each."""
    needed: dict[str, str] = {}
    for permission in [each.permission for each in OPERATIONS] + [each.permission for each in MUTATIONS]:
        name, _, level = permission.partition("=")
        if level and name != "administration" and _LEVELS.index(level) >= _LEVELS.index(needed.get(name, "read")):
            needed[name] = level
    return dict(sorted(needed.items()))


WORK: Mapping[str, str] = needed_permissions()
CREATE: Mapping[str, str] = {"administration": "write", "metadata": "read"}


class InstallationCredentials:
    """Takes tokens out of the cache and asks for new ones as the app."""

    def __init__(
        self,
        app: Caller,
        tokens: TokenCache,
        installation_id: int,
        *,
        host: str,
        permissions: Mapping[str, str],
        repository_ids: tuple[int, ...] = (),
    ) -> None:
        self._app = app
        self._tokens = tokens
        self.installation_id = installation_id
        self._permissions = dict(permissions)
        self._repository_ids = tuple(sorted(repository_ids))
        scope = ",".join(f"{name}={level}" for name, level in sorted(self._permissions.items()))
        self._name = f"{host} {installation_id} {scope} {self._repository_ids}"

    def token(self) -> str:
        return self._tokens.get(self._name, self._mint)

    def evict(self, token: str) -> None:
        self._tokens.evict(self._name, token)

    def _mint(self) -> Token:
        try:
            body = self._ask(self._permissions)
        except GitHubError as error:
            if error.status == 404:
                raise InstallationGoneError(self.installation_id) from error
            if error.status != 422:
                raise
            body = self._ask(self._granted())
        except ForbiddenError as error:
            if "suspended" in error.details.casefold():
                raise InstallationSuspendedError(self.installation_id) from error
            raise
        return Token(body["token"], datetime.fromisoformat(body["expires_at"]))

    def _ask(self, permissions: Mapping[str, str]) -> dict[str, Any]:
        wanted: dict[str, Any] = {"permissions": dict(permissions)}
        if self._repository_ids:
            wanted["repository_ids"] = list(self._repository_ids)
        body = self._app.call(operations.CREATE_TOKEN, json=wanted, installation_id=self.installation_id).body
        return dict(body)

    def _granted(self) -> dict[str, str]:
        """What we need and the owner has granted so far: new permissions wait for the owner (G12), work goes on."""
        body = self._app.call(operations.GET_INSTALLATION, installation_id=self.installation_id).body
        granted: Mapping[str, str] = body["permissions"]
        common = {
            name: min(level, granted[name], key=_LEVELS.index)
            for name, level in self._permissions.items()
            if granted.get(name) in _LEVELS
        }
        return common or {"metadata": "read"}
