"""Lists of modules with their latest versions, a page at a time: the database filters, sorts and cuts.

Shows only what the one who asks may read, and only modules with a version that can be installed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, false, func, select
from sqlalchemy.orm import Session

import accounts.models
from accounts import namespaces
from accounts.tokens import Principal
from registry import models
from registry.services.catalog import VersionFacts
from registry.services.visibility import may_read
from tfmodule.address import Address
from tfmodule.version import Version

_README_CHARACTERS = 20_000
_LONGEST_DESCRIPTION = 300
_MARKUP = re.compile(r"!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)|[`*_]{1,3}|<[^>\n]{0,200}>")
_NO_PROSE = ("#", "|", "```", "~~~", "<!--", "[![", "![", "---", "===", "- ", "* ", ">")

_Ids = Select[str]
_Listed = Select[str, str, str, str, str, bool, str, str, str, str, datetime]


@dataclass(frozen=True)
class ListedModule:
    """A module and its latest version, as lists show it."""

    id: str
    address: Address
    public: bool
    verified: bool
    source_url: str
    version_id: str
    version: str
    description: str
    published_at: datetime


@dataclass(frozen=True)
class ListedVersion:
    """A version, as lists show it."""

    id: str
    version: Version
    published_at: datetime
    sha256: str
    h1: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Filters:
    """None lets everything through."""

    namespace: str | None = None
    name: str | None = None
    system: str | None = None
    verified: bool | None = None


def modules(
    session: Session, filters: Filters, principal: Principal | None, *, offset: int, limit: int
) -> tuple[ListedModule, ...]:
    """One page of the modules, by address."""
    return _page(session, _filtered(_ids(principal), filters), principal, offset, limit)


def by_ids(session: Session, ids: Sequence[str], principal: Principal | None) -> tuple[ListedModule, ...]:
    """These modules in this order; without those that this one may not read."""
    rows = session.execute(_listed().where(may_read(principal)).where(models.Module.id.in_(ids)))
    found = {row[0]: _value(row) for row in rows}
    return tuple(found[one] for one in ids if one in found)


def of_version(facts: VersionFacts) -> ListedModule:
    """The module as it was at this version."""
    return ListedModule(
        id=facts.module_id,
        address=facts.address,
        public=facts.public,
        verified=facts.verified,
        source_url=facts.source_url,
        version_id=facts.id,
        version=str(facts.version),
        description=description(facts.readme),
        published_at=facts.published_at,
    )


def versions(session: Session, module_id: str, wanted: Sequence[Version]) -> tuple[ListedVersion, ...]:
    """These versions of a module, in this order."""
    table, order = models.Version, {str(one): place for place, one in enumerate(wanted)}
    rows = session.execute(
        select(table.id, table.version, table.published_at, table.sha256, table.h1, table.size)
        .where(table.module_id == module_id)
        .where(table.version.in_(order))
    )
    found = (
        ListedVersion(version_id, Version.parse(text), at, sha256, h1, size)
        for version_id, text, at, sha256, h1, size in rows
    )
    return tuple(sorted(found, key=lambda one: order[str(one.version)]))


def systems(session: Session, address: Address, principal: Principal | None) -> tuple[str, ...]:
    """The systems that a module of this name exists for."""
    wanted = _filtered(_ids(principal), Filters(namespace=address.namespace, name=address.name))
    return tuple(session.scalars(wanted.with_only_columns(models.Module.system).order_by(models.Module.system)))


def description(readme: str) -> str:
    """The first paragraph of a README that is prose, without its markup; empty where there is none."""
    for paragraph in readme[:_README_CHARACTERS].replace("\r\n", "\n").split("\n\n"):
        lines = [line for line in paragraph.strip().split("\n") if not line.lstrip().startswith("#")]
        text = " ".join(" ".join(lines).split())
        if text and not text.startswith(_NO_PROSE):
            plain = " ".join(_MARKUP.sub(lambda match: match.group(1) or "", text).split())
            if plain:
                return plain[:_LONGEST_DESCRIPTION]
    return ""


def _ids(principal: Principal | None) -> _Ids:
    """The modules that one may read and install. Light, so that passing over thousands of them costs little."""
    namespace, module = accounts.models.Namespace, models.Module
    wanted = select(module.id).join(namespace, namespace.id == module.namespace_id)
    return wanted.where(may_read(principal)).where(module.latest_version_id.is_not(None))


def _page(
    session: Session, wanted: _Ids, principal: Principal | None, offset: int, limit: int
) -> tuple[ListedModule, ...]:
    ordered = wanted.order_by(accounts.models.Namespace.name_key, models.Module.name_key, models.Module.system)
    return by_ids(session, session.scalars(ordered.offset(offset).limit(limit)).all(), principal)


def _listed() -> _Listed:
    """Every module with its latest version, each in one row."""
    namespace, module, version = accounts.models.Namespace, models.Module, models.Version
    return (
        select(
            module.id,
            namespace.name,
            module.name,
            module.system,
            namespace.visibility,
            namespace.verified,
            module.source_url,
            version.id,
            version.version,
            # Not all of a long text, only what a description can be in.
            func.substr(version.readme, 1, _README_CHARACTERS),
            version.published_at,
        )
        .join(namespace, namespace.id == module.namespace_id)
        .join(version, version.id == module.latest_version_id)
    )


def _filtered(wanted: _Ids, filters: Filters) -> _Ids:
    if any("\x00" in one for one in (filters.namespace, filters.name, filters.system) if one):
        return wanted.where(false())  # Postgres takes no NUL
    if filters.namespace is not None:
        wanted = wanted.where(accounts.models.Namespace.name_key == namespaces.name_key(filters.namespace))
        wanted = wanted.where(func.lower(accounts.models.Namespace.name) == filters.namespace.lower())
    if filters.name is not None:
        wanted = wanted.where(models.Module.name_key == namespaces.name_key(filters.name))
        wanted = wanted.where(func.lower(models.Module.name) == filters.name.lower())
    if filters.system is not None:
        wanted = wanted.where(models.Module.system == filters.system)
    if filters.verified is not None:
        wanted = wanted.where(accounts.models.Namespace.verified == filters.verified)
    return wanted


def _value(row: Row[str, str, str, str, str, bool, str, str, str, str, datetime]) -> ListedModule:
    module_id, namespace, name, system, visibility, verified, source_url, version_id, version, readme, published_at = (
        row
    )
    return ListedModule(
        id=module_id,
        address=Address(namespace, name, system),
        public=visibility == "public",
        verified=verified,
        source_url=source_url,
        version_id=version_id,
        version=version,
        description=description(readme),
        published_at=published_at,
    )
