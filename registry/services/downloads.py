"""Download locations: public ones named by digest alone, private ones signed for one token and for two minutes at most.

Terraform sends no token for an archive, so a private location must carry its own proof; it stands in the path,
because clients re-encode and sort the query. Refuses whatever it did not sign itself. A namespace may let the clients
that can do so bring their token instead.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

import accounts.models
from accounts import tokens
from accounts.permissions import SignInRequiredError
from accounts.tokens import Principal
from core.errors import UserError
from registry import models
from registry.services.catalog import ServedVersion
from registry.services.clients import Manner
from registry.version_states import SERVED

PUBLIC_PATH = "/archives/sha256/"
SIGNED_PATH = "/archives/signed/"
PRIVATE_PATH = "/archives/private/"

# One location for every caller within a window, so that caches and OpenTofu's package reuse work; it lives to the end
# of the window after: 60 to 120 seconds.
WINDOW_SECONDS = 60


class UnknownArchiveError(UserError):
    """No such archive, or not at this address, or not any more."""

    def __init__(self) -> None:
        super().__init__(
            "Archive not found: the location of a private one is good for two minutes at most. Ask `download` again."
        )


@dataclass(frozen=True)
class ArchiveFacts:
    """What must be served: the digest and the number of bytes that were published, and by whom.

    `until` is when whoever asked may no longer have it, if nothing else happens before; None is never.
    """

    sha256: str
    size: int
    module_id: str
    namespace_id: str
    until: datetime | None = None


@dataclass(frozen=True)
class DownloadAnswer:
    """Where the archive is, for the header and the body alike; `by_token` says that the client must bring its token.

    From `until` on the answer is another one; None: it stays the same.
    """

    location: str
    by_token: bool = False
    until: datetime | None = None


def answer(
    version: ServedVersion, principal: Principal | None, key: bytes, now: datetime, *, manner: Manner, base_url: str
) -> DownloadAnswer:
    """The location as this client can follow it (R12, R13). `base_url` is ours; for who resolves nothing."""
    by_token = version.registry_credentials and not version.public and principal is not None
    if by_token and manner is Manner.CREDENTIALS:
        # A plain address: this client strips no arguments, so there is no checksum it would look at.
        return DownloadAnswer(f"{PRIVATE_PATH}{version.sha256}.tar.gz", by_token=True)
    relative = location(version, principal, key, now)
    until = None if version.public else window(now)[0] + timedelta(seconds=WINDOW_SECONDS)
    return DownloadAnswer(base_url + relative if manner is Manner.ABSOLUTE else relative, until=until)


def location(version: ServedVersion, principal: Principal | None, key: bytes, now: datetime) -> str:
    """Where the client finds the archive, with the checksum it shall hold it to. Relative to the registry's host."""
    if version.public:
        path = f"{PUBLIC_PATH}{version.sha256}.tar.gz"
    elif principal is not None:
        path = signed_path(key, principal.token_id, version.sha256, now)
    else:
        raise SignInRequiredError
    return f"{path}?archive=tar.gz&checksum=sha256:{version.sha256}"


def signing_key(secret_key: str) -> bytes:
    """The key for archive locations: derived, so that no other use of the secret can be played against it."""
    return hmac.new(secret_key.encode(), b"terrasmith archive location v1", hashlib.sha256).digest()


def signed_path(key: bytes, token_id: str, sha256: str, now: datetime) -> str:
    """The path of a private archive, the same within one window."""
    begins, seconds = window(now)
    expires = int(begins.timestamp()) + seconds
    return f"{SIGNED_PATH}{expires}/{token_id}/{_signature(key, expires, token_id, sha256)}/{sha256}.tar.gz"


def window(now: datetime) -> tuple[datetime, int]:
    """When the present window began, and for how many seconds from then an address of it lives: 60 to 120 from now."""
    begins = int(now.timestamp()) // WINDOW_SECONDS * WINDOW_SECONDS
    return datetime.fromtimestamp(begins, UTC), 2 * WINDOW_SECONDS


def check_signature(key: bytes, expires: str, token_id: str, signature: str, sha256: str, now: datetime) -> datetime:
    """Accept what `signed_path` made and time has not ended; says when it will. Raises UnknownArchiveError."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
        raise UnknownArchiveError
    expected = _signature(key, int(expires), token_id, sha256)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
        raise UnknownArchiveError
    if now.timestamp() >= int(expires):
        raise UnknownArchiveError
    return datetime.fromtimestamp(int(expires), UTC)


def public_archive(session: Session, sha256: str) -> ArchiveFacts:
    """The archive of a version that everybody may have. Raises UnknownArchiveError, also for a private digest."""
    found = session.execute(
        _archive(sha256)
        .join(accounts.models.Namespace, accounts.models.Namespace.id == models.Module.namespace_id)
        .where(accounts.models.Namespace.visibility == "public")
    ).first()
    return _found(sha256, found)


def signed_archive(session: Session, token_id: str, sha256: str) -> ArchiveFacts:
    """The archive for the holder of this token: it must still be live, and still be allowed."""
    until = tokens.live_until(session, token_id)
    if until is None:
        raise UnknownArchiveError
    found = session.execute(
        _archive(sha256)
        .join(accounts.models.Token, accounts.models.Token.namespace_id == models.Module.namespace_id)
        .where(accounts.models.Token.id == token_id)
    ).first()
    return _found(sha256, found, until)


def _archive(sha256: str) -> Select[int, str, str]:
    return (
        select(models.Version.size, models.Module.id, models.Module.namespace_id)
        .join(models.Module, models.Module.id == models.Version.module_id)
        .where(models.Version.sha256 == sha256)
        .where(models.Version.state.in_(SERVED))
        .limit(1)
    )


def _found(sha256: str, row: Row[int, str, str] | None, until: datetime | None = None) -> ArchiveFacts:
    if row is None:
        raise UnknownArchiveError
    size, module_id, namespace_id = row
    return ArchiveFacts(sha256, size, module_id, namespace_id, until)


def _signature(key: bytes, expires: int, token_id: str, sha256: str) -> str:
    return hmac.new(key, f"{expires}\n{token_id}\n{sha256}".encode(), hashlib.sha256).hexdigest()
