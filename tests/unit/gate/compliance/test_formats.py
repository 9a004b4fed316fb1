"""The forms of an assessment, to the byte; and that no text of a module becomes a formula, markup or a claim."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from gate.compliance.evidence import Assessment, Subject, assess
from gate.compliance.formats import COLUMNS, FORMATS, Format, written
from gate.compliance.framework import BUILT_IN, built_in, read
from gate.compliance.terminal import show
from gate.report import CheckResult, Finding, Report, RuleTally

GOLDEN = Path(__file__).parent / "golden"
FRAMEWORK = read(
    b"""
id = "ours"
title = "Our rules"
version = "1"
licence = "CC0-1.0"
attribution = "Us."
[[requirement]]
id = "1"
words = "Databases are encrypted."
rules = ["CKV_AWS_16", "encryption"]
[[requirement]]
id = "2"
words = "Nobody reaches port 22."
rules = ["CKV_AWS_24", "CKV_AWS_25"]
[[requirement]]
id = "3"
words = "Buckets are private."
rules = ["CKV_AWS_53"]
[[requirement]]
id = "4"
words = "Flow logs are on."
[[requirement]]
id = "5"
words = "People are trained."
kind = "not-in-code"
""",
    "ours.toml",
)
OPEN = Finding(
    "CKV_AWS_24", "error", "=cmd|' /C calc'!A0 | <b>[x](y)", "a|b.tf", 4, 9, source="checkov", risk="critical"
)
REPORT = Report(
    profile="house",
    engine="terraform 1.11.4",
    tier="provider",
    sandbox="L2",
    verdict="refused",
    checks=(CheckResult("encryption", "Encrypted by default", "passed", 0.25, kind="points", points=4, of=4),),
    scanners=("checkov 3.3.30",),
    asked=(RuleTally("CKV_AWS_16", 2), RuleTally("CKV_AWS_24", 1, 0, 1), RuleTally("CKV_AWS_25", 2)),
    findings=(replace(OPEN, severity="note", suppressed="@a bastion"),),
    gate_version="0.1.0+abc",
)
SUBJECTS = (
    Subject("acme/db/aws", REPORT, "1.2.0", "ab" * 32, "2026-11-02T10:20:30Z"),
    Subject("acme/api/aws", None, "2.0.0"),
)
ASSESSMENT = assess(FRAMEWORK, "namespace", "acme", SUBJECTS)


@pytest.mark.parametrize("form", FORMATS)
def test_the_bytes_are_these(form: Format) -> None:
    """Made anew by deleting the file and running this twice; look at what changed."""
    file = GOLDEN / f"namespace.{form}"
    text = written(ASSESSMENT, form)
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
        pytest.fail("there was nothing to compare with; it is written now")
    assert text.encode() == file.read_bytes()
    assert text == written(assess(FRAMEWORK, "namespace", "acme", SUBJECTS[::-1]), form)


@pytest.mark.parametrize("form", FORMATS)
def test_how_long_it_took_changes_no_byte(form: Format) -> None:
    slower = replace(REPORT, checks=(replace(REPORT.checks[0], seconds=9.0),))
    again = assess(FRAMEWORK, "namespace", "acme", (replace(SUBJECTS[0], report=slower), SUBJECTS[1]))
    assert written(again, form) == written(ASSESSMENT, form)


@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_is_ever_claimed_and_every_requirement_is_listed(name: str) -> None:
    found = assess(built_in(name), "module", "acme/db/aws 1.2.0", SUBJECTS[:1])
    console = Console(width=160, record=True, file=io.StringIO())
    show(found, console)
    texts = {form: written(found, form) for form in FORMATS} | {"terminal": console.export_text()}
    for form, text in texts.items():
        assert "compliant" not in text.lower()
        assert "conform" not in text.lower()
        for one in built_in(name).requirements:
            assert one.id in text, (form, one.id)
    document = json.loads(texts["json"])
    assert document["framework"]["licence"] == "Apache-2.0"
    assert document["framework"]["attribution"]
    assert sum(document["summary"].values()) == len(document["requirements"])


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def _saying(text: str) -> Assessment:
    said = replace(OPEN, message=text, path=text or None, suppressed=text)
    report = replace(REPORT, findings=(said,))
    return assess(FRAMEWORK, "module", text, (Subject(text, report, text),))


@settings(max_examples=30)
@given(st.text(max_size=20) | st.text("=+-@\t\r\n ＝＋－＠\u200b\"',;|<>[]()`", max_size=12))
def test_no_text_becomes_a_formula_a_row_or_markup(text: str) -> None:
    found = _saying(text)
    rows = _rows(written(found, "csv"))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    # One row for each piece of evidence and one for what has none, whatever the text.
    assert len(rows) == 1 + 2 + 2 + 1 + 1 + 1
    for cell in (cell for row in rows for cell in row):
        assert not cell.lstrip(" '\"\t\r\n").startswith(("=", "+", "@", "＝", "＋", "＠")) or cell.startswith("'")
        assert cell.isprintable()
    tokens = MarkdownIt().parse(written(found, "markdown"))
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {"link_open", "image", "html_inline"}
    assert not [token for token in tokens if token.type in ("html_block", "code_block", "fence")]
    assert json.loads(written(found, "json"))["name"] == text
