"""What is published in a namespace, with what the gate said of it then. Reads rows; opens no archive."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import namespaces
from gate.report import Report
from registry import models
from registry.version_states import TOMBSTONE
from tfmodule.address import Address
from tfmodule.version import Version


@dataclass(frozen=True)
class Judged:
    """One version that is not removed, and the report it was published with."""

    address: Address
    version: Version
    state: str
    sha256: str
    uploaded: bool
    report: Report


def published(session: Session, namespace: str) -> tuple[Judged, ...]:
    """All versions but removed ones, by module and precedence. Raises UnknownNamespaceError."""
    found = namespaces.get(session, namespace)
    row, module = models.Version, models.Module
    wanted = select(row, module).join(module, module.id == row.module_id)
    wanted = wanted.where(module.namespace_id == found.id, row.state != TOMBSTONE)
    known = [
        Judged(
            Address(found.name, its.name, its.system), Version.parse(one.version), one.state, one.sha256,
            not one.commit_sha, Report.from_dict(one.report),
        )
        for one, its in session.execute(wanted)
    ]  # fmt: skip
    return tuple(sorted(known, key=lambda one: (one.address.key, one.version)))
