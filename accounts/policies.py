"""An organisation's policies, as text, and the overrides of single ones: set, replaced, ended, never deleted.

Evaluates nothing: whoever sets them has tried them, and whoever judges by them fails where they give no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from accounts import audit, models, namespaces
from accounts.namespaces import Namespace
from core import clock
from core.errors import Transient, UserError
from core.ids import new_id
from tfmodule.address import Address

_MOST_FILES, _MOST_BYTES = 200, 1 << 20
_LONGEST_REASON = 1_000
_LONGEST = timedelta(days=3_660)


class PolicySetError(UserError):
    """There are no such policies, or they are too large to be kept."""


class OverrideError(UserError):
    """There is no such override, or it says too little to be one."""


@dataclass(frozen=True)
class PolicySet:
    """All policies of a namespace, with who set them; `ended_at` is None for those that hold."""

    namespace: str
    digest: str
    files: Mapping[str, str]
    actor: str
    set_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Override:
    """A policy that a module need not keep, and who says so."""

    module: str
    """`namespace/name/system`; the name as it is compared."""
    policy: str
    actor: str
    reason: str
    made_at: datetime
    expires_at: datetime | None


def set_policies(session: Session, namespace: str, files: Mapping[str, str], digest: str, actor: str) -> bool:
    """Have a namespace judged by these from now on, in place of those before; whether that changes anything."""
    found = namespaces.get(session, namespace)
    if not files or len(files) > _MOST_FILES or sum(len(text.encode()) for text in files.values()) > _MOST_BYTES:
        raise PolicySetError(f"Policies are 1 to {_MOST_FILES} files, of {_MOST_BYTES} bytes together.")
    row = _active(session, found)
    if row is not None and row.digest == digest:
        return False
    before, now = row.digest if row is not None else None, clock.now()
    if row is not None:
        row.ended_at = now
        session.flush()
    try:
        with session.begin_nested():
            session.add(
                models.PolicySet(
                    id=new_id("pol"), namespace_id=found.id, digest=digest, files=dict(files), actor=actor, set_at=now
                )
            )
    except IntegrityError as error:
        raise Transient(f"Somebody else set the policies of {found.name} at the same moment") from error
    audit.record(session, actor, "policy.set", f"namespace:{found.id}", {"digest": digest, "before": before})
    return True


def remove_policies(session: Session, namespace: str, actor: str) -> bool:
    """Have a namespace judged by no policy any more; whether there was one."""
    found = namespaces.get(session, namespace)
    row = _active(session, found)
    if row is None:
        return False
    row.ended_at = clock.now()
    audit.record(session, actor, "policy.remove", f"namespace:{found.id}", {"digest": row.digest})
    return True


def active(session: Session, namespace: str) -> PolicySet | None:
    """The policies that hold now; None for a namespace without any, and for one that is not known."""
    found = namespaces.find(session, namespace)
    row = _active(session, found) if found is not None else None
    return _set(row, found) if row is not None and found is not None else None


def history(session: Session, namespace: str) -> tuple[PolicySet, ...]:
    """All that ever held, newest first."""
    found = namespaces.get(session, namespace)
    row = models.PolicySet
    rows = session.scalars(select(row).where(row.namespace_id == found.id).order_by(row.set_at.desc(), row.id.desc()))
    return tuple(_set(one, found) for one in rows)


def override(
    session: Session, address: Address, policy: str, reason: str, actor: str, lifetime: timedelta | None = None
) -> Override:
    """Let a module be published although it does not keep a soft policy. Said again, it replaces what was said."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= _LONGEST_REASON or not reason.isprintable():
        raise OverrideError(f"Say why, in 1 to {_LONGEST_REASON} characters: whoever reads the report is told.")
    if lifetime is not None and not timedelta() < lifetime <= _LONGEST:
        raise OverrideError(f"An override lasts from 1 to {_LONGEST.days} days, or until it is withdrawn.")
    found = namespaces.get(session, address.namespace)
    now = clock.now()
    for row in _holding(session, found, address):
        if row.policy == policy:
            row.withdrawn_at, row.withdrawn_by = now, actor
    made = models.PolicyOverride(
        id=new_id("ovr"), namespace_id=found.id, module_key=_key(address), policy=policy, reason=reason, actor=actor,
        made_at=now, expires_at=now + lifetime if lifetime is not None else None,
    )  # fmt: skip
    session.add(made)
    session.flush()
    detail = {
        "policy": policy,
        "reason": reason,
        "expires_at": made.expires_at.isoformat() if made.expires_at else None,
    }
    audit.record(session, actor, "policy.override", str(address), detail)
    return _override(made, found)


def overrides(session: Session, address: Address) -> tuple[Override, ...]:
    """Those of one module that hold now; none for a namespace that is not known."""
    found = namespaces.find(session, address.namespace)
    return tuple(_override(row, found) for row in _holding(session, found, address)) if found is not None else ()


def all_overrides(session: Session, namespace: str | None = None) -> tuple[Override, ...]:
    """Those that hold now, of one namespace or of all."""
    spaces = namespaces.list_all(session) if namespace is None else (namespaces.get(session, namespace),)
    return tuple(_override(row, one) for one in spaces for row in _holding(session, one))


def withdraw(session: Session, address: Address, policy: str, actor: str) -> None:
    """End an override. What was published by it stays."""
    found = namespaces.get(session, address.namespace)
    rows = [row for row in _holding(session, found, address) if row.policy == policy]
    if not rows:
        raise OverrideError(
            f"No override of `{policy}` holds for `{address}`: `terrasmith policy overrides` lists them."
        )
    for row in rows:
        row.withdrawn_at, row.withdrawn_by = clock.now(), actor
    audit.record(session, actor, "policy.withdraw", str(address), {"policy": policy})


def _active(session: Session, namespace: Namespace) -> models.PolicySet | None:
    row = models.PolicySet
    return session.scalar(select(row).where(row.namespace_id == namespace.id, row.ended_at.is_(None)))


def _holding(session: Session, namespace: Namespace, address: Address | None = None) -> list[models.PolicyOverride]:
    row = models.PolicyOverride
    wanted = select(row).where(
        row.namespace_id == namespace.id,
        row.withdrawn_at.is_(None),
        or_(row.expires_at.is_(None), row.expires_at > clock.now()),
    )
    if address is not None:
        wanted = wanted.where(row.module_key == _key(address))
    return list(session.scalars(wanted.order_by(row.module_key, row.policy, row.made_at.desc(), row.id)))


def _key(address: Address) -> str:
    return f"{namespaces.name_key(address.name)}/{address.system}"


def _set(row: models.PolicySet, namespace: Namespace) -> PolicySet:
    return PolicySet(namespace.name, row.digest, dict(row.files), row.actor, row.set_at, row.ended_at)


def _override(row: models.PolicyOverride, namespace: Namespace) -> Override:
    module = f"{namespace.name}/{row.module_key}"
    return Override(module, row.policy, row.actor, row.reason, row.made_at, row.expires_at)
