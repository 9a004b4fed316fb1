"""The front door for webhooks: verify, write down, answer. Knows signatures, JSON and the database; no SDK, no queue.

Nothing of a body is read before its signature holds. What acts is committed with its delivery or not at all.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot import deliveries
from bot.handlers import HANDLERS
from bot.handlers.outcome import Change, Handler, Hearing, Ignored
from bot.payloads import Payload
from core.db import Database
from core.errors import Transient
from core.log import get_logger

MAX_BODY = 25 * 1024 * 1024
"""GitHub never sends more."""
_MAX_DEPTH = 64

_log = get_logger(__name__)
_SIGNATURE = re.compile(rb"sha256=([0-9a-f]{64})")
_GUID = re.compile(r"[0-9A-Za-z-]{1,64}")
_EVENT = re.compile(r"[a-z0-9_]{1,64}")

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """The status, and one word for whoever reads GitHub's list of deliveries."""

    status: int
    said: str


class RefusedError(Exception):
    """The delivery is not let in."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.answer = Answer(status, said)


@dataclass(frozen=True)
class Intake:
    """One door. `secrets` are the webhook secrets that hold now: two while one replaces the other."""

    database: Database
    secrets: Sequence[str] = field(repr=False)
    app_id: int | None = None
    handlers: Mapping[str, Handler] = field(default_factory=lambda: HANDLERS)

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise ValueError("no webhook secret: anybody could speak as GitHub")

    def hear(self, headers: Headers, body: bytes) -> Answer:
        """Take one delivery in. Raises Transient when the database does not answer; GitHub delivers again later."""
        try:
            verify(self.secrets, headers, body)
            event, guid = _names(headers, self.app_id)
            values = read_json(headers, body)
        except RefusedError as error:
            _log.info("delivery_refused", status=error.answer.status, reason=error.answer.said)
            return error.answer
        understood = self._understand(event, guid, values)
        if isinstance(understood, Ignored):
            _log.debug("delivery_ignored", delivery=guid, event_name=event, reason=understood.reason)
            return Answer(202, "ignored")
        return self._write(_Heard(guid, event, body, values), understood)

    def again(self, guid: str) -> Answer:
        """Run a delivery that failed once more, from the body that was kept."""
        with self.database.read() as session:
            kept = deliveries.failed_body(session, guid)
        if kept is None:
            return Answer(404, "no such failed delivery")
        event, body = kept
        heard = _Heard(guid, event, body, json.loads(body))
        understood = self._understand(heard.event, guid, heard.values)
        return Answer(202, "ignored") if isinstance(understood, Ignored) else self._write(heard, understood)

    def _understand(self, event: str, guid: str, values: dict[str, Any]) -> Change | Ignored:
        handler = self.handlers.get(event)
        if handler is None:
            return Ignored("an event we do not follow")
        try:
            payload = handler.payload.model_validate(values)
        except ValidationError as error:
            # We follow this event and cannot read it: GitHub has changed its body, or we have misread its description.
            where = sorted({".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)})
            _log.warning("delivery_not_understood", delivery=guid, event_name=event, fields=where[:10])
            return Ignored(f"not the body of `{event}`: {error.error_count()} problems")
        return _guarded(handler, payload, Hearing(self.app_id))

    def _write(self, heard: "_Heard", change: Change) -> Answer:
        with self.database.unit_of_work() as session:
            row = deliveries.claim(session, heard.guid, heard.event, heard.body, heard.values)
            if row is None:
                return Answer(200, "already")
            try:
                with session.begin_nested():
                    ignored = change(session)
            except (OperationalError, Transient):
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it must not lose the delivery
                # A bug of ours. The body is kept, so that a redelivery after the repair does what this one should have.
                _log.exception("delivery_failed", delivery=heard.guid, event_name=heard.event)
                row.state, row.reason, row.body = "failed", f"{type(error).__name__}: {error}"[:2000], heard.body
                return Answer(202, "failed")
            if ignored is not None:
                session.delete(row)
                return Answer(202, "ignored")
            row.state, row.reason, row.body = "handled", None, None
        return Answer(202, "accepted")


def verify(secrets: Sequence[str], headers: Headers, body: bytes) -> None:
    """Raise RefusedError 401 unless the one `X-Hub-Signature-256` header fits the raw body and one of the secrets."""
    given = _values(headers, b"x-hub-signature-256")
    match = _SIGNATURE.fullmatch(given[0]) if len(given) == 1 else None
    if match is None:
        raise RefusedError(401, "no signature")
    fits = False
    for secret in secrets:
        wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
        # No early way out: how long this takes tells nothing about which secret it was.
        fits |= hmac.compare_digest(wanted, match.group(1))
    if not fits:
        raise RefusedError(401, "wrong signature")


def read_json(headers: Headers, body: bytes) -> dict[str, Any]:
    """The body as an object; raises RefusedError 415 or 400."""
    kinds = _values(headers, b"content-type")
    if len(kinds) != 1 or kinds[0].split(b";")[0].strip().lower() != b"application/json":
        raise RefusedError(415, "send application/json")
    try:
        values = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RefusedError(400, "not JSON") from None
    if not isinstance(values, dict):
        raise RefusedError(400, "not an object")
    if _deeper_than(values, _MAX_DEPTH):
        raise RefusedError(400, "nested too deeply")
    return values


@dataclass(frozen=True)
class _Heard:
    guid: str
    event: str
    body: bytes = field(repr=False)
    values: dict[str, Any] = field(repr=False)


def _guarded(handler: Handler, payload: Payload, hearing: Hearing) -> Change | Ignored:
    try:
        return handler.handle(payload, hearing)
    except Exception as error:  # noqa: BLE001  # it is raised again where the delivery can be written down as failed
        bug = error

    def change(_session: Session) -> None:
        raise bug

    return change


def _names(headers: Headers, app_id: int | None) -> tuple[str, str]:
    """Event and GUID. Neither is signed; both only have to look like what they are."""
    event, guid = _one(headers, b"x-github-event"), _one(headers, b"x-github-delivery")
    if not _EVENT.fullmatch(event) or not _GUID.fullmatch(guid):
        raise RefusedError(400, "no event or no delivery id")
    target = _values(headers, b"x-github-hook-installation-target-id")
    kind = _values(headers, b"x-github-hook-installation-target-type")
    if app_id is not None and target and kind in ([], [b"integration"]) and target != [str(app_id).encode()]:
        raise RefusedError(400, "meant for another app")
    return event, guid


def _one(headers: Headers, name: bytes) -> str:
    values = _values(headers, name)
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _deeper_than(value: Any, limit: int) -> bool:
    layer = [value]
    for _ in range(limit):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return False
    return True
