"""Uploads: an archive sent by API, from its receipt to a version or a refusal. One upload at a time for each version.

Knows rows only; the bytes lie in the storage's staging area under `Upload.staging_key`. Refuses another namespace than
the token's, a key that was used for something else, and other bytes for a version that is taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from accounts import audit, namespaces, tokens
from accounts.namespaces import Namespace
from accounts.tokens import Principal
from core import clock, outbox
from core.errors import UserError
from core.events import UploadReceived
from registry import models
from registry.services import publishing
from registry.services.lifecycle import ForeignNamespaceError
from registry.services.publishing import Published
from registry.services.refusals import NamespaceClosedError, VersionTakenError
from registry.storage.port import INCOMING
from registry.upload_states import SETTLED, UNDER_WAY, UPLOAD_TRANSITIONS
from tfmodule.address import Address
from tfmodule.version import Version


class KeyReusedError(UserError):
    """An idempotency key stands for one upload of one archive."""

    def __init__(self, first: str) -> None:
        super().__init__(
            f"This Idempotency-Key was used before, for other bytes or another version ({first}). "
            "Send a new key with something new."
        )
        self.first = first


class UploadUnderWayError(UserError):
    """Other bytes are on their way to this very version."""

    def __init__(self, address: str, version: str, upload_id: str) -> None:
        super().__init__(
            f"Another archive is being published as `{address}` {version} at this moment (upload {upload_id}). "
            "Wait for its end, or release another version."
        )
        self.address, self.version, self.upload_id = address, version, upload_id


class UnknownUploadError(UserError):
    """No such upload, or not in a namespace of this token."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            "Upload not found: there is none of this number in the namespace that your token publishes into. Its "
            "address is the `Location` that came when it was sent. What was refused is forgotten after ninety days; "
            "send the archive again."
        )
        self.upload_id = upload_id


class PublisherGoneError(UserError):
    """Whoever sent the upload may not publish any more."""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """An archive whose bytes are staged: for which version, and what they are."""

    id: str
    address: Address
    version: Version
    idempotency_key: str | None
    body_sha256: str
    body_size: int


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One upload as others see it."""

    id: str
    namespace_id: str
    address: Address
    version: Version
    token_id: str
    state: str
    reason: str | None
    body_sha256: str
    body_size: int
    left_out: int | None
    sha256: str | None
    h1: str | None
    size: int | None
    report: Mapping[str, Any] | None
    version_id: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def under_way(self) -> bool:
        """Whether its state can be waited for."""
        return self.state in UNDER_WAY

    @property
    def staging_key(self) -> str:
        return staging_key(self.id)


@dataclass(frozen=True)
class Receipt:
    """The upload that answers a request. Not `fresh`: it was there before, and the newly staged bytes can go.

    `same_bytes` is False only where other bytes were sent for a published version: they may hold the same files.
    """

    upload: Upload
    fresh: bool = False
    same_bytes: bool = True


def staging_key(upload_id: str) -> str:
    """Where the bytes of an upload lie until it is settled."""
    return f"{INCOMING}{upload_id}"


def admit(session: Session, principal: Principal, address: Address) -> Address:
    """The address to publish under, before a byte is read: spelled as the module is, where there is one.

    Raises ForeignNamespaceError, NamespaceClosedError, SourceMixedError and ModuleTakenError.
    """
    namespace = namespaces.find(session, address.namespace)
    if namespace is None or not principal.may_publish(namespace.id):
        raise ForeignNamespaceError(address.namespace, principal.namespace)
    _require_open(namespace)
    name = publishing.refuse_foreign(session, namespace, address) or address.name
    return Address(namespace.name, name, address.system)


def receive(session: Session, principal: Principal, incoming: Incoming) -> Receipt:
    """Take a staged archive on, or find the upload that was there first.

    Raises KeyReusedError, UploadUnderWayError and VersionTakenError.
    """
    for _ in range(3):
        earlier = _by_key(session, principal, incoming) or _by_claim(session, principal, incoming)
        if earlier is not None:
            return earlier
        row = _new_row(principal, incoming)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            continue  # somebody was faster, and has committed
        detail = {"version": row.version, "sha256": row.body_sha256, "size": row.body_size}
        audit.record(session, principal.actor, "upload.receive", f"upload:{row.id}", detail)
        outbox.record(session, UploadReceived(upload_id=row.id))
        return Receipt(_value(session, row), fresh=True)
    raise UploadUnderWayError(str(incoming.address), str(incoming.version), "another")


def _by_key(session: Session, principal: Principal, incoming: Incoming) -> Receipt | None:
    if incoming.idempotency_key is None:
        return None
    row = session.scalar(
        select(models.Upload)
        .where(models.Upload.namespace_id == principal.namespace_id)
        .where(models.Upload.idempotency_key == incoming.idempotency_key)
    )
    if row is None:
        return None
    first = _value(session, row)
    wanted = (incoming.address.key, str(incoming.version), incoming.body_sha256)
    if wanted != (first.address.key, row.version, row.body_sha256):
        raise KeyReusedError(f"`{first.address}` {row.version}")
    return Receipt(first)


def _by_claim(session: Session, principal: Principal, incoming: Incoming) -> Receipt | None:
    claim = _claim(principal.namespace_id, incoming.address, incoming.version)
    row = session.scalar(select(models.Upload).where(models.Upload.claim == claim))
    if row is None:
        return None
    holder = _value(session, row)
    same = row.version == str(incoming.version) and holder.address.key == incoming.address.key
    if same and row.body_sha256 == incoming.body_sha256:
        return Receipt(holder)
    if holder.under_way:
        raise UploadUnderWayError(str(holder.address), row.version, row.id)
    if not same:
        raise VersionTakenError(str(incoming.address), str(incoming.version), row.version)
    return Receipt(holder, same_bytes=False)


def find(session: Session, upload_id: str, principal: Principal) -> Upload:
    """One upload of the token's namespace. Raises UnknownUploadError."""
    row = session.get(models.Upload, upload_id) if upload_id.isprintable() else None
    if row is None or not principal.may_publish(row.namespace_id):
        raise UnknownUploadError(upload_id)
    return _value(session, row)


def resume(session: Session, upload_id: str) -> Upload:
    """The upload a job is to work on. One that had failed starts anew, unless its version has gone to another."""
    row = session.get_one(models.Upload, upload_id)
    if row.state == "failed":
        upload = _value(session, row)
        _move(row, "received", reason=None, report=None)
        try:
            with session.begin_nested():
                row.claim = _claim(row.namespace_id, upload.address, upload.version)
        except IntegrityError:
            session.refresh(row)
            _move(row, "refused", reason="Another upload has taken this version in the meantime.")
    session.flush()
    return _value(session, row)


def require_publisher(session: Session, upload: Upload) -> Namespace:
    """The namespace, if the token that sent the upload may still publish there. Raises PublisherGoneError."""
    namespace = namespaces.find_by_id(session, upload.namespace_id)
    holder = tokens.holder(session, upload.token_id)
    if holder is None or not holder.may_publish(upload.namespace_id):
        raise PublisherGoneError("The token that sent this upload was revoked or has expired since.")
    if namespace is None or not namespace.accepts_versions:
        raise PublisherGoneError(f"The namespace `{upload.address.namespace}` takes no versions any more.")
    return namespace


def note_unpacked(session: Session, upload_id: str, *, sha256: str, h1: str, size: int, left_out: int) -> None:
    """The archive could be read: this is the canonical archive of its module."""
    row = session.get_one(models.Upload, upload_id)
    _move(row, "unpacked", sha256=sha256, h1=h1, size=size, left_out=left_out)


def note_judged(session: Session, upload_id: str, report: Mapping[str, Any]) -> None:
    """The gate let it pass; once more, where what it had said no longer held."""
    row = session.get_one(models.Upload, upload_id)
    if row.state in ("judged", "stored"):
        row.report, row.updated_at = dict(report), clock.now()
    else:
        _move(row, "judged", report=dict(report))


def note_stored(session: Session, upload_id: str) -> None:
    """The archive lies under its digest."""
    _move(session.get_one(models.Upload, upload_id), "stored")


def note_published(session: Session, upload_id: str, published: Published) -> None:
    """The version is visible."""
    _move(session.get_one(models.Upload, upload_id), "published", version_id=published.id)


def refuse(session: Session, upload_id: str, reason: str, report: Mapping[str, Any] | None = None) -> None:
    """It will never be a version; the publisher reads why. Its version is free again."""
    row = session.get_one(models.Upload, upload_id)
    _move(row, "refused", reason=reason, report=dict(report) if report else row.report, claim=None)
    audit.record(session, audit.SYSTEM, "upload.refuse", f"upload:{row.id}", {"reason": reason[:500]})


def fail(session: Session, upload_id: str, reason: str, report: Mapping[str, Any] | None = None) -> None:
    """We could not do it; an operator may have it tried again. One that is settled or has failed stays as it is."""
    row = session.get(models.Upload, upload_id)
    if row is not None and row.state in UNDER_WAY:
        _move(row, "failed", reason=reason, report=dict(report) if report else row.report, claim=None)


def give_up(session: Session, before: datetime) -> int:
    """Refuse what failed before this moment and was never tried again. Returns how many."""
    rows = session.scalars(
        select(models.Upload).where(models.Upload.state == "failed", models.Upload.updated_at < before)
    ).all()
    for row in rows:
        refuse(session, row.id, f"{row.reason or 'It failed'} Nobody had it tried again; send it anew.")
    return len(rows)


def settled(session: Session, keys: Iterable[str]) -> tuple[str, ...]:
    """Which of these staged objects nobody needs any more: of settled uploads, and of requests that never ended."""
    by_id = {key.removeprefix(INCOMING): key for key in keys}
    needed = session.scalars(
        select(models.Upload.id).where(models.Upload.id.in_(by_id), models.Upload.state.not_in(SETTLED))
    )
    return tuple(by_id[one] for one in by_id.keys() - set(needed))


def prune(session: Session, before: datetime) -> None:
    """Forget refusals of before this moment. A published upload stays: it answers whoever sends its bytes again."""
    session.execute(delete(models.Upload).where(models.Upload.state == "refused", models.Upload.updated_at < before))


def _require_open(namespace: Namespace) -> None:
    if not namespace.accepts_versions:
        raise NamespaceClosedError(namespace.name, f"it is {namespace.state}")


def _claim(namespace_id: str, address: Address, version: Version) -> str:
    return f"{namespace_id}/{namespaces.name_key(address.name)}/{address.system}/{version.precedence_key}"


def _new_row(principal: Principal, incoming: Incoming) -> models.Upload:
    now = clock.now()
    return models.Upload(
        id=incoming.id,
        namespace_id=principal.namespace_id,
        token_id=principal.token_id,
        name=incoming.address.name,
        system=incoming.address.system,
        version=str(incoming.version),
        claim=_claim(principal.namespace_id, incoming.address, incoming.version),
        idempotency_key=incoming.idempotency_key,
        body_sha256=incoming.body_sha256,
        body_size=incoming.body_size,
        state="received",
        created_at=now,
        updated_at=now,
    )


def _move(row: models.Upload, state: str, **values: Any) -> None:
    if state not in UPLOAD_TRANSITIONS[row.state]:
        raise RuntimeError(f"upload {row.id} is {row.state} and cannot become {state}")
    row.state, row.updated_at = state, clock.now()
    for name, value in values.items():
        setattr(row, name, value)


def _value(session: Session, row: models.Upload) -> Upload:
    namespace = namespaces.find_by_id(session, row.namespace_id)
    assert namespace is not None, "a foreign key holds it"
    return Upload(
        id=row.id,
        namespace_id=row.namespace_id,
        address=Address(namespace.name, row.name, row.system),
        version=Version.parse(row.version),
        token_id=row.token_id,
        state=row.state,
        reason=row.reason,
        body_sha256=row.body_sha256,
        body_size=row.body_size,
        left_out=row.left_out,
        sha256=row.sha256,
        h1=row.h1,
        size=row.size,
        report=row.report,
        version_id=row.version_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
