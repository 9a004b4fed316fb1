"""Who may read what, as a condition of a query: lists and searches filter by it before they count or cut.

The same rule as `catalog` applies to a single module: public namespaces for everybody, a private one for its tokens.
"""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

import accounts.models
from accounts import namespaces
from accounts.namespaces import Namespace
from accounts.tokens import Principal


def may_read(principal: Principal | None) -> ColumnElement[bool]:
    """True of the rows of `accounts.models.Namespace` that this one may read."""
    table = accounts.models.Namespace
    if principal is None:
        return table.visibility == "public"
    return or_(table.visibility == "public", table.id == principal.namespace_id)


def readable_namespaces(
    session: Session, principal: Principal | None, *, offset: int, limit: int
) -> tuple[Namespace, ...]:
    """Those that this one may read, by name."""
    table = accounts.models.Namespace
    ids = session.scalars(
        select(table.id).where(may_read(principal)).order_by(table.name_key).offset(offset).limit(limit)
    )
    return tuple(found for one in ids if (found := namespaces.find_by_id(session, one)) is not None)
