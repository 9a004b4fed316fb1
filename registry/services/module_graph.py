"""The graph of module versions as one reader sees it, and which version Terraform would choose on each of its edges.

What the reader may not read is not there, as if it did not exist. Keeps what it has asked for: one graph, one question.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import namespaces
from registry import models
from registry.services.dependencies import CHOOSABLE, find_module
from registry.services.nearest import nearest_module
from tfmodule.address import Address
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError
from tfmodule.interface import Interface
from tfmodule.needs import PROVIDER, TERRAFORM, Need
from tfmodule.sources import provider_address, read_source
from tfmodule.version import Version

CANDIDATE = ""
"""Stands for the id of the version that is about to be published."""

_SHOWN = 5


@dataclass(frozen=True)
class KnownVersion:
    """One version of one module, wherever it stands. Without a digest it is the one about to be published."""

    id: str
    address: Address
    version: Version
    state: str
    reason: str
    sha256: str | None

    @property
    def label(self) -> str:
        return f"`{self.address}` {self.version}"


@dataclass(frozen=True)
class Edge:
    """One need of one directory of a version."""

    part: str
    kind: str
    name: str
    source: str
    constraint: str | None
    target: str
    path: str
    line: int
    constraint_line: int
    module_id: str | None = None

    @classmethod
    def of(cls, need: Need) -> "Edge":
        """As it stands in files."""
        return cls(
            part=need.part,
            kind=need.kind,
            name=need.name,
            source=need.source,
            constraint=need.constraint,
            target=need.target or "",
            path=need.path,
            line=need.line,
            constraint_line=need.constraint_line,
        )

    @classmethod
    def stored(cls, row: models.VersionDependency) -> "Edge":
        """As it was kept with a version."""
        return cls(
            part=row.part,
            kind=row.kind,
            name=row.name,
            source=row.source,
            constraint=row.version_constraint or None,
            target=row.target or "",
            path=row.path,
            line=row.line,
            constraint_line=row.line,
            module_id=row.module_id,
        )


@dataclass(frozen=True)
class Candidate:
    """A version that is about to be published, or would be; what is being judged."""

    address: Address
    version: Version
    edges: tuple[Edge, ...]


class NoChoiceError(Exception):
    """Terraform could not install this: why, at which line of the edge, and what to do. No error of ours: a finding."""

    def __init__(self, message: str, line: int, fix: str) -> None:
        super().__init__(message)
        self.message, self.line, self.fix = message, line, fix


class ModuleGraph:
    """Everything the reader may see: public namespaces, and the one of this id."""

    def __init__(self, session: Session, namespace_id: str | None, candidate: Candidate | None = None) -> None:
        self._session = session
        self._namespace_id = namespace_id
        self._candidate = candidate
        self._own = find_module(session, candidate.address) if candidate is not None else None
        self._versions: dict[str, tuple[KnownVersion, ...]] = {}
        self._edges: dict[str, dict[str, list[Edge]]] = {}

    def edges(self, version_id: str, part: str) -> tuple[Edge, ...]:
        """What one directory of a version needs."""
        if version_id not in self._edges:
            self.load([version_id])
        return tuple(self._edges[version_id].get(part, ()))

    def load(self, version_ids: Iterable[str]) -> None:
        """Read the edges of many versions at once."""
        wanted = [one for one in version_ids if one not in self._edges]
        if CANDIDATE in wanted and self._candidate is not None:
            self._edges[CANDIDATE] = _by_part(self._candidate.edges)
        row = models.VersionDependency
        rows = self._session.scalars(select(row).where(row.version_id.in_(wanted)).order_by(row.version_id, row.number))
        found: dict[str, list[Edge]] = {}
        for one in rows:
            found.setdefault(one.version_id, []).append(Edge.stored(one))
        for version_id in wanted:
            if version_id != CANDIDATE:
                self._edges[version_id] = _by_part(found.get(version_id) or self._from_interface(version_id))

    def choose(self, edge: Edge) -> KnownVersion:
        """The version that Terraform installs for a call of one of our modules. Raises NoChoiceError."""
        try:
            constraints = Constraints.parse(Dialect.MODULE, edge.constraint)
        except InvalidConstraintError as error:
            fix = "Correct the `version`."
            raise NoChoiceError(error.message, edge.constraint_line, fix) from None
        known = self._known(edge)
        living = {one.version: one for one in known if one.state in CHOOSABLE}
        chosen = constraints.choose(living)
        if chosen is None:
            raise self._none_fits(edge, constraints, known)
        return living[chosen]

    def versions_of(self, module: models.Module) -> tuple[KnownVersion, ...]:
        """Every version of a module the reader may read, newest first, in whatever state."""
        if module.id not in self._versions:
            owner = namespaces.find_by_id(self._session, module.namespace_id)
            assert owner is not None, "a foreign key holds it"
            address = Address(owner.name, module.name, module.system)
            row = models.Version
            rows = self._session.execute(
                select(row.id, row.version, row.state, row.state_reason, row.sha256).where(row.module_id == module.id)
            )
            found = [
                KnownVersion(one.id, address, Version.parse(one.version), one.state, one.state_reason or "", one.sha256)
                for one in rows
            ]
            self._versions[module.id] = tuple(sorted(found, key=lambda one: one.version, reverse=True))
        return self._versions[module.id]

    def _known(self, edge: Edge) -> tuple[KnownVersion, ...]:
        """The versions of the module that is called, ours among them where it is called."""
        module = self._session.get(models.Module, edge.module_id) if edge.module_id else None
        address = read_source(edge.source).address
        if module is None and address is not None:
            module = find_module(self._session, address)
        if module is not None and not self._may_read(module):
            module = None
        known = self.versions_of(module) if module is not None else ()
        ours = self._candidate
        if ours is not None and (
            (module is not None and self._own is not None and module.id == self._own.id)
            or (module is None and address is not None and address.key == ours.address.key)
        ):
            known = tuple(one for one in known if one.version.precedence_key != ours.version.precedence_key)
            known += (KnownVersion(CANDIDATE, ours.address, ours.version, "published", "", None),)
        if not known:
            message = f"`{edge.source}` is no module of this registry, or not one that this namespace may read."
            meant = nearest_module(self._session, address, self._namespace_id) if address is not None else None
            fix = "Correct the address, or publish that module first."
            raise NoChoiceError(message, edge.line, f"Did you mean `{meant}`? {fix}" if meant is not None else fix)
        return known

    def _may_read(self, module: models.Module) -> bool:
        owner = namespaces.find_by_id(self._session, module.namespace_id)
        return owner is not None and (owner.is_public or owner.id == self._namespace_id)

    def _none_fits(self, edge: Edge, constraints: Constraints, known: tuple[KnownVersion, ...]) -> NoChoiceError:
        address = known[0].address
        gone = [one for one in known if one.state not in CHOOSABLE and constraints.allows(one.version)]
        living = [one.version for one in known if one.state in CHOOSABLE]
        asked = f"`{edge.constraint}`" if edge.constraint is not None else "a call without a version"
        message = f"No version of `{address}` meets {asked}"
        if gone:
            named = ", ".join(f"{one.version} is {_state(one)}" for one in gone[:_SHOWN])
            message += f": {named}{', …' if len(gone) > _SHOWN else ''}"
        shown = ", ".join(str(one) for one in living[:_SHOWN])
        more = f" and {len(living) - _SHOWN} older" if len(living) > _SHOWN else ""
        message += f". There are {shown}{more}." if living else ". There is no version left that can be installed."
        fix = "Choose one of the versions there are." if living else "Do without this module, or ask its owners."
        if any(one.is_prerelease and str(one) in (edge.constraint or "") for one in living):
            fix = (
                "A prerelease is taken only where its name stands alone: without other parts, `v` or a space after `=`."
            )
        return NoChoiceError(message, edge.constraint_line, fix)

    def _from_interface(self, version_id: str) -> Iterator[Edge]:
        """Of a version from before its needs were kept: those of its root, less the modules it calls."""
        row = self._session.get(models.Version, version_id)
        interface = Interface.from_dict(row.interface) if row is not None and row.interface else Interface()
        for one in interface.providers:
            source = provider_address(one.source) or one.source
            yield Edge("", PROVIDER, one.name, source, one.version or None, "", "", 0, 0)
        if interface.required_version:
            yield Edge("", TERRAFORM, TERRAFORM, "", interface.required_version, "", "", 0, 0)


def _by_part(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.part, []).append(edge)
    return found


_WORDS: Mapping[str, str] = {"tombstone": "removed", "quarantined": "in quarantine"}


def _state(version: KnownVersion) -> str:
    word = _WORDS.get(version.state, version.state)
    return f"{word} ({version.reason})" if version.reason else word
