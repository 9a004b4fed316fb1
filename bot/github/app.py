"""What the app asks as itself: its own name, its installations, and the webhooks that did not arrive. Knows no
repository.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from bot.github import operations
from bot.github.caller import Caller
from bot.github.values import FailedDelivery, InstallationInfo
from core import clock

# github.com keeps deliveries for three days (G2).
KEPT = timedelta(days=3)
_HOPELESS = (404, 410, 422)


class AppClient:
    """The app under its own JWT."""

    def __init__(self, caller: Caller, app_id: int) -> None:
        self._caller = caller
        self._slug: str | None = None
        self.app_id = app_id

    @property
    def slug(self) -> str:
        """The app's name in addresses and in its login; asked for once."""
        if self._slug is None:
            self._slug = str(self._caller.call(operations.GET_APP).body["slug"])
        return self._slug

    @property
    def bot_login(self) -> str:
        """The login under which the app writes, which no person can have."""
        return f"{self.slug}[bot]"

    def installations(self) -> list[InstallationInfo]:
        return [_installation(item) for item in self._caller.pages(operations.LIST_INSTALLATIONS)]

    def installation(self, installation_id: int) -> InstallationInfo | None:
        """None when the app is not installed there (any more)."""
        answer = self._caller.call(operations.GET_INSTALLATION, installation_id=installation_id, also=(404,))
        return None if answer.status == 404 else _installation(answer.body)

    def failed_deliveries(self, since: datetime) -> tuple[FailedDelivery, ...]:
        """The newest attempt of each delivery after `since` (three days at most) that never succeeded, oldest first."""
        since = max(since, clock.now() - KEPT)
        failures = list(self._attempts(since, {"status": "failure"}))
        if not failures:
            return ()  # the usual case costs one request
        arrived = {str(item["guid"]) for item in self._attempts(since, {}) if _arrived(item)}
        failures = [item for item in failures if not _arrived(item) and item["guid"] not in arrived]
        return tuple(sorted(_newest(failures), key=lambda each: each.delivered_at))

    def redeliver(self, delivery_id: int) -> bool:
        """Have GitHub send that attempt again, under the same GUID. Safe to repeat: the inbox knows the GUID.

        False when GitHub will not: it has forgotten the delivery, or the hook is another one now.
        """
        return self._caller.call(operations.REDELIVER, delivery_id=delivery_id, also=_HOPELESS).status not in _HOPELESS

    def _attempts(self, since: datetime, query: dict[str, str | int]) -> Iterable[dict[str, Any]]:
        for item in self._caller.pages(operations.LIST_DELIVERIES, query=query):
            if _moment(item["delivered_at"]) < since:
                return
            yield item


def _arrived(item: dict[str, Any]) -> bool:
    return 200 <= int(item["status_code"]) < 400


def _newest(failures: Iterable[dict[str, Any]]) -> Iterable[FailedDelivery]:
    attempts: dict[str, list[dict[str, Any]]] = {}
    for item in failures:
        attempts.setdefault(str(item["guid"]), []).append(item)
    for guid, items in attempts.items():
        last = max(items, key=lambda item: (_moment(item["delivered_at"]), item["id"]))
        yield FailedDelivery(
            id=last["id"],
            guid=guid,
            event=last["event"],
            action=last["action"],
            delivered_at=_moment(last["delivered_at"]),
            status_code=int(last["status_code"]),
            attempts=len(items),
            installation_id=last["installation_id"],
            repository_id=last["repository_id"],
        )


def _installation(item: dict[str, Any]) -> InstallationInfo:
    account = item["account"] or {}
    return InstallationInfo(
        id=item["id"],
        account_id=account["id"],
        account_login=account.get("login") or account["slug"],
        account_type=item["target_type"],
        suspended=item["suspended_at"] is not None,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
