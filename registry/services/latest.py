"""The latest version of each module, kept in its row: lists and searches join it instead of sorting versions.

Whoever publishes a version or changes the state of one calls `refresh` in the same unit of work.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import models
from registry.version_states import LISTED
from tfmodule.version import Version, latest

INSTALLABLE = tuple(sorted(LISTED))
"""The states of a version that clients may be told of."""


def refresh(session: Session, module_id: str) -> str | None:
    """Find the module's latest version again and keep its id; None where nothing is left to install.

    The highest release counts; a prerelease only where there is nothing else (R31).
    """
    # Two publishers of one module come one after the other here, and the second sees what the first one published.
    # NO KEY: each has inserted a version, and so already holds a share of the module's key.
    module = session.scalars(
        select(models.Module)
        .where(models.Module.id == module_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    rows = session.execute(
        select(models.Version.id, models.Version.version)
        .where(models.Version.module_id == module_id)
        .where(models.Version.state.in_(INSTALLABLE))
    )
    module.latest_version_id = latest_of({row.version: row.id for row in rows})
    return module.latest_version_id


def latest_of(ids: Mapping[str, str]) -> str | None:
    """The id of the latest of these versions."""
    found = {Version.parse(text): version_id for text, version_id in ids.items()}
    highest = latest(found)
    return found[highest] if highest is not None else None
