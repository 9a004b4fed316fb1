"""From which version a new one starts, and the steps that are allowed although they are smaller than they should be.

Compares nothing: how large a step must be is for the gate to prove.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import audit, namespaces
from core import clock
from core.errors import UserError
from registry import models
from registry.services import catalog
from registry.version_states import SERVED
from tfmodule.address import Address
from tfmodule.version import Version

_LONGEST_REASON = 1_000


class StepError(UserError):
    """There is no such step to allow, or no reason for it."""


@dataclass(frozen=True)
class Earlier:
    """The version that users come from, with the digest of its archive."""

    version: Version
    sha256: str


@dataclass(frozen=True)
class Allowance:
    actor: str
    reason: str


def earlier(session: Session, address: Address, below: Version | None) -> Earlier | None:
    """The highest release below a version, or of all; prereleases promised nothing. None: there is nothing earlier."""
    module = _module(session, address)
    if module is None:
        return None
    row = models.Version
    served = select(row.version, row.sha256).where(row.module_id == module.id).where(row.state.in_(SERVED))
    known = [Earlier(Version.parse(text), sha256) for text, sha256 in session.execute(served)]
    releases = [one for one in known if not one.version.is_prerelease]
    lower = [one for one in releases if below is None or one.version.precedence() < below.precedence()]
    return max(lower, key=lambda one: one.version, default=None)


def allow(session: Session, address: Address, version: Version, reason: str, actor: str) -> None:
    """Let this version be published whatever step it makes. The same again only changes the words."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= _LONGEST_REASON or not reason.isprintable():
        raise StepError(f"Say why, in 1 to {_LONGEST_REASON} characters: whoever reads the report is told.")
    module = _module(session, address)
    if module is None:
        raise StepError(f"There is no module `{address}`: its first version may have any number.")
    row = models.Version
    if session.scalar(select(row.id).where(row.module_id == module.id, row.version_key == version.precedence_key)):
        raise StepError(f"`{address}` {version} is published already, and its number is taken.")
    known = session.get(models.StepAllowance, (module.id, version.precedence_key))
    if known is None:
        known = models.StepAllowance(module_id=module.id, version_key=version.precedence_key)
        session.add(known)
    known.reason, known.actor, known.allowed_at = reason, actor, clock.now()
    audit.record(session, actor, "version.step_allowed", f"{address}/{version}", {"reason": reason})


def allowance(session: Session, address: Address, version: Version) -> Allowance | None:
    """Who allowed a smaller step, and why."""
    module = _module(session, address)
    row = session.get(models.StepAllowance, (module.id, version.precedence_key)) if module is not None else None
    return Allowance(row.actor, row.reason) if row is not None else None


def use(session: Session, address: Address, version: Version) -> None:
    """The version is published: what was allowed for it is used up, in the same transaction."""
    module = _module(session, address)
    row = session.get(models.StepAllowance, (module.id, version.precedence_key)) if module is not None else None
    if row is not None and row.used_at is None:
        row.used_at = clock.now()


def _module(session: Session, address: Address) -> models.Module | None:
    namespace = namespaces.find(session, address.namespace)
    return catalog.find_module(session, namespace, address) if namespace is not None else None
