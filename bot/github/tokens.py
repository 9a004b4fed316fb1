"""Installation tokens, shared by all processes through Redis and encrypted there. Knows how long a token lives and that
one process asks for it on behalf of all. Refuses to depend on Redis: without it, each process asks for its own.
"""

import hashlib
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken

from core import clock
from core.log import get_logger
from core.redis import Redis, RedisError
from core.settings import Settings

MARGIN_SECONDS = 60.0
LOCK_SECONDS = 15
_POLL_SECONDS = 0.05

_log = get_logger(__name__)


@dataclass(frozen=True)
class Token:
    """A token as GitHub gave it. It shows itself to nobody who prints it."""

    value: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at.isoformat()})"

    @property
    def seconds_left(self) -> float:
        """Until it should no longer be used: a minute before GitHub drops it."""
        return (self.expires_at - clock.now()).total_seconds() - MARGIN_SECONDS


class TokenCache:
    """One per process. `redis` None, or a Redis that is down, means that tokens are kept in this process only."""

    def __init__(self, redis: Redis | None, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._redis = redis
        self._sleep = sleep
        self._fernet = _fernet(settings.secret_key.get_secret_value() if settings.secret_key else None)
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def get(self, name: str, mint: Callable[[], Token]) -> str:
        """The token called `name`: from here, from Redis, or newly asked for by one process at a time."""
        with self._lock:
            token = self._tokens.get(name)
            if token is None or token.seconds_left <= 0:
                token = self._tokens[name] = self._shared(name, mint)
            return token.value

    def evict(self, name: str, value: str) -> None:
        """Forget a token that GitHub refused, unless a newer one has taken its place."""
        with self._lock:
            if name in self._tokens and self._tokens[name].value == value:
                del self._tokens[name]
            if self._redis is None:
                return
            try:
                stored = self._read(self._redis, name)
                if stored is not None and stored.value == value:
                    self._redis.delete(_key(name))
            except RedisError as error:
                _log.warning("token not evicted from redis", error=type(error).__name__)

    def _shared(self, name: str, mint: Callable[[], Token]) -> Token:
        if self._redis is None:
            return mint()
        lock, owner = f"{_key(name)}:lock", secrets.token_hex(8)
        mine = False
        try:
            stored = self._read(self._redis, name)
            if stored is not None:
                return stored
            mine = bool(self._redis.set(lock, owner, nx=True, ex=LOCK_SECONDS))
            if not mine and (waited := self._wait(self._redis, name, lock)) is not None:
                return waited
        except RedisError as error:
            _log.warning("tokens are not shared", error=type(error).__name__)
            return mint()
        token = None
        try:
            token = mint()
        finally:
            self._hand_over(self._redis, name, token, lock if mine else None, owner)
        return token

    def _wait(self, redis: Redis, name: str, lock: str) -> Token | None:
        """Another process is asking: take its token, or None when it gave up or takes too long."""
        for _ in range(int(LOCK_SECONDS / _POLL_SECONDS)):
            self._sleep(_POLL_SECONDS)
            if (stored := self._read(redis, name)) is not None:
                return stored
            if not redis.exists(lock):
                return None
        return None

    def _hand_over(self, redis: Redis, name: str, token: Token | None, lock: str | None, owner: str) -> None:
        try:
            if token is not None and token.seconds_left >= 1:
                redis.set(_key(name), self._fernet.encrypt(_packed(token)), ex=int(token.seconds_left))
            if lock is not None and redis.get(lock) == owner.encode():
                redis.delete(lock)
        except RedisError as error:
            _log.warning("token not shared", error=type(error).__name__)

    def _read(self, redis: Redis, name: str) -> Token | None:
        stored = redis.get(_key(name))
        if not isinstance(stored, bytes):
            return None
        try:
            token = _unpacked(self._fernet.decrypt(stored))
        except (InvalidToken, ValueError):
            return None  # written under another secret key: as good as absent
        return token if token.seconds_left > 0 else None


def _key(name: str) -> str:
    return f"terrasmith:github-token:{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _packed(token: Token) -> bytes:
    return f"{token.expires_at.timestamp()} {token.value}".encode()


def _unpacked(data: bytes) -> Token:
    moment, _, value = data.decode().partition(" ")
    return Token(value, datetime.fromtimestamp(float(moment), UTC))


def _fernet(secret_key: str | None) -> Fernet:
    """The key comes from the secret key under a label of its own; without one, only this process can read."""
    secret = secret_key.encode() if secret_key else secrets.token_bytes(32)
    return Fernet(urlsafe_b64encode(hashlib.sha256(b"terrasmith github installation tokens\0" + secret).digest()))
