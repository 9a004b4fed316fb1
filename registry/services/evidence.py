"""What the gate said of published versions, as the subjects of an assessment. Refuses what the asker may not read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.namespaces import Namespace
from accounts.tokens import Principal
from core.errors import UserError
from gate.compliance.evidence import Subject
from gate.report import Report
from registry import models
from registry.services import catalog
from registry.services.catalog import VersionFacts
from tfmodule.address import Address

MOST_MODULES = 500
"""Of one namespace in one answer."""


class TooManyModulesError(UserError):
    """A namespace that is too large for one answer."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"`{name}` has more than {MOST_MODULES} modules, too many for one answer. `terrasmith compliance {name}` "
            "asks for them one after the other."
        )


def of_version(facts: VersionFacts) -> Subject:
    """One version, with the report it was published with."""
    return _subject(facts.address, str(facts.version), facts.report, facts.sha256, facts.published_at)


def of_namespace(session: Session, name: str, principal: Principal | None) -> tuple[Namespace, tuple[Subject, ...]]:
    """The newest listed version of each module.

    Raises UnknownNamespaceError, SignInRequiredError and TooManyModulesError.
    """
    home = catalog.namespace(session, name, principal)
    module, version = models.Module, models.Version
    rows = session.execute(
        select(module.name, module.system, version.version, version.report, version.sha256, version.published_at)
        .join(version, version.id == module.latest_version_id)
        .where(module.namespace_id == home.id)
        .order_by(module.name_key, module.system)
        .limit(MOST_MODULES + 1)
    ).all()
    if len(rows) > MOST_MODULES:
        raise TooManyModulesError(home.name)
    return home, tuple(
        _subject(Address(home.name, row.name, row.system), row.version, row.report, row.sha256, row.published_at)
        for row in rows
    )


def _subject(address: Address, version: str, report: Mapping[str, Any], sha256: str, published_at: datetime) -> Subject:
    moment = published_at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    # Of what was published before reports were kept there is none.
    return Subject(str(address), Report.from_dict(report) if report else None, version, sha256, moment)
