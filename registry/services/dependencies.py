"""What versions need and who needs a module, as rows. Refuses to tell of a module that the one who asks may not read.

Rows are written once, with their version. `module_id` names one of our modules for good: a namespace may change its
name, its modules do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

import accounts.models
from accounts import namespaces
from accounts.tokens import Principal
from registry import models
from registry.services import catalog
from registry.services.visibility import may_read
from registry.version_states import LISTED
from tfmodule.address import Address
from tfmodule.needs import Need
from tfmodule.version import Version

CHOOSABLE = LISTED
"""The states of a version that Terraform may be given for a constraint."""

_LONGEST = 500


@dataclass(frozen=True)
class Dependency:
    """Something a version needs. `address` is that of one of our modules, if the one who asks may read it."""

    part: str
    kind: str
    name: str
    source: str
    constraint: str
    path: str
    line: int
    target: str | None
    address: Address | None


@dataclass(frozen=True)
class Dependencies:
    """What a version needs, by directory and line."""

    address: Address
    version: Version
    needs: tuple[Dependency, ...]


@dataclass(frozen=True)
class Dependant:
    """A version that calls a module: from which of its directories, and with which constraint."""

    address: Address
    version: Version
    part: str
    name: str
    constraint: str
    path: str
    line: int


def keep(session: Session, version_id: str, needs: Iterable[Need]) -> None:
    """Write down what a version needs, in the unit of work that publishes it."""
    for number, need in enumerate(needs):
        module = find_module(session, need.address) if need.address is not None else None
        session.add(
            models.VersionDependency(
                version_id=version_id,
                number=number,
                part=need.part,
                kind=need.kind,
                name=need.name[:200],
                source=need.source,
                version_constraint=need.constraint or "",
                module_id=module.id if module is not None else None,
                target=need.target[:_LONGEST] if need.target is not None else None,
                path=need.path,
                line=need.line,
            )
        )


def find_module(session: Session, address: Address) -> models.Module | None:
    """The row of a module, whoever asks."""
    namespace = namespaces.find(session, address.namespace)
    return catalog.find_module(session, namespace, address) if namespace is not None else None


def of_version(session: Session, address: Address, version: str, principal: Principal | None) -> Dependencies:
    """What a version needs. Raises what `catalog.version` raises."""
    facts = catalog.version(session, address, version, principal)
    row, module, space = models.VersionDependency, models.Module, accounts.models.Namespace
    found = session.execute(
        select(row, module, space.name)
        .outerjoin(module, module.id == row.module_id)
        .outerjoin(space, (space.id == module.namespace_id) & may_read(principal))
        .where(row.version_id == facts.id)
        .order_by(row.number)
    )
    needs = tuple(
        Dependency(
            part=one.part,
            kind=one.kind,
            name=one.name,
            source=one.source,
            constraint=one.version_constraint,
            path=one.path,
            line=one.line,
            target=one.target,
            address=_address(owner, target),
        )
        for one, target, owner in found
    )
    return Dependencies(facts.address, facts.version, needs)


def _address(owner: str | None, module: models.Module | None) -> Address | None:
    """Both come from outer joins: without an owner, it is none of ours or not to be told of."""
    return Address(owner, module.name, module.system) if owner is not None and module is not None else None


def dependants(
    session: Session, address: Address, principal: Principal | None, *, offset: int, limit: int
) -> tuple[Dependant, ...]:
    """Who calls a module, of those whom the one who asks may read: by module, the version published last first.

    Versions that nobody is given any more do not count. Raises what `catalog.versions` raises.
    """
    catalog.versions(session, address, principal)
    target = find_module(session, address)
    assert target is not None, "it could just be read"
    row, version, module, space = models.VersionDependency, models.Version, models.Module, accounts.models.Namespace
    found = session.execute(
        select(row, version.version, module.name, module.system, space.name)
        .join(version, version.id == row.version_id)
        .join(module, module.id == version.module_id)
        .join(space, space.id == module.namespace_id)
        .where(row.module_id == target.id, version.state.in_(CHOOSABLE), may_read(principal))
        .order_by(space.name_key, module.name_key, module.system, version.published_at.desc(), row.version_id)
        .order_by(row.number)
        .offset(offset)
        .limit(limit)
    )
    return tuple(
        Dependant(
            address=Address(owner, name, system),
            version=Version.parse(text),
            part=one.part,
            name=one.name,
            constraint=one.version_constraint,
            path=one.path,
            line=one.line,
        )
        for one, text, name, system, owner in found
    )
