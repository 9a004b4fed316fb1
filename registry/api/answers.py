"""Answers that are ready to be sent: read once, kept until the database says that something changed under them.

They are what the routes say, for whom they say it: who asks is settled before anything kept is looked at, and an
answer that is not for everybody is given to its one token only. Refuses to give out what may be older than a second,
unless the database is away and everybody knew it already.
"""

import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

from starlette.responses import Response

from accounts.tokens import Principal
from core import clock
from core.cache import Flights, TaggedCache
from core.changes import Watcher, tag
from core.errors import Transient
from registry.api.archive_bytes import ArchiveBytes
from registry.api.archives import Archives, headers_of
from registry.api.callers import Callers
from registry.api.discovery import MODULES_PATH, document
from registry.api.protocol import Protocol, Reply
from registry.services import catalog, clients
from registry.services.clients import Client, Manner
from registry.services.downloads import ArchiveFacts

STALE_SECONDS = 3600.0
"""How long after the database was last heard of a public answer is still given. A private one never is."""

PATIENCE_SECONDS = 5.0
"""Of one request with a database or a storage that hangs. After one hung, nobody waits again for a second."""

READERS = 4
"""Threads that read what is not kept; each takes one connection of the pool at a time."""

LARGEST_KEPT = 2 << 20
"""Bytes of an archive; a larger one is streamed by its route."""

_RETRY_SECONDS = 1.0
_ANSWERS_BYTES = 48 << 20
_ARCHIVES_BYTES = 64 << 20
_OVERHEAD = 2_000  # bytes that an answer costs beside its body, about
_MOST_AGENTS = 2_000

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

T = TypeVar("T")


class Kind(StrEnum):
    """What can be answered here."""

    DISCOVERY = "discovery"
    VERSIONS = "versions"
    DOWNLOAD = "download"
    PUBLIC_ARCHIVE = "archive, public"
    SIGNED_ARCHIVE = "archive, signed"
    PRIVATE_ARCHIVE = "archive, private"


class Asked(NamedTuple):
    """What counts of a request: nothing else of it may change the answer."""

    kind: Kind
    path: bytes  # as it was sent
    authorization: bytes | None
    agent: bytes


# Looked up once: a member of an enumeration costs more than a name.
_DISCOVERY, _DOWNLOAD, _ANY = Kind.DISCOVERY, Kind.DOWNLOAD, Manner.RELATIVE

_Key = tuple[bytes, str, Manner]
"""An answer's place: the path, the one token it is for ("" is everybody), and the manner of download answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 200. `head` is its header lines with their ends, and the empty line after them.

    `version_id` is set where it counts as a download. The body of an archive is kept apart, by its digest.
    """

    headers: list[tuple[bytes, bytes]]
    head: bytes
    body: bytes
    public: bool
    until: datetime | None = None
    version_id: str | None = None
    archive: ArchiveFacts | None = None

    @property
    def file(self) -> int:
        """None of these has one."""
        return -1


class ArchiveAnswer(NamedTuple):
    """The same of an archive, whose bytes are kept apart. Made for each request, so as cheap as can be."""

    headers: list[tuple[bytes, bytes]]
    head: bytes
    kept: ArchiveBytes
    version_id: None = None

    @property
    def body(self) -> bytes | memoryview:
        return self.kept.data

    @property
    def file(self) -> int:
        return self.kept.file


class Answers:
    """The answers that are at hand, and the way to those that are not."""

    def __init__(
        self,
        protocol: Protocol,
        archives: Archives,
        headers: Mapping[str, str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = clock.now,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.watcher = Watcher(protocol.database, self._forget, monotonic)
        self._protocol, self._archives, self._database = protocol, archives, protocol.database
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._monotonic, self._now, self._patience = monotonic, now, patience
        self._executor = ThreadPoolExecutor(READERS, thread_name_prefix="cold read")
        # A storage that is slow must not hold up what needs the database alone.
        self._loaders = ThreadPoolExecutor(READERS, thread_name_prefix="archive read")
        self._callers = Callers(self._database, self._executor, now)
        self._kept: TaggedCache[_Key, Answer] = TaggedCache(_ANSWERS_BYTES)
        self._flights: Flights[Answer] = Flights(self._executor)
        # Content never changes under a digest: nothing is ever evicted here but for room.
        self._bytes: TaggedCache[str, ArchiveBytes] = TaggedCache(_ARCHIVES_BYTES)
        self._loads: Flights[ArchiveBytes] = Flights(self._loaders)
        self._agents: dict[bytes, tuple[Manner, Client]] = {}
        self._hung_until = -float("inf")
        # Who asks for these is sent on to the storage, by the route.
        self._routed = {kind for kind, public in _SENT_ON.items() if archives.sends_on(public=public)}
        self._discovery = self._made(document(), public=True)

    def start(self) -> None:
        """Hear of changes from now on. Before, nothing that is kept counts as fresh."""
        self.watcher.start()

    def stop(self) -> None:
        """End every thread."""
        self.watcher.stop()
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._loaders.shutdown(wait=False, cancel_futures=True)

    def at_hand(self, asked: Asked, caller: Principal | None = None) -> Answer | ArchiveAnswer | None:
        """The answer, if it is known and nothing it says was changed a second ago or earlier. Waits for nothing.

        `caller`: what `caller_of` has said of the same header in the same moment.
        """
        if asked.kind is _DISCOVERY:
            return self._discovery
        if caller is None:
            if not self.watcher.is_fresh():
                return None
            if asked.authorization is not None:
                caller = self._callers.known(asked.authorization)
                if caller is None:
                    return None
        return self._of(asked, caller)

    def caller_of(self, authorization: bytes) -> Principal | None:
        """Whose header this is, if their token is known to be live."""
        return self._callers.known(authorization) if self.watcher.is_fresh() else None

    async def fetched(self, asked: Asked) -> Answer | ArchiveAnswer | None:
        """The answer as the database has it now; None is the route's to answer.

        Raises what the services behind the routes raise, and Transient where neither the database nor memory can tell.
        """
        hung = self._monotonic() < self._hung_until
        if (self.watcher.away or hung) and (stale := self._stale(asked)) is not None:
            return stale
        if not _is_shaped(asked) or asked.kind in self._routed:
            return None
        try:
            if hung:
                raise Transient("the database hung a moment ago", _RETRY_SECONDS)
            return await self._read(asked)
        except Transient:
            if (stale := self._stale(asked)) is not None:
                return stale
            raise

    def _of(self, asked: Asked, caller: Principal | None) -> Answer | ArchiveAnswer | None:
        """What is kept for this caller, however old."""
        manner = self.client(asked.agent)[0] if asked.kind is _DOWNLOAD else _ANY
        answer = None
        if caller is not None:
            answer = self._kept.get((asked.path, caller.token_id, manner))
        if answer is None:
            answer = self._kept.get((asked.path, "", manner))
        if answer is None or (answer.until is not None and answer.until <= self._now()):
            return None
        if answer.archive is None:
            return answer
        kept = self._bytes.get(answer.archive.sha256)
        return None if kept is None else ArchiveAnswer(answer.headers, answer.head, kept)

    def _stale(self, asked: Asked) -> Answer | ArchiveAnswer | None:
        """What everybody was told when the database was last heard of, if that is not too long ago."""
        if asked.kind is Kind.SIGNED_ARCHIVE or self._monotonic() - self.watcher.seen_at > STALE_SECONDS:
            return None
        return self._of(asked, None)

    async def _read(self, asked: Asked) -> Answer | ArchiveAnswer | None:
        caller: Principal | None = None
        if asked.authorization is not None:
            caller = self._callers.known(asked.authorization) if self.watcher.is_fresh() else None
            if caller is None:
                caller = await self._patiently(self._callers.sign_in(asked.authorization, self._patience))
            if self.watcher.is_fresh() and (found := self._of(asked, caller)) is not None:
                return found
        manner = self.client(asked.agent)[0] if asked.kind is _DOWNLOAD else _ANY
        key = (asked.path, caller.token_id if caller else "", manner)
        flight = self._flights.join(key, lambda: self._look_up(asked, caller, manner), self._patience)
        answer = await self._patiently(flight)
        if answer.archive is None:
            return answer
        if answer.archive.size > LARGEST_KEPT:
            return None
        return ArchiveAnswer(answer.headers, answer.head, await self._load(answer.archive))

    async def _patiently(self, work: Awaitable[T]) -> T:
        """What comes of it; Transient where the database hangs, and for a while for all who come after."""
        try:
            return await work
        except TimeoutError:
            self._hung_until = self._monotonic() + _RETRY_SECONDS
            raise Transient("the database does not answer", _RETRY_SECONDS) from None

    def _look_up(self, asked: Asked, caller: Principal | None, manner: Manner) -> Answer:
        """In a thread: read, and keep what was read unless it has changed meanwhile."""
        ticket = self._kept.ticket()
        if asked.kind in (Kind.VERSIONS, Kind.DOWNLOAD):
            reply = self._reply(asked, caller, manner)
            answer = self._made(reply.response(), public=reply.public, until=reply.until, version_id=reply.version_id)
            about, token_id = (reply.namespace_id, reply.module_id), caller.token_id if caller else None
        else:
            facts, token_id = self._archive(asked, caller)
            public = asked.kind is Kind.PUBLIC_ARCHIVE
            response = Response(headers=headers_of(facts, public=public))
            answer = self._made(response, public=public, until=facts.until, archive=facts)
            about = facts.namespace_id, facts.module_id
        tags = [tag("namespace", about[0]), tag("module", about[1])]
        if not answer.public and token_id is not None:
            tags.append(tag("token", token_id))
        # A signed location is the proof itself: whoever has it may have the bytes.
        owner = "" if answer.public or asked.kind is Kind.SIGNED_ARCHIVE else token_id
        if owner is not None:
            size = len(answer.body) + _OVERHEAD
            self._kept.put((asked.path, owner, manner), answer, tuple(tags), size, ticket)
        return answer

    def _reply(self, asked: Asked, caller: Principal | None, manner: Manner) -> Reply:
        parts = [unquote(part) for part in asked.path.decode("latin-1").removeprefix(MODULES_PATH).split("/")]
        with self._database.read() as session:
            if asked.kind is Kind.VERSIONS:
                namespace, name, system, _ = parts
                return self._protocol.versions_of(session, catalog.parse_address(namespace, name, system), caller)
            namespace, name, system, version, _ = parts
            address = catalog.parse_address(namespace, name, system)
            return self._protocol.download_of(session, address, version, caller, manner)

    def _archive(self, asked: Asked, caller: Principal | None) -> tuple[ArchiveFacts, str | None]:
        parts = asked.path.decode("ascii").split("/")[3:]  # after /archives/KIND/
        if asked.kind is Kind.SIGNED_ARCHIVE:
            expires, token_id, signature, file = parts
            return self._archives.signed_of(expires, token_id, signature, file), token_id
        (file,) = parts
        if asked.kind is Kind.PUBLIC_ARCHIVE:
            return self._archives.public_of(file), None
        return self._archives.private_of(file, caller), caller.token_id if caller else None

    async def _load(self, archive: ArchiveFacts) -> ArchiveBytes:
        """The bytes of a small archive, once for all who wait for them."""
        kept = self._bytes.get(archive.sha256)
        if kept is not None:
            return kept

        def load() -> ArchiveBytes:
            ticket = self._bytes.ticket()
            data = ArchiveBytes(self._archives.whole(archive))
            self._bytes.put(archive.sha256, data, (), len(data), ticket)
            return data

        try:
            return await self._loads.join(archive.sha256, load, self._patience)
        except TimeoutError:
            raise Transient("the storage does not answer", _RETRY_SECONDS) from None

    def _made(
        self,
        response: Response,
        *,
        public: bool,
        until: datetime | None = None,
        version_id: str | None = None,
        archive: ArchiveFacts | None = None,
    ) -> Answer:
        headers = [*response.raw_headers, *self._headers]
        if any(_CONTROL.search(part) for pair in headers for part in pair):
            raise ValueError("a header would hold a control character")
        head = b"".join(b"%b: %b\r\n" % pair for pair in headers) + b"\r\n"
        return Answer(headers, head, bytes(response.body), public, until, version_id, archive)

    def client(self, agent: bytes) -> tuple[Manner, Client]:
        """What a User-Agent tells; remembered, since there are few."""
        agent = agent[: clients.LOOKED_AT]
        known = self._agents.get(agent)
        if known is None:
            text = agent.decode("latin-1")
            known = clients.manner(text), clients.identify(text)
            if len(self._agents) >= _MOST_AGENTS:
                self._agents.clear()
            self._agents[agent] = known
        return known

    def _forget(self, tags: Collection[str] | None) -> None:
        self._callers.forget(tags)
        self._kept.evict(tags)


def _is_shaped(asked: Asked) -> bool:
    """Whether the path has as many parts as such a path has."""
    return asked.path.count(b"/") == _SLASHES[asked.kind] and (asked.kind in _RAW or b"%" not in asked.path)


_SENT_ON = {Kind.PUBLIC_ARCHIVE: True, Kind.SIGNED_ARCHIVE: False}
# The routes of modules take a path as it was sent, those of archives take it decoded.
_RAW = frozenset({Kind.VERSIONS, Kind.DOWNLOAD})
_SLASHES = {
    Kind.VERSIONS: 6,
    Kind.DOWNLOAD: 7,
    Kind.PUBLIC_ARCHIVE: 3,
    Kind.SIGNED_ARCHIVE: 6,
    Kind.PRIVATE_ARCHIVE: 3,
}
_ANY_AGENT = (Manner.RELATIVE, clients.OTHER)
