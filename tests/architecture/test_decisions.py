"""Decision records: numbered without gaps, five headings, and a last one that names a check which exists."""

import re
from pathlib import Path

import pytest

HEADINGS = ["The question", "What we decided", "Why", "What follows", "What checks it"]
RECORDS = sorted((Path(__file__).resolve().parents[2] / "docs" / "decisions").glob("[0-9]*.md"))


def test_they_are_numbered_without_gaps() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_each_has_five_headings_and_ends_in_a_check(record: Path, root: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.match(rf"# {record.name[:4]} \S", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    last = text.rsplit("## ", 1)[1]
    tests = re.findall(r"`(tests/[\w/]+\.py)`", last)
    contracts = re.findall(r"contracts? ((?:`[\w-]+`(?: and )?)+)", last)
    assert tests or contracts, "names no check"
    assert not [test for test in tests if not (root / test).is_file()]
    ids = {word for found in contracts for word in re.findall(r"`([\w-]+)`", found)}
    assert ids <= set(
        re.findall(r'^id = "([\w-]+)"', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    )
