"""Terraform's words as findings: places inside the module, and nothing of the machine's directories."""

import json
from pathlib import Path

import pytest

from gate import diagnostics
from gate.workspace import Workspace

SPACE = Workspace(Path("/jobs/1"), Path("/jobs/1/work"), {}, Path("/mirror"))


def validate(**place: object) -> str:
    item = {
        "severity": "error",
        "summary": "Bad.",
        "detail": "In /jobs/1/work/x\n and /jobs/1/home",
        "range": place or None,
    }
    return json.dumps({"valid": False, "diagnostics": [item]})


@pytest.mark.parametrize(
    ("name", "directory", "expected"),
    [
        ("main.tf", "", "main.tf"),
        ("main.tf", "examples/a", "examples/a/main.tf"),
        ("../../main.tf", "examples/a", "main.tf"),
        ("/jobs/1/work/modules/x.tf", "", "modules/x.tf"),
        ("/etc/passwd", "", None),
        ("../x", "", None),
    ],
)
def test_places_are_relative_to_the_module(name: str, directory: str, expected: str | None) -> None:
    output = validate(filename=name, start={"line": 3}, end={"line": 4})
    (finding,) = diagnostics.from_validate(output, "validate", directory, SPACE) or ()
    assert finding.path == expected
    assert (finding.line, finding.end_line) == ((3, 4) if expected else (None, None))
    assert finding.message == "Bad: In ./x and …/home"


@pytest.mark.parametrize("output", ["", "nonsense", "[]", "{}", '{"diagnostics": 3}', '{"diagnostics": [3]}'])
def test_nonsense_is_no_answer(output: str) -> None:
    assert diagnostics.from_validate(output, "validate", "", SPACE) is None


TEXT = """
Error: Unsupported argument

  on examples/x/main.tf line 3, in module "m":
   3:   nme = "x"

An argument named "nme" is not expected here.

Warning: Old

It is old.
"""


def test_plain_text_is_read() -> None:
    error, warning = diagnostics.from_text(TEXT, "init", "", SPACE)
    assert (error.severity, error.place) == ("error", "examples/x/main.tf:3")
    assert error.message == 'Unsupported argument: An argument named "nme" is not expected here.'
    assert (warning.severity, warning.place, warning.message) == ("warning", "", "Old: It is old.")
    assert diagnostics.from_text("all is well", "init", "", SPACE) == ()


def test_test_events_name_their_run() -> None:
    lines = [
        "not json",
        json.dumps(
            {
                "type": "diagnostic",
                "@testrun": "a",
                "@testfile": "t.tftest.hcl",
                "diagnostic": {"severity": "error", "summary": "S"},
            }
        ),
        json.dumps({"type": "test_summary"}),
    ]
    (finding,) = diagnostics.from_test("\n".join(lines), SPACE)
    assert (finding.path, finding.message) == ("t.tftest.hcl", 'S (run "a")')


@pytest.mark.checklist("T-27")
def test_long_and_invisible_words_are_tamed() -> None:
    output = json.dumps({"diagnostics": [{"severity": "error", "summary": "a\u202eb\x1b[31m" + "x" * 9_000}]})
    (finding,) = diagnostics.from_validate(output, "validate", "", SPACE) or ()
    assert len(finding.message) <= 1_500
    assert finding.message.isprintable()


def test_what_a_mock_made_up_and_moments_are_left_out_of_a_message() -> None:
    def said(detail: str) -> str:
        event = {"type": "diagnostic", "@testrun": "one"}
        event["diagnostic"] = {"severity": "error", "summary": "Test assertion failed", "detail": detail}  # type: ignore[assignment]
        (finding,) = diagnostics.from_test(json.dumps(event), SPACE)
        return finding.message

    first = said('bucket "a1b2c3d4" is a1b2c3d4 at 2026-01-02T03:04:05Z, versions apart')
    assert first == said('bucket "abcdefgh" is z9y8x7w6 at 2027-11-12T13:14:15Z, versions apart')
    assert first.endswith('versions apart (run "one")')


def test_what_stands_in_no_file_has_no_place() -> None:
    (finding,) = diagnostics.from_validate(validate(filename="<empty>", start={"line": 1}), "validate", "", SPACE) or ()
    assert (finding.path, finding.line) == (None, None)
