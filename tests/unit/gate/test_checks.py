"""The table of checks: every row has a module that passes and one that fails for exactly its reason, at its line."""

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.acceptance import Wish
from gate.checks import CHECKS, Check
from gate.conclusion import Conclusion, counted
from gate.judge import scored
from gate.material import Evidence, Material, Scanned
from gate.modules import Modules
from gate.policy import Policy
from gate.report import Finding, Report
from gate.screen import screen
from tfmodule.hcl import parse
from tfmodule.schema_index import Schemas, index

ROOT = Path(__file__).parents[3]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = _load(ROOT / "tools" / "rule_pages.py")
MODULE = pages.module()
LOOKING = [check for check in CHECKS if check.look is not None]


def _schemas(text: str) -> Schemas:
    """`{type: {"attributes": {name: [flags, type]}, "blocks": {…}}}` as the provider would describe it."""
    letters = {
        "r": "required",
        "o": "optional",
        "c": "computed",
        "s": "sensitive",
        "d": "deprecated",
        "w": "write_only",
    }

    def block(values):
        attributes = {
            name: {"type": ["map", "string"] if kind == "map" else kind} | {letters[flag]: True for flag in flags}
            for name, (flags, kind) in values.get("attributes", {}).items()
        }
        inner = {name: {"block": block(one)} for name, one in values.get("blocks", {}).items()}
        return {"attributes": attributes, "block_types": inner}

    types = {name: {"block": block(values)} for name, values in json.loads(text).items()}
    return Schemas((index("registry.terraform.io/hashicorp/aws", "5.100.0", {"resource_schemas": types}),))


def _findings(rows) -> tuple[Finding, ...]:
    return tuple(Finding(*row) for row in rows)


def _wishes(rows) -> tuple[Wish, ...]:
    return tuple(Wish(*row) for row in rows)


def _conclusion(row) -> Conclusion:
    return Conclusion(row[0], _findings(row[1]))


def _evidence(text: str) -> Evidence:
    values = json.loads(text)
    for name, read in (("upgrade", _findings), ("idempotent", tuple), ("wishes", _wishes)):
        if name in values:
            values[name] = read(values[name])
    return Evidence(**values)


def material(files: dict[str, bytes], values: dict[str, str] | None = None) -> Material:
    given_values = values or {}
    modules = Modules(problems=_findings(json.loads(given_values.get("problems", "[]"))))
    screened = screen(files, Policy(), modules)
    scan = json.loads(given_values["scan"]) if "scan" in given_values else None
    if scan is not None:
        scan["verdict"] = _conclusion(scan["verdict"])
    return Material(
        files,
        screened.parsed,
        screened.findings,
        modules,
        Policy(),
        {name: _conclusion(row) for name, row in json.loads(given_values.get("engine", "{}")).items()},
        _schemas(given_values["schemas"]) if "schemas" in given_values else None,
        Scanned(**scan) if scan is not None else None,
        _evidence(given_values.get("evidence", "{}")),
    )


def laid_over(case) -> dict[str, bytes]:
    return {name: data for name, data in {**MODULE, **case.files}.items() if name not in case.removed}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_has_a_case_that_passes_and_one_that_fails(check: Check) -> None:
    assert {case.passes for case in pages.cases(check)} == {True, False}
    assert len(pages.why(check)) > 40, "the docstring of its function says why"


@pytest.mark.parametrize("check", LOOKING, ids=lambda check: check.id)
def test_each_case_ends_as_it_says_and_at_its_line(check: Check) -> None:
    assert check.look is not None
    for case in pages.cases(check):
        conclusion = check.look(material(laid_over(case), case.values))
        assert conclusion.outcome == ("passed" if case.passes else "failed"), conclusion
        if case.passes:
            assert check.result(conclusion, 0).points == check.of
            continue
        found = [finding for finding in conclusion.findings if finding.severity != "note"]
        assert sorted(finding.place for finding in found if finding.place) == sorted(case.places)
        assert {finding.rule for finding in found} <= set(check.says)
        assert all(finding.fix for finding in found) or check.id in ("scan", "upgrade", "modules")
        assert check.result(conclusion, 0).points < check.of or check.kind == "gate"


def test_the_module_of_the_cases_loses_nothing() -> None:
    for check in LOOKING:
        assert check.look is not None
        conclusion = check.look(material(MODULE, {"engine": '{"init": ["passed", []], "validate": ["passed", []]}'}))
        expected = {"ci-workflow": "failed"}.get(check.id, "passed")
        assert conclusion.outcome in (expected, "not-applicable", "skipped"), (check.id, conclusion)


def test_the_table_is_the_rubric() -> None:
    assert {check.number for check in CHECKS} == set(range(51))
    assert sum(check.of for check in CHECKS) == 100
    assert [name for name, count in Counter(check.id for check in CHECKS).items() if count > 1] == []
    assert all((check.look is None) != (check.run is None) for check in CHECKS)
    gates = {check.number for check in CHECKS if check.kind == "gate" and check.number}
    assert gates == {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 45, 46}
    assert all(check.profile == "house" for check in CHECKS if check.of), "safety counts no points"


def test_the_pages_are_those_that_the_table_makes() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in pages.PAGES.glob("*.md")}
    assert there == pages.pages(), "run tools/rule_pages.py"


@pytest.mark.parametrize(
    ("findings", "considered", "outcome", "share"),
    [
        (0, 4, "passed", None),
        (1, 4, "failed", 0.75),
        (9, 4, "failed", 0.0),
        (1, None, "failed", 0.0),
        (0, 0, None, None),
    ],
)
def test_each_place_that_is_wrong_costs_its_share(findings, considered, outcome, share) -> None:
    found = [Finding("x", "warning", "m", "main.tf", line) for line in range(findings)]
    conclusion = counted([*found, *found, Finding("x", "note", "n")], considered)
    assert (conclusion.outcome, conclusion.share) == (outcome or "not-applicable", share)


def test_too_few_points_refuse_and_say_what_costs_most() -> None:
    lost = [check.result(Conclusion("failed", share=0.0), 0) for check in CHECKS if check.id in ("intent", "tags")]
    kept = [check.result(Conclusion("passed"), 0) for check in CHECKS if check.id == "example-pair"]
    none = [check.result(Conclusion("not-applicable"), 0) for check in CHECKS if check.id == "encryption"]
    report = Report("house", "e", "provider", "L2", "passed", (*kept, *none, *lost))
    assert report.score == 26
    refused = scored(report, 85)
    assert refused.outcome == "failed"
    [finding] = refused.findings
    assert finding.severity == "error" and "26 of 100; 85 are asked for" in finding.message
    assert finding.message.index("What the request asked for (8)") < finding.message.index("Tags everywhere (3)")
    assert "Encrypted" not in finding.message, "what does not apply costs nothing"
    assert scored(report, 26).outcome == "passed"


def test_without_a_readme_no_point_is_earned_for_its_words() -> None:
    without = {name: data for name, data in MODULE.items() if name != "README.md"}
    for check in (one for one in CHECKS if one.id in ("readme-words", "readme-tables")):
        assert check.look is not None
        assert check.result(check.look(material(without)), 0).points == 0


PIECES = st.sampled_from(
    [
        *(line for case in (data.decode() for data in MODULE.values()) for line in case.split("\n")),
        *(
            "var.",
            "${",
            "}",
            '"',
            "<<-EOT",
            "EOT",
            "(",
            "[",
            "]",
            "{",
            "local.x",
            "data.a.b.c[0]",
            "\\",
            "%{ if",
            "#",
            "/*",
        ),
        *(
            "count = length(var.x)",
            "for_each = { for i, v in var.x : i => v }",
            "type = map(map(",
            "| `",
            "```",
            "## [",
        ),
    ]
)


@given(st.dictionaries(st.sampled_from(sorted(MODULE)), st.lists(PIECES, max_size=12).map("\n".join), max_size=4))
def test_no_content_makes_a_check_raise(changed: dict[str, str]) -> None:
    files = {**MODULE, **{path: text.encode("utf-8", "replace") for path, text in changed.items()}}
    parsed = {path: parse(path, data) for path, data in files.items() if path.endswith((".tf", ".tftest.hcl"))}
    subject = Material(files, parsed)
    for check in LOOKING:
        assert check.look is not None
        assert check.look(subject).outcome in ("passed", "failed", "not-applicable", "undecided", "skipped")


# Each of them makes something long that a careless look would walk through once for every one of its parts.
MANY = 800
HOSTILE = {
    "types": "".join(f'resource "aws_{"x_" * 20}{n}" "this" {{}}\n' for n in range(MANY)),
    "locals": "locals {\n" + "".join(f"  l{n} = local.l{n + 1}\n" for n in range(MANY)) + f"  l{MANY} = var.tags\n}}\n"
    + "".join(f'resource "aws_sns_topic" "t{n}" {{\n  tags = local.l0\n}}\n' for n in range(MANY)),
    "one local": "locals {\n  a = [" + "var.x, " * MANY + "]\n}\n"
    + "".join(f'output "o{n}" {{\n  value = local.a\n}}\n' for n in range(MANY)),
    "variables": "".join(f'variable "v{n}" {{\n  default = "{"0" * 200}"\n}}\n' for n in range(MANY))
    + "".join(f'resource "aws_s3_bucket" "b{n}" {{\n  force_destroy = var.v{n}\n}}\n' for n in range(MANY)),
    "one line": 'output "o" {\n  value = "' + "arn:aws:${var.a[" * 50 + "0" + "]}" * 50 + "0" * 900_000 + '"\n}\n',
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_long_is_looked_at_once(name: str) -> None:
    lines = {"README.md": b"| `" * 200_000, "CHANGELOG.md": b"## [" * 200_000, ".tflint.hcl": b"rule " * 20_000}
    workflow = {".github/workflows/x.yml": b"uses: " * 10_000 + b"\n- [" * 900}
    files = {**MODULE, **lines, **workflow, "main.tf": HOSTILE[name].encode()}
    parsed = {path: parse(path, data) for path, data in files.items() if path.endswith((".tf", ".tftest.hcl"))}
    subject = Material(files, parsed, schemas=_schemas('{"aws_s3_bucket": {}}'))
    for check in LOOKING:
        if check.id != "secrets":  # has its own test of this kind
            assert check.look is not None
            assert len(check.look(subject).findings) <= 200
