"""The HTTP side of the front door: POST /github/webhook. Bounds the body, leaves the rest to `bot.intake`.

Whoever sends is not known before the signature over the whole body is checked, so what a body may cost is bounded: its
length, its time, and how many large ones are held at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from accounts.http import route
from accounts.permissions import Permission
from bot.intake import MAX_BODY, Answer, Intake
from core.db import Database
from core.errors import TerrasmithError, Transient
from core.log import get_logger
from core.settings import Settings

PATH = "/github/webhook"

SMALL = 1 << 20
"""What nearly every delivery is smaller than, and what nobody has to wait for a place for."""
_AGAIN_SECONDS = 5

_log = get_logger(__name__)


@dataclass(frozen=True)
class Bounds:
    """How long a body may take, in seconds (GitHub itself gives up after ten), and how many large ones are held."""

    silence: float = 10.0
    whole: float = 30.0
    large_at_once: int = 8


class BusyError(TerrasmithError):
    """All places for large bodies are taken."""


class _Places:
    """A place for each large body, from the byte that makes it large until it was heard."""

    def __init__(self, free: int) -> None:
        self.free = free

    @contextmanager
    def visit(self) -> Iterator["_Visit"]:
        visit = _Visit(self)
        try:
            yield visit
        finally:
            self.free += visit.taken


@dataclass
class _Visit:
    places: _Places
    taken: int = 0

    def take(self) -> None:
        """Take one place, once. Raises BusyError."""
        if not self.taken:
            if not self.places.free:
                raise BusyError
            self.places.free -= 1
            self.taken = 1


def routes(settings: Settings, database: Database, bounds: Bounds | None = None) -> Sequence[BaseRoute]:
    """The one route. Without a webhook secret it does not exist: the process does not start (S1)."""
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    intake = Intake(database, secrets, settings.github_app_id)
    bound = bounds or Bounds()
    places = _Places(bound.large_at_once)

    async def webhook(request: Request) -> Response:
        try:
            with places.visit() as visit:
                body = await _read(request, visit, bound)
                if isinstance(body, Answer):
                    return _response(body)
                # Its own thread: a commit waits for the disk, and a long comment for the parser.
                return _response(await run_in_threadpool(intake.hear, request.headers.raw, body))
        except BusyError:
            return _response(Answer(503, "too many large deliveries at once; try again"))
        except Transient as error:
            _log.warning("delivery_not_stored", reason=error.message)
            return _response(Answer(503, "try again"))

    return [route(PATH, webhook, methods=("POST",), permission=Permission.WEBHOOK_SIGNATURE)]


async def _read(request: Request, visit: _Visit, bound: Bounds) -> bytes | Answer:
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        return Answer(400, "bad length")
    if int(declared[:20]) > MAX_BODY:
        return Answer(413, f"larger than {MAX_BODY >> 20} MiB, the most that GitHub sends")
    if int(declared) > SMALL:
        visit.take()
    body = bytearray()
    pieces, end = aiter(request.stream()), anyio.current_time() + bound.whole
    try:
        while True:
            with anyio.fail_after(min(bound.silence, max(end - anyio.current_time(), 0))):
                piece = await anext(pieces, None)
            if piece is None:
                return bytes(body)
            body += piece
            if len(body) > MAX_BODY:  # whatever was declared
                return Answer(413, f"larger than {MAX_BODY >> 20} MiB, the most that GitHub sends")
            if len(body) > SMALL:
                visit.take()
    except ClientDisconnect:
        return Answer(400, "cut short")
    except TimeoutError:
        return Answer(408, "the body stopped coming, or came too slowly")


def _response(answer: Answer) -> Response:
    said = {"errors": [answer.said]} if answer.status >= 400 else {"status": answer.said}
    headers = {"Retry-After": str(_AGAIN_SECONDS)} if answer.status == 503 else {}
    return JSONResponse(said, status_code=answer.status, headers=headers)
