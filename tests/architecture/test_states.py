"""docs/ARCHITECTURE.md shows the state tables and the data model that the code has, no more and no less."""

import re
from pathlib import Path

import pytest

from accounts.spending import SPENDING_TRANSITIONS
from bot import states
from core import jobs
from core.db import Base
from migrations.tables import metadata
from registry.upload_states import UPLOAD_TRANSITIONS
from registry.version_states import VERSION_TRANSITIONS

TABLES = {
    "Job": jobs.TRANSITIONS,
    "Request": states.REQUEST_TRANSITIONS,
    "Run": states.RUN_TRANSITIONS,
    "Step": states.STEP_TRANSITIONS,
    "Release": states.RELEASE_TRANSITIONS,
    "Version": VERSION_TRANSITIONS,
    "Upload": UPLOAD_TRANSITIONS,
    "Spending": SPENDING_TRANSITIONS,
    "Installation": states.INSTALLATION_TRANSITIONS,
}


@pytest.fixture(scope="module")
def architecture(root: Path) -> str:
    return (root / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")


def _rows(text: str, heading: str) -> list[list[str]]:
    section = re.split(r"^#{2,3} ", text.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


@pytest.mark.parametrize("name", TABLES)
def test_the_document_shows_the_table_that_the_code_asks(architecture: str, name: str) -> None:
    rows = _rows(architecture, f"### {name}")
    shown = {row[0]: frozenset(word for word in row[2].split(", ") if word != "—") for row in rows}
    assert shown == dict(TABLES[name])


@pytest.mark.parametrize("name", TABLES)
def test_a_state_leads_only_to_states(name: str) -> None:
    table = TABLES[name]
    assert set().union(*table.values()) <= set(table)


def test_every_state_table_is_shown() -> None:
    found = [value for key, value in vars(states).items() if key.endswith("_TRANSITIONS")]
    assert all(any(table is one for one in TABLES.values()) for table in found)


def test_the_data_model_shows_every_table(architecture: str) -> None:
    shown = {row[0].strip("`"): row[1] for row in _rows(architecture, "## The data")}
    packages = {mapper.local_table.name: mapper.class_.__module__.split(".")[0] for mapper in Base.registry.mappers}
    assert shown == packages
    assert set(shown) == set(metadata.tables)
