"""Registry tokens: made, shown once, kept as a SHA-256, recognised, revoked.

Refuses a mistyped one without asking the database.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from accounts import audit, models, namespaces
from core import clock
from core.errors import UserError
from core.ids import new_id

Allow = Literal["read", "publish"]

PREFIX = "tsm_"
_RANDOM, _CHECKSUM = 30, 6
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")
_LONGEST = timedelta(days=366)
_NOTED_EVERY = timedelta(hours=1)


class UnknownTokenError(UserError):
    """No token has this id."""

    def __init__(self, token_id: str) -> None:
        super().__init__(f"There is no token `{token_id}`: `terrasmith token list` shows the ids.")
        self.token_id = token_id


class TokenLifetimeError(UserError):
    """A token must end, and within a year."""

    def __init__(self, asked: timedelta) -> None:
        super().__init__(f"A token lives for more than nothing and at most {_LONGEST.days} days.")
        self.asked = asked


@dataclass(frozen=True)
class Token:
    """What may be known of a token after its secret was shown."""

    id: str
    name: str
    namespace: str
    allow: Allow
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Principal:
    """Who asks: the holder of a token that lives until `expires_at`, unless it is revoked."""

    token_id: str
    name: str
    namespace_id: str
    namespace: str
    allow: Allow
    last_used_at: datetime | None
    expires_at: datetime

    @property
    def actor(self) -> str:
        """As the audit writes it."""
        return f"token:{self.token_id}"

    def may_read(self, namespace_id: str) -> bool:
        return self.namespace_id == namespace_id

    def may_publish(self, namespace_id: str) -> bool:
        return self.namespace_id == namespace_id and self.allow == "publish"

    def use_is_stale(self, now: datetime) -> bool:
        """Whether `last_used_at` should be written again; once an hour is enough."""
        return self.last_used_at is None or now - self.last_used_at >= _NOTED_EVERY


def create(
    session: Session, name: str, namespace: str, allow: Allow, expires_in: timedelta, *, actor: str = audit.OPERATOR
) -> tuple[Token, str]:
    """A new token and its secret, which nobody can show again.

    Raises UnknownNamespaceError and TokenLifetimeError.
    """
    if not timedelta(0) < expires_in <= _LONGEST:
        raise TokenLifetimeError(expires_in)
    home = namespaces.get(session, namespace)
    secret = _new_secret()
    row = models.Token(
        id=new_id("tok"),
        name=name,
        namespace_id=home.id,
        hash=_hash(secret),
        allow=allow,
        created_at=clock.now(),
        expires_at=clock.now() + expires_in,
    )
    session.add(row)
    detail = {"name": name, "namespace": home.name, "allow": allow, "expires_at": row.expires_at.isoformat()}
    audit.record(session, actor, "token.create", f"token:{row.id}", detail)
    session.flush()
    return _value(row, home.name), secret


def is_well_formed(text: str) -> bool:
    """Whether this can be a token of ours at all: prefix, alphabet, checksum. Asks no database."""
    return bool(_SHAPE.fullmatch(text)) and _checksum(text[:-_CHECKSUM]) == text[-_CHECKSUM:]


def authenticate(session: Session, text: str) -> Principal | None:
    """The holder of this secret; None where it is mistyped, unknown, expired or revoked. Writes nothing."""
    if not is_well_formed(text):
        return None
    found = session.execute(
        select(models.Token, models.Namespace.name)
        .join(models.Namespace, models.Namespace.id == models.Token.namespace_id)
        .where(models.Token.hash == _hash(text))
    ).first()
    if found is None or not _is_live(found[0]):
        return None
    row, namespace = found
    return _principal(row, namespace)


def holder(session: Session, token_id: str) -> Principal | None:
    """Who holds the token of this id, for work done in their name; None where it is expired, revoked or unknown."""
    row = session.get(models.Token, token_id)
    if row is None or not _is_live(row):
        return None
    namespace = session.get_one(models.Namespace, row.namespace_id)
    return _principal(row, namespace.name)


def live_until(session: Session, token_id: str) -> datetime | None:
    """How long the token still opens doors; None where it opens none."""
    row = session.get(models.Token, token_id)
    return row.expires_at if row is not None and _is_live(row) else None


def note_use(session: Session, token_id: str) -> None:
    """Write down that the token was used, at most once an hour. Belongs after the answer, never before it."""
    now = clock.now()
    session.execute(
        update(models.Token)
        .where(models.Token.id == token_id)
        .where(or_(models.Token.last_used_at.is_(None), models.Token.last_used_at <= now - _NOTED_EVERY))
        .values(last_used_at=now)
    )


def list_all(session: Session) -> tuple[Token, ...]:
    """Every token, oldest first, without secrets."""
    rows = session.execute(
        select(models.Token, models.Namespace.name)
        .join(models.Namespace, models.Namespace.id == models.Token.namespace_id)
        .order_by(models.Token.created_at, models.Token.id)
    )
    return tuple(_value(row, namespace) for row, namespace in rows)


def revoke(session: Session, token_id: str, *, actor: str = audit.OPERATOR) -> Token:
    """End a token now. A second time changes nothing. Raises UnknownTokenError."""
    row = session.get(models.Token, token_id)
    if row is None:
        raise UnknownTokenError(token_id)
    namespace = session.get_one(models.Namespace, row.namespace_id)
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        audit.record(session, actor, "token.revoke", f"token:{row.id}", {"name": row.name})
        session.flush()
    return _value(row, namespace.name)


def _new_secret() -> str:
    body = PREFIX + "".join(secrets.choice(_BASE62) for _ in range(_RANDOM))
    return body + _checksum(body)


def _checksum(body: str) -> str:
    """CRC32 in base 62, six characters, as GitHub does: scanners tell a real token from a random string by it."""
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        value, digit = divmod(value, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits


def _hash(secret: str) -> str:
    # 178 random bits need no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()


def _is_live(row: models.Token) -> bool:
    return row.revoked_at is None and row.expires_at > clock.now()


def _principal(row: models.Token, namespace: str) -> Principal:
    return Principal(
        row.id, row.name, row.namespace_id, namespace, _allow(row), row.last_used_at, expires_at=row.expires_at
    )


def _allow(row: models.Token) -> Allow:
    # Whatever else might stand there opens the smaller door.
    return "publish" if row.allow == "publish" else "read"


def _value(row: models.Token, namespace: str) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        namespace=namespace,
        allow=_allow(row),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
