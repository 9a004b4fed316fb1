"""Which module somebody who wrote an address that is none may have meant. Names only what the reader may read."""

import difflib
from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

import accounts.models
from accounts import names
from registry import models
from registry.services.dependencies import CHOOSABLE
from tfmodule.address import Address

_MOST = 2_000
_ALIKE = 0.75


def nearest_module(session: Session, wanted: Address, namespace_id: str | None) -> Address | None:
    """A module of the same namespace whose name is a slip away, or one of the same name elsewhere; None for neither.

    `namespace_id` is that of the reader; all others' private modules stay unnamed.
    """
    owner, module, version = accounts.models.Namespace, models.Module, models.Version
    readable = or_(owner.visibility == "public", owner.id == namespace_id)
    installable = select(version.id).where(version.module_id == module.id).where(version.state.in_(CHOOSABLE)).exists()
    near = or_(owner.name_key == names.key(wanted.namespace), module.name_key == names.key(wanted.name))
    rows = session.execute(
        select(owner.name, module.name, module.system)
        .join(owner, owner.id == module.namespace_id)
        .where(readable, installable, near)
        .order_by(owner.name_key, module.name_key, module.system)
        .limit(_MOST)
    )
    return _closest(wanted, (Address(*row) for row in rows))


def _closest(wanted: Address, known: Iterable[Address]) -> Address | None:
    """Only one of the three parts may differ: long names would make whole addresses alike that share nothing else."""
    scored = [(_likeness(wanted, one), one) for one in known]
    best = max(scored, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] >= _ALIKE else None


def _likeness(wanted: Address, other: Address) -> float:
    pairs = list(zip(wanted.key.split("/"), other.key.split("/"), strict=True))
    different = [place for place, (one, two) in enumerate(pairs) if names.key(one) != names.key(two)]
    if len(different) != 1:
        return 0.0
    if different == [2]:  # the same module for another system is worth naming, however that one is called
        return _ALIKE
    return difflib.SequenceMatcher(None, *pairs[different[0]]).ratio()
