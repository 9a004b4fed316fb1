"""Asks an organisation's policies about a module, at the end of its judgement, and once more whether they still hold.

A report is kept for reuse without them: what they say depends on who brings the module, and on the day.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from accounts import policies
from core.errors import Transient, UserError
from gate.policies.bundle import Bundle
from gate.policies.decision import governed
from gate.policies.organisation import NO_ORGANISATION, Circumstances, Organisation, Source
from gate.report import Overridden, Report
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.version import Version
from workers import proving
from workers.context import JobContext


class DamagedPoliciesError(UserError):
    """What is stored is not what was set: nobody can say what the organisation asks for."""


class PoliciesChangedError(Transient):
    """The judgement rests on policies, or on an override, that hold no more: judge again."""


@dataclass(frozen=True)
class Way:
    """How a module came, and who brought it."""

    source: Source
    actor: str


def with_policies(
    ctx: JobContext, report: Report, module: Iterable[Entry], address: Address, version: Version | None, way: Way
) -> Report:
    """The report with what the policies of the module's namespace say of it; as it is where there are none."""
    with ctx.read() as session:
        organisation = _organisation(session, address)
    if organisation is NO_ORGANISATION:
        return report
    entries = tuple(module)
    screened = any(one.id == "screen" and one.outcome == "passed" for one in report.checks)
    circumstances = Circumstances(
        source=way.source,
        actor=way.actor,
        address=str(address),
        version=str(version) if version is not None else "",
        step=proving.declared_step(ctx, entries, address, version) if screened else None,
    )
    return governed(report, {entry.path: entry.data for entry in entries}, organisation, circumstances)


def holds(session: Session, address: Address, report: Report) -> bool:
    """Whether the same policies, and all overrides that the report needed, hold now."""
    found = policies.active(session, address.namespace)
    if report.organisation != (found.digest if found is not None else ""):
        return False
    return found is None or set(report.overrides) <= set(_overrides(session, address))


def require(session: Session, address: Address, report: Report) -> None:
    """In the transaction that publishes. Raises PoliciesChangedError, after which the job begins anew."""
    if not holds(session, address, report):
        raise PoliciesChangedError(f"The policies of {address.namespace} changed while {address} was judged", 1.0)


def _organisation(session: Session, address: Address) -> Organisation:
    found = policies.active(session, address.namespace)
    if found is None:
        return NO_ORGANISATION
    bundle = Bundle(found.files)
    if not found.files or bundle.digest != found.digest:
        raise DamagedPoliciesError(
            f"The policies of {found.namespace} are not those that were set. Set them again: `terrasmith policy set`."
        )
    return Organisation(bundle, _overrides(session, address))


def _overrides(session: Session, address: Address) -> tuple[Overridden, ...]:
    return tuple(Overridden(one.policy, one.actor, one.reason) for one in policies.overrides(session, address))
