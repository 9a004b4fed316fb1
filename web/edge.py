"""The outermost layer: one log line for each request, headers that hold for every answer, and the last catch of a bug.

Refuses to log a query, or the signature inside a private archive's path.
"""

import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accounts.http import ROUTE_TEMPLATE
from core.log import get_logger
from registry.services.downloads import SIGNED_PATH
from web.failures import failure

_log = get_logger(__name__)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FORM_POLICY = POLICY.replace("form-action 'none'", "form-action 'self'")
"""The same for a page that has a form, which may be sent to nobody else."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Scripts: none at all. Pages that need more say so themselves.
    "Content-Security-Policy": POLICY,
}


class Edge:
    """An ASGI middleware around everything."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 0, time.monotonic()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001  # the edge: whatever comes here is a bug
            _log.exception("request failed", **_about(scope))
            # After the first byte there is only one honest thing left: to end before the announced length.
            if not status:
                await failure(Request(scope), error)(scope, receive, sending)
        finally:
            seconds = round(time.monotonic() - began, 4)
            _log.info("request", **_about(scope), status=status, seconds=seconds)


def _about(scope: Scope) -> dict[str, str]:
    return {"method": scope["method"], "path": shown_path(scope["path"]), "route": scope.get(ROUTE_TEMPLATE, "")}


def shown_path(path: str) -> str:
    """The path as a log may hold it."""
    if path.startswith(SIGNED_PATH):
        return f"{SIGNED_PATH}…/{path.rsplit('/', 1)[-1][:80]}"
    return path[:300]
