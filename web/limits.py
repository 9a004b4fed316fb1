"""The limits around everything: how often one may ask, how long an address and how large a body may be.

Refuses before anything else is looked at, and asks neither database nor Redis. It lets nobody in: a token counts for
itself only after a route has recognised it, and is known here by its digest alone.
"""

import hashlib
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.webhook import PATH as WEBHOOK_PATH
from core.limits import Budget, Limiter, budget
from core.settings import Settings
from registry.api.discovery import MODULES_PATH
from web.addresses import Clients
from web.edge import Edge
from web.failures import failure

MAX_ADDRESS: Final = 8 << 10
MAX_BODY: Final = 64 << 10
"""The most that a body may be where a route has no cap of its own."""

KINDS: Final = ("reads", "downloads", "archives", "writes", "failures")

# Discovery is a constant that a client asks for once, and gives up without (R2); health is asked by who may end us.
_UNLIMITED = ("/.well-known/", "/livez", "/readyz")
_READING = frozenset({"GET", "HEAD"})
_REMEMBERED = 10_000


class Limits:
    """An ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp, *, settings: Settings, limiter: Limiter) -> None:
        self.app = app
        self._limiter = limiter
        self._clients = Clients(settings.trusted_proxies)
        self._budgets = {kind: budget(kind, getattr(settings, f"rate_limit_{kind}")) for kind in KINDS}
        self._recognised = _Recent(_REMEMBERED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            token, length = _token_and_length(scope)
            receive = _bounded(scope, receive, length)
            kind = _kind(scope["method"], scope["path"])
            digest = hashlib.sha256(token).hexdigest() if token and kind else None
            if kind:
                self._admit(kind, digest, scope)
        except HTTPException as error:
            await Edge(failure(Request(scope), error))(scope, receive, send)
            return
        if digest is None:
            await self.app(scope, receive, send)
        else:
            await self._watch(digest, scope, receive, send)

    def _admit(self, kind: str, digest: str | None, scope: Scope) -> None:
        """Whoever holds a token that was recognised lately has a budget of their own; the others share their address's.

        So a wrong token buys nothing, and colleagues behind one address do not stand in each other's way.
        """
        who = digest if digest in self._recognised else None
        if who is None:
            who = self._clients.of(scope)
            failures = self._budgets["failures"]
            if digest is not None and failures is not None and (wait := self._limiter.wait(failures, who)):
                raise _too_many(failures, wait, "this address sent too many tokens that are not valid here")
        allowed = self._budgets[kind]
        if allowed is not None and (wait := self._limiter.take(allowed, who)):
            raise _too_many(allowed, wait, f"this {'address' if who != digest else 'token'} asked too often")

    async def _watch(self, digest: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and learn from the answer what the token is worth."""
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = status or message.get("status", 0)
            await send(message)

        await self.app(scope, receive, noting)
        if status == 401:
            self._recognised.discard(digest)
            failures = self._budgets["failures"]
            if failures is not None:
                self._limiter.take(failures, self._clients.of(scope))
        elif scope.get("state", {}).get("principal") is not None:
            self._recognised.add(digest)


class _Recent:
    """Which digests were recognised lately, in bounded memory: what is not seen again for a while is forgotten."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._young: set[str] = set()
        self._old: set[str] = set()

    def __contains__(self, digest: object) -> bool:
        return digest in self._young or digest in self._old

    def add(self, digest: str) -> None:
        if len(self._young) >= self._keep:
            self._young, self._old = set(), self._young
        self._young.add(digest)

    def discard(self, digest: str) -> None:
        self._young.discard(digest)
        self._old.discard(digest)


def _kind(method: str, path: str) -> str:
    """Which budget pays; empty for what nobody pays for."""
    if method not in _READING:
        # Whoever installs an app of their own on GitHub can have GitHub's addresses send us anything: a budget for
        # those would let strangers shut out our own deliveries. What a delivery may cost is bounded where it is read.
        return "" if path == WEBHOOK_PATH else "writes"
    if path.startswith(MODULES_PATH):
        return "downloads" if path.endswith("/download") else "reads"
    if path.startswith("/archives/"):
        return "archives"
    return "" if path.startswith(_UNLIMITED) else "reads"


def _token_and_length(scope: Scope) -> tuple[bytes | None, int]:
    token, length = None, 0
    for name, value in scope["headers"]:
        if name == b"authorization":
            token = value
        elif name == b"content-length":
            # The server has refused what is no number. One that is longer than a number can be is too large as well.
            length = int(value) if len(value) < 20 else MAX_BODY << 40
    return token, length


def _bounded(scope: Scope, receive: Receive, length: int) -> Receive:
    """The request's body, which cannot be longer than it may be. Raises HTTPException 413 and 414."""
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > MAX_ADDRESS:
        raise HTTPException(414, f"The address is longer than {MAX_ADDRESS >> 10} KiB.")
    reading = scope["method"] in _READING
    if not reading and (scope["path"] == WEBHOOK_PATH or scope["path"].endswith("/upload")):
        return receive  # these count for themselves, and may have much more
    if length > MAX_BODY:
        raise _too_large()
    return receive if reading else _counted(receive)


def _counted(receive: Receive) -> Receive:
    size = 0

    async def counting() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:  # whatever was announced
            raise _too_large()
        return message

    return counting


def _too_large() -> HTTPException:
    return HTTPException(413, f"The body is larger than {MAX_BODY >> 10} KiB, the most there is to say here.")


def _too_many(spent: Budget, wait: int, why: str) -> HTTPException:
    message = f"Too many requests: {why}. Allowed are {spent.amount} ({spent.namespace}) in {spent.seconds} seconds; "
    headers = {
        "Retry-After": str(wait),
        "RateLimit-Policy": f'"{spent.namespace}";q={spent.amount};w={spent.seconds}',
        "RateLimit": f'"{spent.namespace}";r=0;t={wait}',
    }
    return HTTPException(429, f"{message}try again in {wait} seconds.", headers)
