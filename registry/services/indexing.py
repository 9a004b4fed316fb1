"""Keeps the search's index at what the modules are. Triggers of the database note which changed; here they are indexed.

Safe to repeat and to run twice: a document is made anew from the module's rows, whatever it was before.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, select
from sqlalchemy.orm import Session

import accounts.models
from core import clock
from registry import models
from registry.search import known_words, words
from registry.search.documents import Document, Module, document
from registry.search.engines import engine_of
from registry.services import listing
from registry.version_states import DEPRECATED
from tfmodule.address import Address
from tfmodule.contents import Contents, Part
from tfmodule.interface import Interface

AT_ONCE = 50
"""Modules that one transaction indexes."""


@dataclass
class Rebuilt:
    """What a rebuild has done so far: when it indexed which module, and the words that are in use, by their scope."""

    indexed: dict[str, datetime] = field(default_factory=dict)
    words: dict[str, set[str]] = field(default_factory=dict)


def is_behind(session: Session) -> bool:
    """Whether a module changed since it was indexed."""
    return session.scalar(select(models.SearchPending.id).limit(1)) is not None


def catch_up(session: Session, most: int = AT_ONCE) -> int:
    """Index what changed, the longest known first. Returns how many notes that settled; 0 when nothing is left."""
    engine_of(session).lock(session)
    table = models.SearchPending
    notes = session.execute(select(table.id, table.module_id).order_by(table.id).limit(most)).all()
    if notes:
        index_modules(session, sorted({note.module_id for note in notes}))
        # By their ids: a note made meanwhile is of a change that we may not have seen.
        session.execute(delete(table).where(table.id.in_([note.id for note in notes])))
    return len(notes)


def index_modules(session: Session, module_ids: Collection[str], rebuilt: Rebuilt | None = None) -> None:
    """Make the documents of these modules what they should be, or take them out of the index."""
    engine_of(session).lock(session)
    rebuilt = Rebuilt() if rebuilt is None else rebuilt
    there = {row.id: row for row in session.execute(_current(module_ids))}
    table = models.SearchDocument
    known = {row.module_id: row for row in session.scalars(select(table).where(table.module_id.in_(module_ids)))}
    lost = _held(session, known.values())
    _remove(session, [row.id for module_id, row in known.items() if module_id not in there])
    for module_id, row in there.items():
        made, moment = document(_module(row)), clock.now()
        _write(session, row, made, known.get(module_id), moment)
        rebuilt.indexed[module_id] = moment
        rebuilt.words.setdefault(made.scope, set()).update(made.known_words)
        lost.get(made.scope, set()).difference_update(made.tokens)
    # What a module no longer says, nobody is told to have meant: above all when it has become private.
    for scope, tokens in lost.items():
        known_words.forget(session, scope, tokens)


def all_modules(session: Session) -> tuple[str, ...]:
    """The ids of all modules, and of those that only the index knows."""
    indexed = session.scalars(select(models.SearchDocument.module_id))
    return tuple(sorted({*session.scalars(select(models.Module.id)), *indexed}))


def finish_rebuild(session: Session, rebuilt: Rebuilt) -> int:
    """After all modules were indexed again: forget words that none of them has. Returns how many those were."""
    engine_of(session).lock(session)
    table = models.SearchDocument
    late = [
        row.module_id
        for row in session.execute(select(table.module_id, table.indexed_at))
        if rebuilt.indexed.get(row.module_id) != row.indexed_at  # somebody else has indexed it since
    ]
    for start in range(0, len(late), AT_ONCE):
        index_modules(session, late[start : start + AT_ONCE], rebuilt)
    return known_words.keep(session, rebuilt.words)


def _current(module_ids: Collection[str]) -> Select[*tuple[Any, ...]]:
    """The modules that can be found: those with a latest version."""
    namespace = accounts.models.Namespace
    return (
        select(
            models.Module.id,
            models.Module.name,
            models.Module.system,
            models.Module.namespace_id,
            models.Module.deprecated_at,
            namespace.name.label("namespace"),
            namespace.visibility,
            namespace.verified,
            models.Version.id.label("version_id"),
            models.Version.state,
            models.Version.interface,
            models.Version.readme,
            models.Version.report,
            models.VersionContents.contents,
        )
        .join(namespace, namespace.id == models.Module.namespace_id)
        .join(models.Version, models.Version.id == models.Module.latest_version_id)
        .outerjoin(models.VersionContents, models.VersionContents.version_id == models.Version.id)
        .where(models.Module.id.in_(module_ids))
    )


def _module(row: Row[Any]) -> Module:
    return Module(
        address=Address(row.namespace, row.name, row.system),
        namespace_id=row.namespace_id,
        public=row.visibility == "public",
        verified=row.verified,
        description=listing.description(row.readme),
        contents=_contents(row.contents, row.interface, row.readme),
        report=row.report,
        deprecated=row.state == DEPRECATED or row.deprecated_at is not None,
    )


def _contents(kept: Mapping[str, Any] | None, interface: Mapping[str, Any], readme: str) -> Contents:
    if kept is not None:
        return Contents.from_dict(kept)
    # A version from before contents were kept: its root is known at least.
    known = Interface.from_dict(interface) if "inputs" in interface else Interface()
    return Contents(Part("", readme, known))


def _write(
    session: Session, row: Row[Any], made: Document, known: models.SearchDocument | None, moment: datetime
) -> None:
    kept = known if known is not None else models.SearchDocument(module_id=row.id, downloads=0, tier=0)
    kept.namespace_id, kept.version_id, kept.scope = row.namespace_id, row.version_id, made.scope
    kept.address = str(Address(row.namespace, row.name, row.system))
    kept.name, kept.keywords, kept.description = made.name, made.keywords, made.description
    kept.providers, kept.resource_types = " ".join(made.providers), " ".join(made.resource_types)
    kept.quality, kept.indexed_at = made.quality, moment
    session.add(kept)
    session.flush()
    engine_of(session).write(session, kept.id, made.indexed(kept.tier))
    known_words.add(session, made.scope, made.known_words)


def _held(session: Session, known: Iterable[models.SearchDocument]) -> dict[str, set[str]]:
    """The tokens of words that these documents hold, by their scope."""
    scopes = {row.id: row.scope for row in known}
    held: dict[str, set[str]] = {}
    for document_id, tokens in engine_of(session).held(session, list(scopes)).items():
        scope = scopes[document_id]
        held.setdefault(scope, set()).update(words.unscoped(scope, tokens))
    return held


def _remove(session: Session, document_ids: Sequence[int]) -> None:
    if document_ids:
        engine_of(session).erase(session, document_ids)
        session.execute(delete(models.SearchDocument).where(models.SearchDocument.id.in_(document_ids)))
