"""The limits around everything: how often one may ask, how long an address and how large a body may be.

Refuses before anything else is looked at, and asks neither database nor Redis. It lets nobody in: a token counts for
itself only after a route has recognised it, and is known here by its digest alone.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

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
_UNLIMITED = frozenset({b"/.well-known/terraform.json", b"/livez", b"/readyz"})
_READING = frozenset({"GET", "HEAD"})
_MODULES, _WEBHOOK = MODULES_PATH.encode(), WEBHOOK_PATH.encode()
_REMEMBERED = 10_000
_SETTLED = "terrasmith.limits"


class Limits:
    """An ASGI middleware, the outermost.

    An application behind it may have answers ready before a task is made for a request (`at_once`), and may say of an
    Authorization header whether it is known to be good (`recognises`).
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, limiter: Limiter) -> None:
        self.app = app
        self._limiter = limiter
        self._clients = Clients(settings.trusted_proxies)
        self._budgets = {kind: budget(kind, getattr(settings, f"rate_limit_{kind}")) for kind in KINDS}
        self._recognised = _Recent(_REMEMBERED)
        self._at_once: Callable[[Scope], Any] | None = getattr(app, "at_once", None)
        self._recognises: Callable[[bytes], bool] | None = getattr(app, "recognises", None)

    def at_once(self, scope: Scope) -> Any:
        """What the application has ready for this request, which has no body; None sends it the long way."""
        if self._at_once is None:
            return None
        scope[_SETTLED] = settled = self._settle(scope)
        return None if isinstance(settled, HTTPException) else self._at_once(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        settled = scope.get(_SETTLED)
        if settled is None:
            settled = self._settle(scope)
        scope[_SETTLED] = ""  # paid: for whatever layer of this kind stands further in
        if isinstance(settled, HTTPException):
            await Edge(failure(Request(scope), settled))(scope, receive, send)
            return
        if scope["method"] not in _READING and not _has_own_cap(scope):
            receive = _counted(receive)
        if settled:
            await self._watch(settled, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _settle(self, scope: Scope) -> str | HTTPException:
        """Whether this request may go on: why not, or the digest of a token that it brings."""
        try:
            header, length = _authorization_and_length(scope)
            _require_short(scope, length)
            kind = _kind(scope)
            if not kind:
                return ""
            digest = _digest(header)
            if digest and digest not in self._recognised and self._recognises is not None and self._recognises(header):
                self._recognised.add(digest)
            self._admit(kind, digest, scope)
        except HTTPException as error:
            return error
        return digest

    def _admit(self, kind: str, digest: str, scope: Scope) -> None:
        """Whoever holds a token that was recognised lately has a budget of their own; the others share their address's.

        So a wrong token buys nothing, and colleagues behind one address do not stand in each other's way.
        """
        recognised = digest in self._recognised
        who = digest if recognised else self._clients.of(scope)
        failures, allowed = self._budgets["failures"], self._budgets[kind]
        if digest and not recognised and failures is not None and (wait := self._limiter.wait(failures, who)):
            raise _too_many(failures, wait, "this address sent too many tokens that are not valid here")
        if allowed is not None and (wait := self._limiter.take(allowed, who)):
            raise _too_many(allowed, wait, f"this {'token' if recognised else 'address'} asked too often")

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


def _kind(scope: Scope) -> str:
    """Which budget pays; empty for what nobody pays for."""
    path = _path(scope)
    if scope["method"] not in _READING:
        # Whoever installs an app of their own on GitHub can have GitHub's addresses send us anything: a budget for
        # those would let strangers shut out our own deliveries. What a delivery may cost is bounded where it is read.
        return "" if path == _WEBHOOK else "writes"
    if path.startswith(_MODULES):
        return "downloads" if path.endswith(b"/download") else "reads"
    if path.startswith(b"/archives/"):
        return "archives"
    return "" if path in _UNLIMITED else "reads"


def _path(scope: Scope) -> bytes:
    """As it was sent: a path that is written in another way pays as others do."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path


def _authorization_and_length(scope: Scope) -> tuple[bytes, int]:
    header, length = b"", 0
    for name, value in scope["headers"]:
        if name == b"authorization":
            header = header or value
        elif name == b"content-length":
            # What is no number, or longer than one can be, is too large as well.
            length = int(value) if value.isdigit() and len(value) < 20 else MAX_BODY << 40
    return header, length


def _digest(header: bytes) -> str:
    """However it is written: one token in a thousand spellings is one token."""
    if not header:
        return ""
    token = next(reversed(header.decode("latin-1").split()), "")
    return hashlib.sha256(token.encode()).hexdigest()


def _require_short(scope: Scope, length: int) -> None:
    if len(_path(scope)) + len(scope["query_string"]) > MAX_ADDRESS:
        raise HTTPException(414, f"The address is longer than {MAX_ADDRESS >> 10} KiB.")
    if length > MAX_BODY and not _has_own_cap(scope):
        raise _too_large()


def _has_own_cap(scope: Scope) -> bool:
    """Whether the route counts its bodies itself, and takes much larger ones."""
    path = _path(scope)
    return scope["method"] == "POST" and (path == _WEBHOOK or path.endswith(b"/upload"))


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
