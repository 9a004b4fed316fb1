"""Publication: from files to a version that never changes. Refuses other bytes, another source, another owner.

Prepare and store the archive first; `publish` then makes it visible, in the caller's transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from accounts import audit, namespaces
from accounts.namespaces import Namespace
from core import clock, outbox
from core.events import VersionPublished
from core.ids import new_id
from registry import models
from registry.services import archive_claims, dependencies, latest, provenance, steps
from registry.services.lookalikes import refuse_lookalike
from registry.services.moving import FolderMovedError
from registry.services.provenance import NOTHING_KNOWN, Archive, Origin, Source, StepAllowed
from registry.services.refusals import (
    REPOSITORY,
    UPLOADS,
    ModuleTakenError,
    NamespaceClosedError,
    SourceMixedError,
    VersionQuarantinedError,
    VersionRemovedError,
    VersionTakenError,
    WouldExposeError,
)
from registry.services.sweeping import require_whole
from registry.storage.port import Storage, archive_key
from registry.version_states import PUBLISHED, QUARANTINED, TOMBSTONE
from tfmodule import archive
from tfmodule.address import Address
from tfmodule.contents import Contents
from tfmodule.needs import Need
from tfmodule.version import Version

_T = TypeVar("_T")


@dataclass(frozen=True)
class PreparedArchive:
    """The canonical archive of a module. The same files always give the same bytes."""

    data: bytes
    sha256: str
    h1: str

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True, kw_only=True)
class PublishVersion:
    """All that a version is made of. `account_id` is the numeric id of the repository's owner on GitHub.

    What was uploaded has no repository, no commit and no tag; its account is that of its namespace. `path` is the
    module's folder in the repository, empty for the root. `claim` is what `archive_claims` gave before the archive was
    stored; without it the caller answers for it that nobody collects archives.
    """

    address: Address
    version: Version
    tag: str | None = None
    commit_sha: str | None = None
    repository_id: int | None = None
    path: str = ""
    account_id: int
    source_url: str = ""
    source_is_private: bool = False
    sha256: str
    h1: str
    size: int
    contents: Contents
    needs: tuple[Need, ...] = ()
    report: Mapping[str, Any]
    origin: Origin = NOTHING_KNOWN
    actor: str = audit.SYSTEM
    claim: str | None = None

    @property
    def source(self) -> str:
        """What the module is bound to."""
        return UPLOADS if self.repository_id is None else REPOSITORY


@dataclass(frozen=True)
class Published:
    """A version that everybody who may can install. `again` says that it was there before."""

    id: str
    address: Address
    version: str
    sha256: str
    h1: str
    size: int
    repository_id: int | None
    commit_sha: str | None
    tag: str | None
    published_at: datetime
    again: bool = False


def prepare(source: bytes | Iterable[archive.Entry], *, strip_root: bool = False) -> PreparedArchive:
    """The canonical archive of these files, or of an archive somebody else made.

    `strip_root` drops the one folder that GitHub wraps its tarballs in. Raises ArchiveError.
    """
    entries = archive.unpack(source, strip_root=strip_root) if isinstance(source, bytes) else tuple(source)
    data = archive.pack(entries)
    return PreparedArchive(data, archive.sha256(data), archive.h1(entries))


def store(storage: Storage, prepared: PreparedArchive) -> None:
    """Keep the archive under its digest, and read it back. Comes before `publish`, and after its claim is committed.

    Raises ObjectDiffersError and ObjectMissingError for a storage that does not give back what it took (F-17).
    """
    storage.put(archive_key(prepared.sha256), prepared.data)
    require_whole(storage, prepared.sha256, prepared.size)


def publish(session: Session, request: PublishVersion) -> Published:
    """Make the version visible. The same again: the same answer, and nothing is written.

    Raises VersionTakenError, VersionRemovedError, VersionQuarantinedError, ModuleTakenError, LooksTakenError,
    SourceMixedError, FolderMovedError, WouldExposeError and NamespaceClosedError; BeingCollectedError where the claim
    did not last: store anew.
    """
    namespace = _open_namespace(session, request)
    if request.source_is_private and namespace.is_public:
        raise WouldExposeError(str(request.address), namespace.name)
    module = _own_module(session, namespace, request)
    existing = _existing(session, module, request)
    if existing is not None:
        return existing
    archive_claims.require(session, request.sha256, request.claim)
    version = _add_version(session, namespace, module, request)
    if version is None:  # another publisher was faster, and has committed
        return _require(_existing(session, module, request))
    latest.refresh(session, module.id)
    published = _value(namespace, module, version)
    _tell(session, published, request)
    return published


def _open_namespace(session: Session, request: PublishVersion) -> Namespace:
    name = request.address.namespace
    namespace = namespaces.find(session, name)
    if namespace is None:
        refused = namespaces.why_refused(session, request.account_id, name)
        raise NamespaceClosedError(name, refused or "Terrasmith is not installed there")
    if namespace.account_id != request.account_id:
        raise NamespaceClosedError(name, "the name is bound to another GitHub account")
    if not namespace.accepts_versions:
        raise NamespaceClosedError(name, f"it is {namespace.state}")
    return namespace


def _own_module(session: Session, namespace: Namespace, request: PublishVersion) -> models.Module:
    """The module's row, made at its first version and bound to its source from then on."""
    module = _find_module(session, namespace, request.address) or _add_module(session, namespace, request)
    _require_own(module, namespace, request.address, request.repository_id)
    if module.path != request.path:
        raise FolderMovedError(str(request.address), module.path, request.path)
    return module


def refuse_foreign(
    session: Session, namespace: Namespace, address: Address, repository_id: int | None = None
) -> str | None:
    """Raise what `publish` would raise of a module that belongs to another source, or of a name too much like it.

    Returns the name as the module that is there spells it.
    """
    module = _find_module(session, namespace, address)
    if module is None:
        refuse_lookalike(session, namespace.id, address)
        return None
    _require_own(module, namespace, address, repository_id)
    return module.name


def _require_own(module: models.Module, namespace: Namespace, address: Address, repository_id: int | None) -> None:
    published = str(Address(namespace.name, module.name, module.system))
    if module.name.casefold() != address.name.casefold():
        raise ModuleTakenError(str(address), published, repository_id or 0)
    if module.source != (UPLOADS if repository_id is None else REPOSITORY):
        raise SourceMixedError(published, module.source)
    if module.source == REPOSITORY and module.repository_id != repository_id:
        raise ModuleTakenError(str(address), published, repository_id or 0)


def _find_module(session: Session, namespace: Namespace, address: Address) -> models.Module | None:
    return session.scalar(
        select(models.Module)
        .where(models.Module.namespace_id == namespace.id)
        .where(models.Module.name_key == namespaces.name_key(address.name))
        .where(models.Module.system == address.system)
    )


def _add_module(session: Session, namespace: Namespace, request: PublishVersion) -> models.Module:
    refuse_lookalike(session, namespace.id, request.address)
    module = models.Module(
        id=new_id("mod"),
        namespace_id=namespace.id,
        name=request.address.name,
        name_key=namespaces.name_key(request.address.name),
        system=request.address.system,
        source=request.source,
        repository_id=request.repository_id or 0,
        path=request.path,
        source_url=request.source_url,
        created_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(module)
    except IntegrityError:
        return _require(_find_module(session, namespace, request.address))
    return module


def _existing(session: Session, module: models.Module, request: PublishVersion) -> Published | None:
    row = session.scalar(
        select(models.Version)
        .where(models.Version.module_id == module.id)
        .where(models.Version.version_key == request.version.precedence_key)
    )
    if row is None:
        return None
    if row.state == TOMBSTONE:
        raise VersionRemovedError(str(request.address), str(request.version), row.version, row.state_reason or "")
    if row.state == QUARANTINED:
        raise VersionQuarantinedError(str(request.address), str(request.version), row.version, row.state_reason or "")
    if row.sha256 != request.sha256 or row.version != str(request.version):
        raise VersionTakenError(str(request.address), str(request.version), row.version)
    namespace = _require(namespaces.find(session, request.address.namespace))
    return _value(namespace, module, row, again=True)


def _add_version(
    session: Session, namespace: Namespace, module: models.Module, request: PublishVersion
) -> models.Version | None:
    moment = clock.now()
    version = models.Version(
        id=new_id("ver"),
        module_id=module.id,
        version=str(request.version),
        version_key=request.version.precedence_key,
        state=PUBLISHED,
        commit_sha=request.commit_sha or "",
        tag=request.tag or "",
        sha256=request.sha256,
        h1=request.h1,
        size=request.size,
        interface=request.contents.root.interface.to_dict(),
        readme=request.contents.root.readme,
        report=dict(request.report),
        provenance=_provenance(session, namespace, module, request, moment),
        verified_at=moment,  # `store` has just read it back
        published_at=moment,
    )
    try:
        with session.begin_nested():
            session.add(version)
            session.flush()
            session.add(models.VersionContents(version_id=version.id, contents=request.contents.to_dict()))
            dependencies.keep(session, version.id, request.needs)
    except IntegrityError:
        return None
    return version


def _provenance(
    session: Session, namespace: Namespace, module: models.Module, request: PublishVersion, published_at: datetime
) -> dict[str, Any]:
    allowance = steps.allowance(session, request.address, request.version)
    return provenance.document(
        address=str(Address(namespace.name, module.name, module.system)),
        version=str(request.version),
        archive=Archive(sha256=request.sha256, h1=request.h1, size=request.size),
        source=Source(
            repository_id=request.repository_id,
            repository_url=request.source_url,
            commit=request.commit_sha or None,
            tree=request.origin.tree,
            tag=request.tag or None,
            path=request.path if request.repository_id is not None else None,
            pull_number=request.origin.pull_number,
        ),
        report=request.report,
        origin=request.origin,
        published_at=published_at,
        step=StepAllowed(allowed_by=allowance.actor, reason=allowance.reason) if allowance is not None else None,
    )


def _tell(session: Session, published: Published, request: PublishVersion) -> None:
    detail = {
        "address": str(published.address),
        "version": published.version,
        "sha256": published.sha256,
        "repository_id": published.repository_id,
        "path": request.path,
        "commit": published.commit_sha,
    }
    audit.record(session, request.actor, "version.publish", f"version:{published.id}", detail)
    outbox.record(
        session,
        VersionPublished(
            version_id=published.id,
            address=str(published.address),
            version=published.version,
            repository_id=published.repository_id,
            commit_sha=published.commit_sha,
        ),
    )


def _value(namespace: Namespace, module: models.Module, version: models.Version, *, again: bool = False) -> Published:
    return Published(
        id=version.id,
        address=Address(namespace.name, module.name, module.system),
        version=version.version,
        sha256=version.sha256,
        h1=version.h1,
        size=version.size,
        repository_id=module.repository_id or None,
        commit_sha=version.commit_sha or None,
        tag=version.tag or None,
        published_at=version.published_at,
        again=again,
    )


def _require(value: _T | None) -> _T:
    assert value is not None, "a row that another transaction committed has vanished"
    return value
