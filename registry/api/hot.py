"""The hot path: what `terraform init` asks, answered from bytes that are ready, before any framework is reached.

Knows ASGI. Whatever it has no answer for goes on to the application behind it, which says it in its own words.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import TerrasmithError, Transient
from core.log import get_logger
from registry.api.answers import Answer, Answers, ArchiveAnswer, Asked, Kind
from registry.api.discovery import DISCOVERY_PATH, MODULES_PATH
from registry.download_counter import DownloadCounter
from registry.services import downloads

_log = get_logger(__name__)

CALLER: Final = "terrasmith.caller"
"""Where the scope says who asks, to spare a second look. It holds for this moment only: nobody else reads it later."""

_MODULES, _DISCOVERY = MODULES_PATH.encode(), DISCOVERY_PATH.encode()
_ARCHIVES = (
    (downloads.PUBLIC_PATH.encode(), Kind.PUBLIC_ARCHIVE),
    (downloads.SIGNED_PATH.encode(), Kind.SIGNED_ARCHIVE),
    (downloads.PRIVATE_PATH.encode(), Kind.PRIVATE_ARCHIVE),
)
_OF_MODULES = {b"/versions": Kind.VERSIONS, b"/download": Kind.DOWNLOAD}
_WHOLE = frozenset({Kind.DISCOVERY, *_OF_MODULES.values()})
# Answers with a part of an archive, or with none of it, are the route's.
_PARTIAL = frozenset({b"range", b"if-range", b"if-none-match"})


class HotPath:
    """An ASGI application in front of another one."""

    def __init__(
        self,
        app: ASGIApp,
        answers: Answers,
        counter: DownloadCounter,
        *,
        headers: Mapping[str, str],
        failure: Callable[[Request, Exception], Response],
    ) -> None:
        self.app = app
        self.answers, self.counter = answers, counter
        self.caller_of = answers.caller_of
        """Who sends an Authorization header, if they are known. Whoever asks may tell `at_once` by CALLER."""
        self.answered: Counter[Kind] = Counter()
        """How many answers of each kind were given from here."""
        self._headers, self._failure = headers, failure

    def start(self) -> None:
        """Watch for changes and write counts, until `stop`. Before, nothing that is kept counts as fresh."""
        self.answers.start()
        self.counter.start()

    def stop(self) -> None:
        """End the threads; what was counted is written."""
        self.answers.stop()
        self.counter.stop()

    def at_once(self, scope: Scope) -> Answer | ArchiveAnswer | None:
        """The whole answer, for a server that asks before it makes a task; None where the request must come in."""
        caller = scope.pop(CALLER, None)
        asked = _asked(scope)
        if asked is None:
            return None
        try:
            found = self.answers.at_hand(asked, caller)
            if found is not None:
                self._note(scope, asked, found)
        except Exception as error:  # noqa: BLE001  # as below; here it would end the connection besides
            _failed(asked, error)
            return None
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _asked(scope) if scope["type"] == "http" else None
        if asked is not None:
            try:
                found = self.answers.at_hand(asked) or await self.answers.fetched(asked)
            except Transient as error:
                await self._failure(Request(scope), error)(scope, receive, self._with_headers(send))
                return
            except TerrasmithError:
                found = None  # refused: the route says so, in its own words
            except Exception as error:  # noqa: BLE001  # a bug of ours must not take the routes away as well
                _failed(asked, error)
                found = None
            if found is not None:
                await self._send(scope, send, asked, found)
                return
        await self.app(scope, receive, send)

    async def _send(self, scope: Scope, send: Send, asked: Asked, found: Answer | ArchiveAnswer) -> None:
        self._note(scope, asked, found)
        await send({"type": "http.response.start", "status": 200, "headers": found.headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else bytes(found.body)})

    def _note(self, scope: Scope, asked: Asked, found: Answer | ArchiveAnswer) -> None:
        self.answered[asked.kind] += 1
        if found.version_id is not None and scope["method"] == "GET":
            self.counter.count(found.version_id, self.answers.client(asked.agent)[1])

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sending


def _failed(asked: Asked, error: Exception) -> None:
    _log.error("the hot path failed", kind=asked.kind, error=f"{type(error).__name__}: {error}")


def _asked(scope: Scope) -> Asked | None:
    """What counts of a request; None for one that is none of ours."""
    method = scope["method"]
    if method != "GET" and method != "HEAD":  # noqa: PLR1714  # a third of the time of `in`
        return None
    path: bytes = scope.get("raw_path") or b""
    kind = _kind(path)
    if kind is None:
        return None
    authorization, agent = None, b""
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = agent or value
        elif name == b"authorization":
            authorization = value if authorization is None else authorization
        elif name in _PARTIAL and kind not in _WHOLE:
            return None
    return Asked(kind, path, authorization, agent)


def _kind(path: bytes) -> Kind | None:
    if path.startswith(_MODULES):
        return _OF_MODULES.get(path[-9:])
    if path == _DISCOVERY:
        return Kind.DISCOVERY
    for prefix, kind in _ARCHIVES:
        if path.startswith(prefix):
            return kind
    return None
