"""The catalogue: which modules and versions there are, for whom. Refuses to tell a stranger what exists in private.

A stranger without a live token learns the same of a private and of a missing namespace: sign in. The holder of a
token of another namespace learns the same of both: there is nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, load_only
from sqlalchemy.sql.base import ExecutableOption

import accounts.models
from accounts import namespaces
from accounts.namespaces import Namespace
from accounts.permissions import SignInRequiredError
from accounts.tokens import Principal
from core.errors import UserError
from registry import models
from registry.services import standing
from registry.services.standing import Standing
from registry.version_states import LISTED, PUBLISHED, QUARANTINED, SERVED
from tfmodule.address import Address, InvalidAddressError
from tfmodule.contents import Contents, Part
from tfmodule.interface import Interface
from tfmodule.version import InvalidVersionError, Version, latest

# What go-version makes of a version before the client asks for it: no `v`, three numbers.
_LOOSE = re.compile(r"v?(\d+(?:\.\d+){0,2})(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")

# The others are long texts, and nobody who installs a version reads them.
_COLUMNS_SERVED = (
    models.Version.version,
    models.Version.state,
    models.Version.state_reason,
    models.Version.state_changed_at,
    models.Version.replacement,
    models.Version.sha256,
    models.Version.size,
)

_CHOOSE = "Choose another one: the module's `versions` lists those there are."


class UnknownModuleError(UserError):
    """There is no such module, or not for this one who asks."""

    def __init__(self, address: str, message: str = "") -> None:
        super().__init__(
            message
            or "Module not found: there is none of this address that you may see. Check namespace, name and system; a "
            "private module needs a token of its own namespace."
        )
        self.address = address


class UnknownNamespaceError(UserError):
    """There is no such namespace, or not for this one who asks."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "Namespace not found: there is none of this name that your token may read. `/api/v1/namespaces` lists "
            "those that it may; a private one needs a token of its own."
        )
        self.name = name


class UnknownVersionError(UserError):
    """The module has no such version."""

    def __init__(self, address: str, version: str, message: str | None = None) -> None:
        super().__init__(message or "Version not found: the module's `versions` lists those there are.")
        self.address, self.version = address, version


class RemovedVersionError(UnknownVersionError):
    """The module had this version, and nobody gets it any more. Says why, and that its number is never used again."""

    def __init__(self, address: str, version: str, reason: str) -> None:
        why = f"Version {version} was removed and will not come back: {reason.rstrip('.')}."
        super().__init__(address, version, f"{why} {_CHOOSE}")
        self.reason = reason


class QuarantinedVersionError(UnknownVersionError):
    """The version is suspected of doing harm, so nobody gets it until an operator has decided."""

    def __init__(self, address: str, version: str, reason: str) -> None:
        why = f"Version {version} is quarantined until the registry's operator has decided: {reason.rstrip('.')}."
        super().__init__(address, version, f"{why} {_CHOOSE}")
        self.reason = reason


class UnknownPartError(UserError):
    """The version has no such submodule or example."""

    def __init__(self, known: tuple[str, ...]) -> None:
        listed = ", ".join(f"`{one}`" for one in known) or "it has none"
        super().__init__(f"There is no such submodule or example. Known: {listed}.")
        self.known = known


@dataclass(frozen=True)
class ServedVersion:
    """What must be known of a published version to say where it can be had."""

    id: str
    module_id: str
    address: Address
    version: Version
    namespace_id: str
    public: bool
    registry_credentials: bool
    sha256: str
    size: int
    standing: Standing


@dataclass(frozen=True)
class VersionFacts(ServedVersion):
    """One published version."""

    h1: str
    commit_sha: str
    tag: str
    source_url: str
    published_at: datetime
    interface: Mapping[str, Any]
    readme: str
    report: Mapping[str, Any]
    provenance: Mapping[str, Any] | None
    verified: bool = False


@dataclass(frozen=True)
class ModuleVersions:
    """A module and the versions that can be chosen, newest first.

    `standings` tells of those that are in no good standing of their own, `deprecation` of the whole module.
    """

    id: str
    namespace_id: str
    address: Address
    public: bool
    source_url: str
    versions: tuple[Version, ...]
    standings: Mapping[Version, Standing] = field(default_factory=dict)
    deprecation: Standing | None = None

    def standing_of(self, version: Version) -> Standing | None:
        """Where one of them stands; None is in good standing."""
        return self.standings.get(version) or self.deprecation

    @property
    def latest(self) -> Version | None:
        """The highest release; a prerelease only where there is nothing else."""
        return latest(self.versions)


def versions(session: Session, address: Address, principal: Principal | None) -> ModuleVersions:
    """The versions of one module. Raises UnknownModuleError and SignInRequiredError."""
    home, module = _readable(session, address, principal)
    table = models.Version
    rows = session.execute(
        select(table.version, table.state, table.state_reason, table.replacement, table.state_changed_at)
        .where(table.module_id == module.id)
        .where(table.state.in_(LISTED))
    ).all()
    return ModuleVersions(
        id=module.id,
        namespace_id=home.id,
        address=Address(home.name, module.name, module.system),
        public=home.is_public,
        source_url=module.source_url,
        versions=newest_first(row.version for row in rows),
        standings={
            Version.parse(row.version): standing.of_version(
                row.state, row.state_reason, row.replacement, row.state_changed_at, None
            )
            for row in rows
            if row.state != PUBLISHED
        },
        deprecation=standing.of_module(module),
    )


def version(session: Session, address: Address, text: str, principal: Principal | None) -> VersionFacts:
    """One version, however the client spells it. Raises UnknownVersionError beside what `versions` raises."""
    return _facts(*_chosen(session, address, text, principal))


def served(session: Session, address: Address, text: str, principal: Principal | None) -> ServedVersion:
    """The same, without what only people read: the hot path asks this, and no more than two questions of it."""
    return _served(*_chosen(session, address, text, principal, load_only(*_COLUMNS_SERVED)))


def published_versions(session: Session, address: Address) -> tuple[Version, ...]:
    """Every version an address has, newest first, whoever asks; none if there is no such module."""
    namespace = namespaces.find(session, address.namespace)
    module = find_module(session, namespace, address) if namespace else None
    if module is None:
        return ()
    return newest_first(session.scalars(select(models.Version.version).where(models.Version.module_id == module.id)))


def listed(session: Session, module: models.Module) -> tuple[Version, ...]:
    """The versions that can be chosen, newest first, whoever asks."""
    row = models.Version
    return newest_first(
        session.scalars(select(row.version).where(row.module_id == module.id).where(row.state.in_(LISTED)))
    )


def version_by_id(session: Session, version_id: str) -> VersionFacts | None:
    """One version by its id, whoever asks: for jobs that were told of it."""
    found = session.execute(
        select(models.Version, models.Module).join(models.Module).where(models.Version.id == version_id)
    ).first()
    if found is None:
        return None
    row, module = found
    owner = session.get_one(accounts.models.Namespace, module.namespace_id)
    namespace = namespaces.find(session, owner.name)
    assert namespace is not None, "a namespace always keeps its present name"
    return _facts(namespace, module, row)


def namespace(session: Session, name: str, principal: Principal | None) -> Namespace:
    """A namespace that this one may read. Raises UnknownModuleError and SignInRequiredError."""
    found = namespaces.find(session, name) if "\x00" not in name else None
    if found is None or not _may_read(found, principal):
        raise SignInRequiredError if principal is None else UnknownNamespaceError(name)
    return found


def contents(session: Session, version_id: str) -> Contents:
    """What a version holds; only its root's interface where it is older than the record of the rest."""
    kept = session.get(models.VersionContents, version_id)
    if kept is not None:
        return Contents.from_dict(kept.contents)
    row = session.get_one(models.Version, version_id)
    return Contents(Part("", row.readme, Interface.from_dict(row.interface)))


def newest_first(texts: Iterable[str]) -> tuple[Version, ...]:
    """Versions by precedence, the highest first."""
    return tuple(sorted((Version.parse(text) for text in texts), reverse=True))


def normalise(text: str) -> Version | None:
    """The version that a client means by this text; None where no client could mean one."""
    match = _LOOSE.fullmatch(text)
    if match is None:
        return None
    numbers = [*match.group(1).split("."), "0", "0"][:3]
    try:
        # As go-version does, `01` is read as the number 1.
        core = ".".join(str(int(one)) for one in numbers)
        return Version.parse(core + (match.group(2) or "") + (match.group(3) or ""))
    except (InvalidVersionError, ValueError):
        return None


def parse_address(namespace: str, name: str, system: str) -> Address:
    """The address in a path. Raises UnknownModuleError for one that cannot exist."""
    try:
        return Address(namespace, name, system)
    except InvalidAddressError:
        raise UnknownModuleError(f"{namespace}/{name}/{system}") from None


def _chosen(
    session: Session, address: Address, text: str, principal: Principal | None, *options: ExecutableOption
) -> tuple[Namespace, models.Module, models.Version]:
    home, module = _readable(session, address, principal)
    wanted = normalise(text)
    row = None
    if wanted is not None:
        row = session.scalar(
            select(models.Version)
            .options(*options)
            .where(models.Version.module_id == module.id)
            .where(models.Version.version_key == wanted.precedence_key)
        )
    # Build metadata does not order versions, but who asks for some means that version and no other.
    if row is None or wanted is None or (wanted.build and str(wanted) != row.version):
        raise UnknownVersionError(str(address), text)
    if row.state == QUARANTINED:
        raise QuarantinedVersionError(str(address), row.version, row.state_reason or "")
    if row.state not in SERVED:
        raise RemovedVersionError(str(address), row.version, row.state_reason or "")
    return home, module, row


def _readable(session: Session, address: Address, principal: Principal | None) -> tuple[Namespace, models.Module]:
    found = session.execute(
        namespaces.finding(address.namespace)
        .add_columns(models.Module)
        .outerjoin(models.Module, and_(models.Module.namespace_id == accounts.models.Namespace.id, _is_called(address)))
    ).first()
    home = namespaces.value(found[0]) if found else None
    if found is None or home is None or not _may_read(home, principal):
        raise SignInRequiredError if principal is None else UnknownModuleError(str(address))
    module = _exactly(found[1], address)
    if module is None:
        raise UnknownModuleError(str(address))
    return home, module


def _may_read(namespace: Namespace, principal: Principal | None) -> bool:
    return namespace.is_public or (principal is not None and principal.may_read(namespace.id))


def find_module(session: Session, namespace: Namespace, address: Address) -> models.Module | None:
    """The module's row, whoever asks; None where a name only looks like it."""
    wanted = select(models.Module).where(models.Module.namespace_id == namespace.id, _is_called(address))
    return _exactly(session.scalar(wanted), address)


def _is_called(address: Address) -> ColumnElement[bool]:
    return and_(
        models.Module.name_key == namespaces.name_key(address.name),
        models.Module.system == address.system,
    )


def _exactly(module: models.Module | None, address: Address) -> models.Module | None:
    return module if module is not None and module.name.casefold() == address.name.casefold() else None


def _served(namespace: Namespace, module: models.Module, row: models.Version) -> ServedVersion:
    return ServedVersion(
        id=row.id,
        module_id=module.id,
        address=Address(namespace.name, module.name, module.system),
        version=Version.parse(row.version),
        namespace_id=namespace.id,
        public=namespace.is_public,
        registry_credentials=namespace.registry_credentials,
        sha256=row.sha256,
        size=row.size,
        standing=standing.of_version(
            row.state, row.state_reason, row.replacement, row.state_changed_at, standing.of_module(module)
        ),
    )


def _facts(namespace: Namespace, module: models.Module, row: models.Version) -> VersionFacts:
    return VersionFacts(
        **vars(_served(namespace, module, row)),
        h1=row.h1,
        commit_sha=row.commit_sha,
        tag=row.tag,
        source_url=module.source_url,
        published_at=row.published_at,
        interface=row.interface,
        readme=row.readme,
        report=row.report,
        provenance=row.provenance,
        verified=namespace.verified,
    )
