"""Who holds which token, for the hot path: known by a digest of what they send, asked of the database where it is not.

Refuses to keep a token's text, and to vouch for one that has expired or whose row has changed.
"""

import hashlib
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import tokens
from accounts.http import bearer
from accounts.tokens import Principal
from core.cache import Flights, TaggedCache
from core.changes import tag
from core.db import Database
from core.errors import TerrasmithError
from core.log import get_logger

_log = get_logger(__name__)

_MOST = 20_000
_AGAIN = timedelta(hours=1)
"""How often the use of a token is looked at again, to be written down."""


@dataclass(slots=True)
class _Caller:
    principal: Principal
    look_at: datetime
    """When it expires, or its use has to be written down."""


class Callers:
    """The holders of live tokens, by the `Authorization` header they send."""

    def __init__(self, database: Database, executor: Executor, now: Callable[[], datetime]) -> None:
        self._database, self._executor, self._now = database, executor, now
        self._known: TaggedCache[bytes, _Caller] = TaggedCache(_MOST)
        self._sign_ins: Flights[Principal | None] = Flights(executor)

    def known(self, authorization: bytes) -> Principal | None:
        """Who that is, from memory. Only for as long as changes are heard of."""
        caller = self._known.get(_digest(authorization))
        if caller is None:
            return None
        now = self._now()
        if caller.look_at <= now:
            if caller.principal.expires_at <= now:
                return None
            caller.look_at = min(now + _AGAIN, caller.principal.expires_at)
            self._executor.submit(self._note_use, caller.principal)
        return caller.principal

    async def sign_in(self, authorization: bytes, patience: float) -> Principal | None:
        """Who that is, as the database says now; None is a stranger. Raises Transient and TimeoutError."""
        # The same text is taken out of the header as the guard of the routes takes.
        text = bearer(authorization.decode("latin-1"))
        if text is None:
            return None
        digest = _digest(authorization)
        principal = await self._sign_ins.join(digest, lambda: self._read(digest, text), patience)
        if principal is not None and principal.use_is_stale(self._now()):
            self.known(authorization)
        return principal

    def forget(self, tags: Collection[str] | None) -> None:
        """What was known under these tags may be wrong."""
        self._known.evict(tags)

    def _read(self, digest: bytes, text: str) -> Principal | None:
        ticket = self._known.ticket()
        with self._database.read() as session:
            principal = tokens.authenticate(session, text)
        if principal is not None:
            tags = (tag("token", principal.token_id), tag("namespace", principal.namespace_id))
            now = self._now()
            caller = _Caller(principal, now if principal.use_is_stale(now) else min(now + _AGAIN, principal.expires_at))
            self._known.put(digest, caller, tags, 1, ticket)
        return principal

    def _note_use(self, principal: Principal) -> None:
        try:
            with self._database.unit_of_work() as session:
                tokens.note_use(session, principal.token_id)
        except TerrasmithError as error:
            _log.warning("the use of a token was not written down", token=principal.token_id, error=str(error))


def _digest(authorization: bytes) -> bytes:
    # For so few bytes half the time of SHA-256, whose maker looks it up by name each time.
    return hashlib.blake2s(authorization).digest()
