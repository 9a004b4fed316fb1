"""Which repositories declare their modules in `.terrasmith.hcl`, as far as we have heard. Commits nothing.

Only a reason to look: what is declared is read from the commit in question, every time.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.models import DeclaringRepository
from core import clock
from tfmodule.declaration import FILE

# Something, then what ends a prefix, then the start of a version: `network/v1.2.0`, `dns-0.1.0`.
_PREFIXED = re.compile(r"[A-Za-z][^\x00-\x20]*[/_-]v?[0-9]+\.[0-9]+\.[0-9]")


def note(session: Session, repository_id: int) -> bool:
    """The file was seen there. Whether that is news."""
    if session.get(DeclaringRepository, repository_id) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(DeclaringRepository(repository_id=repository_id, seen_at=clock.now()))
    except IntegrityError:
        return False
    return True


def declares(session: Session, repository_id: int) -> bool:
    """Whether the file was ever seen there."""
    return session.get(DeclaringRepository, repository_id) is not None


def among(session: Session, repository_ids: Iterable[int]) -> frozenset[int]:
    """Those of these repositories in which it was seen."""
    wanted = frozenset(repository_ids)
    seen = session.scalars(select(DeclaringRepository.repository_id))
    return frozenset(number for number in seen if number in wanted)


def may_declare(tag: str) -> bool:
    """Whether a tag of any repository is worth a look: it has a prefix and a version."""
    return _PREFIXED.match(tag) is not None


def touches_file(commits: Iterable[Any]) -> bool:
    """Whether one of a push's commits, as GitHub tells of them, writes the file."""
    return any(
        isinstance(commit, Mapping) and FILE in (*_names(commit, "added"), *_names(commit, "modified"))
        for commit in commits
    )


def _names(commit: Mapping[str, Any], kind: str) -> tuple[Any, ...]:
    names = commit.get(kind)
    return tuple(names) if isinstance(names, list) else ()
