"""Modules whose names one reads for each other: within a namespace and a system, the first one keeps the others out."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import names
from core.errors import UserError
from registry import models
from tfmodule.address import Address


class LooksTakenError(UserError):
    """A module of a name that can be read for this one is there already."""

    def __init__(self, address: str, other: str) -> None:
        super().__init__(
            f"`{address}` cannot be published: people would take it for `{other}`, which exists. Use another name."
        )
        self.address, self.other = address, other


def refuse_lookalike(session: Session, namespace_id: str, address: Address) -> None:
    """Raise LooksTakenError for a new module whose name another module of the namespace could be taken for."""
    others = session.scalars(
        select(models.Module.name)
        .where(models.Module.namespace_id == namespace_id)
        .where(models.Module.system == address.system)
        # Another publisher of this very module may have been faster by a moment.
        .where(models.Module.name_key != names.key(address.name))
        .order_by(models.Module.name_key)
    )
    other = names.look_alike(address.name, others)
    if other is not None:
        raise LooksTakenError(str(address), str(Address(address.namespace, other, address.system)))
