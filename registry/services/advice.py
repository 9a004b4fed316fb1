"""Who recommends what nobody can choose any more: deprecations and revocations whose replacement left the lists.

Asked where a version leaves them and not where one is read: that path has no statement to spare.
"""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import accounts.models
from accounts import namespaces
from accounts.tokens import Principal
from registry import models
from registry.services import catalog
from registry.services.standing import Replacement
from registry.version_states import LISTED, SERVED
from tfmodule.address import Address
from tfmodule.version import Version


def left_behind(
    session: Session, address: Address, version: Version, principal: Principal | None = None
) -> tuple[Replacement, ...]:
    """The versions and whole modules that name this version, or its module without any, as what to use instead.

    Empty while it can be chosen. A `principal` hears only of what it may read; without one, of everything.
    """
    home = namespaces.find(session, address.namespace)
    module = catalog.find_module(session, home, address) if home is not None else None
    if home is None or module is None:
        return ()
    listed = catalog.listed(session, module)
    if version in listed:
        return ()
    spelled = (home.name, *namespaces.former_names(session).get(home.id, ()))
    addresses = [f"{name}/{module.name}/{module.system}".lower() for name in spelled]
    gone = [f"{one}/{version}".lower() for one in addresses] + ([] if listed else addresses)
    found = (*_versions(session, gone, principal), *_modules(session, gone, principal))
    return tuple(sorted(found, key=str))


def _versions(session: Session, gone: list[str], principal: Principal | None) -> Iterable[Replacement]:
    rows = session.execute(
        select(models.Version.version, models.Module, accounts.models.Namespace)
        .join(models.Module, models.Module.id == models.Version.module_id)
        .join(accounts.models.Namespace, accounts.models.Namespace.id == models.Module.namespace_id)
        .where(models.Version.state.in_(SERVED), func.lower(models.Version.replacement).in_(gone))
    )
    for version, module, row in rows:
        if _may_hear(row, principal):
            yield Replacement(Address(row.name, module.name, module.system), Version.parse(version))


def _modules(session: Session, gone: list[str], principal: Principal | None) -> Iterable[Replacement]:
    """Deprecated as a whole, and still with something to choose."""
    chosen = select(models.Version.id).where(models.Version.module_id == models.Module.id)
    rows = session.execute(
        select(models.Module, accounts.models.Namespace)
        .join(accounts.models.Namespace, accounts.models.Namespace.id == models.Module.namespace_id)
        .where(func.lower(models.Module.replacement).in_(gone), chosen.where(models.Version.state.in_(LISTED)).exists())
    )
    for module, row in rows:
        if _may_hear(row, principal):
            yield Replacement(Address(row.name, module.name, module.system))


def _may_hear(row: accounts.models.Namespace, principal: Principal | None) -> bool:
    home = namespaces.value(row)
    return principal is None or home.is_public or principal.may_read(home.id)
