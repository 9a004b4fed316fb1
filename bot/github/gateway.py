"""The one gateway to GitHub's API. Knows how the app and its installations are put together; whoever calls it holds no
transaction, and workers import it before they fork.
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from bot.github.app import AppClient
from bot.github.caller import AppCredentials, Caller
from bot.github.checks import Checks
from bot.github.commits import Commits
from bot.github.credentials import CREATE, WORK, InstallationCredentials
from bot.github.issues import Issues
from bot.github.pulls import Pulls
from bot.github.refs import Refs
from bot.github.releases import Releases
from bot.github.repositories import Repositories
from bot.github.tokens import TokenCache
from bot.github.transport import Pace, Transport
from core.log import redactor
from core.settings import Settings

__all__ = ["GitHub", "InstallationClient", "TokenCache"]


class InstallationClient:
    """Everything one installation can do, noun by noun."""

    def __init__(self, gateway: "GitHub", installation_id: int, repository_ids: tuple[int, ...]) -> None:
        self.id = installation_id
        caller = gateway.caller(installation_id, WORK, repository_ids)
        self.repositories = Repositories(
            caller,
            gateway.caller(installation_id, CREATE, ()),
            gateway.app,
            installation_id,
            sleep=gateway.sleep,
        )
        self.issues = Issues(caller, gateway.app)
        self.pulls = Pulls(caller)
        self.refs = Refs(caller)
        self.commits = Commits(caller, gateway.app, signed=gateway.signs_commits)
        self.checks = Checks(caller, gateway.app.app_id)
        self.releases = Releases(caller)


class GitHub:
    """One per process, or one per job; close it, or use it in a `with`. `http` is where tests plug in."""

    def __init__(
        self,
        settings: Settings,
        tokens: TokenCache,
        *,
        http: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        pace: Pace | None = None,
    ) -> None:
        self._transport = Transport(settings, http=http, sleep=sleep, pace=pace)
        self._tokens = tokens
        self._redact = redactor(settings)
        self._app_caller = Caller(self._transport, AppCredentials(), self._redact)
        self.sleep = sleep
        assert settings.github_app_id is not None  # the transport has checked it
        self.app = AppClient(self._app_caller, settings.github_app_id)
        # A server of one's own may be set up not to sign what is committed through its API.
        host = urlsplit(settings.github_web_url).hostname or ""
        self.signs_commits = host == "github.com" or host.endswith(".ghe.com")

    def installation(self, installation_id: int, *, repository_ids: tuple[int, ...] = ()) -> InstallationClient:
        """One installation; with `repository_ids`, its token reaches those repositories only (S11)."""
        return InstallationClient(self, installation_id, repository_ids)

    def caller(self, installation_id: int, permissions: Mapping[str, str], repository_ids: tuple[int, ...]) -> Caller:
        """An identity narrowed to these permissions and, when named, repositories."""
        host = f"{self._transport.api_url} {self.app.app_id}"
        credentials = InstallationCredentials(
            self._app_caller,
            self._tokens,
            installation_id,
            host=host,
            permissions=permissions,
            repository_ids=repository_ids,
        )
        return Caller(self._transport, credentials, self._redact)

    def close(self) -> None:
        """Close this process's connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
