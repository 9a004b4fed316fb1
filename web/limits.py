"""The limits around everything: how often one may ask, how long an address and how large a body may be.

Refuses before anything else is looked at, and asks neither database nor Redis. It lets nobody in: a token counts for
itself only after the application has recognised it, and is known here by its digest and its id alone.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accounts.tokens import Principal
from bot.webhook import PATH as WEBHOOK_PATH
from core.limits import Budget, Limiter, budget
from core.settings import Settings
from registry.api.discovery import MODULES_PATH
from registry.api.hot import CALLER
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

    An application behind it may have answers ready before a task is made for a request (`at_once`), and may say who is
    known to hold the token of an Authorization header (`caller_of`): that is asked once, and told on in the scope.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, limiter: Limiter) -> None:
        self.app = app
        self._limiter = limiter
        self._clients = Clients(settings.trusted_proxies)
        self._budgets = {kind: budget(kind, getattr(settings, f"rate_limit_{kind}")) for kind in KINDS}
        self._recognised = _Recent(_REMEMBERED)
        self._at_once: Callable[[Scope], Any] | None = getattr(app, "at_once", None)
        self._caller_of: Callable[[bytes], Principal | None] | None = getattr(app, "caller_of", None)

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
        scope[_SETTLED] = b""  # paid: for whatever layer of this kind stands further in
        if isinstance(settled, HTTPException):
            await Edge(failure(Request(scope), settled))(scope, receive, send)
            return
        if scope["method"] not in _READING and not _has_own_cap(scope):
            receive = _counted(receive)
        if settled:
            await self._watch(settled, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _settle(self, scope: Scope) -> bytes | HTTPException:
        """Whether this request may go on: why not, or the header with the token that it brings."""
        try:
            path = _path(scope)
            header, length = _authorization_and_length(scope)
            if len(path) + len(scope["query_string"]) > MAX_ADDRESS:
                raise HTTPException(414, f"The address is longer than {MAX_ADDRESS >> 10} KiB.")
            if length > MAX_BODY and not _has_own_cap(scope):
                raise _too_large()
            kind = _kind(path, scope["method"])
            if not kind:
                return b""
            self._admit(kind, header, scope)
        except HTTPException as error:
            return error
        return header

    def _admit(self, kind: str, header: bytes, scope: Scope) -> None:
        """Whoever holds a token that was recognised lately has a budget of their own; the others share their address's.

        So a wrong token buys nothing, and colleagues behind one address do not stand in each other's way.
        """
        holder = self._holder(header, scope) if header else None
        who = holder or self._clients.of(scope)
        failures, allowed = self._budgets["failures"], self._budgets[kind]
        if header and holder is None and failures is not None and (wait := self._limiter.wait(failures, who)):
            raise _too_many(failures, wait, "this address sent too many tokens that are not valid here")
        if allowed is not None and (wait := self._limiter.take(allowed, who)):
            raise _too_many(allowed, wait, f"this {'address' if holder is None else 'token'} asked too often")

    def _holder(self, header: bytes, scope: Scope) -> str | None:
        """The id of the token, if it is known to be one: by who answers at once, or from an answer not long ago."""
        caller = None if self._caller_of is None else self._caller_of(header)
        if caller is None:
            return self._recognised.token_of(_digest(header))
        scope[CALLER] = caller
        if caller.token_id not in self._recognised:
            self._recognised.add(_digest(header), caller.token_id)
        return caller.token_id

    async def _watch(self, header: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and learn from the answer what the token is worth."""
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = status or message.get("status", 0)
            await send(message)

        await self.app(scope, receive, noting)
        if status == 401:
            self._recognised.discard(_digest(header))
            failures = self._budgets["failures"]
            if failures is not None:
                self._limiter.take(failures, self._clients.of(scope))
        elif (principal := scope.get("state", {}).get("principal")) is not None:
            self._recognised.add(_digest(header), principal.token_id)


class _Recent:
    """Which tokens were recognised lately, in bounded memory: what is not seen again for a while is forgotten."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._young: dict[str, str] = {}  # from digests to ids
        self._old: dict[str, str] = {}
        self._ids: set[str] = set()  # of the young ones

    def __contains__(self, token_id: object) -> bool:
        return token_id in self._ids

    def token_of(self, digest: str) -> str | None:
        """The id of the token that has this digest."""
        return self._young.get(digest) or self._old.get(digest)

    def add(self, digest: str, token_id: str) -> None:
        if len(self._young) >= self._keep:
            self._young, self._old, self._ids = {}, self._young, set()
        self._young[digest] = token_id
        self._ids.add(token_id)

    def discard(self, digest: str) -> None:
        for half in (self._young, self._old):
            self._ids.discard(half.pop(digest, ""))


def _kind(path: bytes, method: str) -> str:
    """Which budget pays; empty for what nobody pays for."""
    if method not in _READING:
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
    header: bytes | None = None
    length = 0
    for name, value in scope["headers"]:
        if name == b"authorization":
            header = value if header is None else header
        elif name == b"content-length":
            # What is no number, or longer than one can be, is too large as well.
            length = int(value) if value.isdigit() and len(value) < 20 else MAX_BODY << 40
    return header or b"", length


def _digest(header: bytes) -> str:
    """However it is written: one token in a thousand spellings is one token."""
    token = next(reversed(header.decode("latin-1").split()), "")
    return hashlib.sha256(token.encode()).hexdigest()


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
