"""Registries with very many modules, written straight into the tables: only what a search meets is true to life."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

import accounts.models
from core import clock
from core.db import Database
from registry import models
from registry.search import known_words, words
from registry.search.documents import Document, Module, document, standing
from registry.services.search import TIER_SIZES
from tfmodule.address import Address
from tfmodule.contents import Contents, DeclaredResource, Part
from tfmodule.interface import Input, Interface, OutputValue, Provider

VERSIONS = 10
_NAMESPACES = 200
_MODELS = 2_000
_AT_ONCE = 5_000
_VERIFIED_EACH = 10
_SYSTEMS = ("aws", "aws", "aws", "google", "azurerm", "kubernetes")
_THINGS_TEXT = (
    "bucket queue network function cluster database cache topic stream policy role key secret certificate record zone "
    "gateway balancer service task image registry pipeline alarm dashboard log budget account peering route table "
    "firewall proxy tunnel volume snapshot backup vault user group pool domain cdn api event rule schedule lambda vpc"
)
_THINGS = _THINGS_TEXT.split()
_QUALITIES = ("private", "public", "shared", "regional", "global", "encrypted", "small", "large", "simple", "secure")
_PROSE_TEXT = (
    "module creates managed with encryption access logging tags alarms least privilege policies across accounts "
    "monitoring retention lifecycle rules versions default values production teams simple to use and review"
)
_PROSE = _PROSE_TEXT.split()


@dataclass(frozen=True)
class Shelf:
    """What was written: how many modules, and some of their names."""

    modules: int
    names: tuple[str, ...]


def fill(database: Database, modules: int) -> Shelf:
    """Write so many public modules of ten versions each, indexed. The same every time."""
    chance = random.Random(7)
    made = [_document(chance, number) for number in range(min(_MODELS, modules))]
    with database.unit_of_work() as session:
        _namespaces(session)
        _drop_index(session)
        for one in made:
            known_words.add(session, words.PUBLIC_SCOPE, one.known_words)
        tiers = _tiers(modules, made)
        names = []
        for start in range(0, modules, _AT_ONCE):
            some = [_row(number, made[number % len(made)]) for number in range(start, min(start + _AT_ONCE, modules))]
            _write(session, some, tiers)
            names += [one.name for one in some]
        known_words.add(session, words.PUBLIC_SCOPE, (word for name in names for word in words.surfaces(name)))
        _versions(session)
        _make_index(session)
        for table in ("search_pending", "changes"):
            session.execute(text(f"DELETE FROM {table}"))
    return Shelf(modules, tuple(names))


@dataclass(frozen=True)
class _Row:
    number: int
    namespace: int
    name: str
    system: str
    made: Document

    @property
    def module_id(self) -> str:
        return f"mod_{self.number}"


def _row(number: int, made: Document) -> _Row:
    name = f"{_THINGS[number % len(_THINGS)]}-{_QUALITIES[number // 7 % len(_QUALITIES)]}-{number}"
    return _Row(number, number % _NAMESPACES, name, _SYSTEMS[number % len(_SYSTEMS)], made)


def _document(chance: random.Random, number: int) -> Document:
    system = _SYSTEMS[number % len(_SYSTEMS)]
    things = chance.sample(_THINGS, 6)
    names = [f"{chance.choice(_QUALITIES)}_{thing}" for thing in chance.sample(_THINGS, 12)]
    prose = [" ".join(chance.choices(_PROSE + _THINGS, k=14)) for _ in range(12)]
    root = Part(
        path="",
        readme=f"# {things[0]}\n\nA module for {things[0]} and {things[1]}: {prose[0]}.\n\n" + "\n\n".join(prose),
        interface=Interface(
            inputs=tuple(Input(name, "string", prose[index], None, True) for index, name in enumerate(names)),
            outputs=tuple(OutputValue(f"{thing}_id", f"Id of the {thing}") for thing in things),
            providers=(Provider(system, f"hashicorp/{system}", ">= 5.0"),),
        ),
        resources=tuple(DeclaredResource("managed", f"{system}_{thing}", "this") for thing in things),
    )
    address = Address("acme", f"model-{number}", system)
    report = {"verdict": "passed", "tier": "provider", "profile": chance.choice(("house", "safety"))}
    return document(
        Module(
            address=address,
            namespace_id="",
            public=True,
            verified=False,
            description=f"A module for {things[0]} and {things[1]}: {prose[0]}.",
            contents=Contents(root),
            report=report,
        )
    )


def _downloads(number: int) -> int:
    return number * 7919 % 100_003


def _tiers(modules: int, made: Sequence[Document]) -> list[int]:
    """As the job finds them."""
    ranks = sorted((-standing(_downloads(one), made[one % len(made)].quality), one) for one in range(modules))
    tiers = [0] * modules
    for place, (_, number) in enumerate(ranks):
        tiers[number] = sum(place < size and modules > 2 * size for size in TIER_SIZES)
    return tiers


def _namespaces(session: Session) -> None:
    rows = [
        {
            "id": f"ns_{number}",
            "name": f"team{number}",
            "name_key": f"team{number}",
            "github_account_id": number + 1,
            "account_type": "Organization",
            "visibility": "public",
            "registry_credentials": False,
            "verified": number % _VERIFIED_EACH == 0,
            "state": "active",
            "created_at": clock.now(),
        }
        for number in range(_NAMESPACES)
    ]
    session.execute(insert(accounts.models.Namespace), rows)


def _write(session: Session, some: Sequence[_Row], tiers: Sequence[int]) -> None:
    now = clock.now()
    session.execute(
        insert(models.Module),
        [
            {
                "id": one.module_id,
                "namespace_id": f"ns_{one.namespace}",
                "name": one.name,
                "name_key": one.name,
                "system": one.system,
                "source": "repository",
                "repository_id": one.number,
                "source_url": f"https://github.example/team{one.namespace}/{one.name}",
                "created_at": now,
                "latest_version_id": f"ver_{one.number}_{VERSIONS - 1}",
            }
            for one in some
        ],
    )
    session.execute(insert(models.SearchDocument), [_values(one, now, tier=tiers[one.number]) for one in some])
    tokens = [
        {
            "id": one.number + 1,
            "terms": _named(one).indexed(tiers[one.number]),
        }
        for one in some
    ]
    if session.get_bind().dialect.name == "postgresql":
        statement = "INSERT INTO search_index VALUES (:id, array_to_tsvector(CAST(:terms AS text[])))"
    else:
        statement = "INSERT INTO search_index (rowid, terms) VALUES (:id, :terms)"
        tokens = [{"id": one["id"], "terms": " ".join(one["terms"])} for one in tokens]  # type: ignore[call-overload]
    session.execute(text(statement), tokens)


def _named(one: _Row) -> Document:
    name = words.tokens(one.name)
    verified = {"v:yes"} if one.namespace % _VERIFIED_EACH == 0 else set()
    tokens = (one.made.tokens - {"v:no"} | verified) if verified else one.made.tokens
    return replace(one.made, name=" ".join(sorted(name)), tokens=tokens | name)


def _values(one: _Row, now: datetime, *, tier: int) -> dict[str, Any]:
    return {
        "id": one.number + 1,
        "module_id": one.module_id,
        "namespace_id": f"ns_{one.namespace}",
        "version_id": f"ver_{one.number}_{VERSIONS - 1}",
        "scope": words.PUBLIC_SCOPE,
        "address": f"team{one.namespace}/{one.name}/{one.system}",
        "name": " ".join(sorted(words.tokens(one.name))),
        "keywords": one.made.keywords,
        "description": one.made.description,
        "providers": " ".join(one.made.providers),
        "resource_types": " ".join(one.made.resource_types),
        "quality": one.made.quality,
        "downloads": _downloads(one.number),
        "tier": tier,
        "indexed_at": now,
    }


def _versions(session: Session) -> None:
    """Ten for each module, by the database itself: a million rows would take minutes otherwise."""
    numbers = " UNION ALL ".join(f"SELECT {number} AS n" for number in range(VERSIONS))
    session.execute(
        text(
            "INSERT INTO versions (id, module_id, version, version_key, state, commit_sha, tag, sha256, h1, size, "
            "interface, readme, report, published_at) "
            "SELECT 'ver_' || substr(m.id, 5) || '_' || n, m.id, '1.' || n || '.0', '1.' || n || '.0', 'published', "
            "'', '', 'sha', 'h1:', 1000, '{\"inputs\": [], \"outputs\": [], \"providers\": []}', "
            f"'# A module', '{{}}', m.created_at FROM modules m CROSS JOIN ({numbers}) numbers"
        )
    )


def _drop_index(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("DROP INDEX ix_search_index_terms"))


def _make_index(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("CREATE INDEX ix_search_index_terms ON search_index USING gin (terms)"))
        session.execute(text("ALTER INDEX ix_search_index_terms SET (fastupdate = off)"))
