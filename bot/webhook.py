"""The HTTP side of the front door: POST /github/webhook. Counts the body, leaves the rest to `bot.intake`."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from accounts.http import route
from accounts.permissions import Permission
from bot.intake import MAX_BODY, Answer, Intake
from core.db import Database
from core.errors import Transient
from core.log import get_logger
from core.settings import Settings

PATH = "/github/webhook"

_log = get_logger(__name__)


def routes(settings: Settings, database: Database) -> Sequence[BaseRoute]:
    """The one route. Without a webhook secret it does not exist: the process does not start (S1)."""
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    intake = Intake(database, secrets, settings.github_app_id)

    async def webhook(request: Request) -> Response:
        body = await _read(request)
        if isinstance(body, Answer):
            return _response(body)
        try:
            # Its own thread: a commit waits for the disk, and a long comment for the parser.
            return _response(await run_in_threadpool(intake.hear, request.headers.raw, body))
        except Transient as error:
            _log.warning("delivery_not_stored", reason=error.message)
            return _response(Answer(503, "try again"))

    return [route(PATH, webhook, methods=("POST",), permission=Permission.WEBHOOK_SIGNATURE)]


async def _read(request: Request) -> bytes | Answer:
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        return Answer(400, "bad length")
    if int(declared) > MAX_BODY:
        return Answer(413, "too large")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:  # whatever was declared
                return Answer(413, "too large")
    except ClientDisconnect:
        return Answer(400, "cut short")
    return bytes(body)


def _response(answer: Answer) -> Response:
    return JSONResponse({"status": answer.said}, status_code=answer.status)
