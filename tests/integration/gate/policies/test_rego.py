"""Real Rego in its real process: findings, levels, limits, and whatever a policy can do wrong."""

import json
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from gate.policies.bundle import read_bundle
from gate.policies.decision import Ruling, described, governed, rulings
from gate.policies.document import document
from gate.policies.organisation import Circumstances, Organisation, Step
from gate.policies.rego import RegoLimits
from gate.policies.testing import run_tests
from gate.proof.prover import compare_files
from gate.report import CheckResult, Finding, Overridden, Report
from generator.loop import generate
from generator.request import Ask
from generator.template_writer import TemplateWriter
from terrasmith.check import check
from terrasmith.policy import app
from terrasmith.policy_folder import library
from tfmodule.version import Version

SCREENED = CheckResult("screen", "Nothing forbidden inside", "passed", 0.0)
REPORT = Report("house", "terraform 1.11.4 (cold)", "builtin", "L3", "passed", (SCREENED,))
FILES = {
    "main.tf": b'variable "open" {\n  default = true\n}\n\nresource "aws_db_instance" "This" {\n'
    b'  publicly_accessible = var.open\n  name = "x${1}"\n  dynamic "a" {\n    content {\n      b = 1\n    }\n  }\n}\n',
    "LICENSE": b"SPDX-License-Identifier: MIT\n",
}
HERE = Circumstances("upload", "token:t1", "acme/db/aws", "1.1.0", Step(Version.parse("1.0.0")))


def policy(body: str, level: str = "hard") -> dict[str, bytes]:
    head = f'package p\n\nmetadata := {{"id": "p", "title": "Tried", "level": "{level}"}}\n\n'
    return {"p.rego": (head + body).encode()}


def ruling(body: str, level: str = "hard", *, overrides: tuple[Overridden, ...] = (), seconds: float = 10) -> Ruling:
    bundle = read_bundle(policy(body, level)).bundle
    return next(rulings(bundle, [(REPORT, FILES, HERE)], overrides, RegoLimits(seconds=seconds)))


DENY = """deny contains {"message": sprintf("%s by %s", [resource.name, input.actor]), "path": resource.path,
	"line": resource.line, "fix": "Rename\\nit."} if {
	some resource in input.resources
	resource.defaults.publicly_accessible == true
}
"""


def test_what_a_hard_policy_forbids_is_refused_with_its_place() -> None:
    organisation = Organisation(read_bundle(policy(DENY)).bundle, (Overridden("p", "ada", "meant"),))
    report = governed(REPORT, FILES, organisation, HERE)
    assert report.verdict == "refused"
    assert report.checks[-1].id == "policies"
    finding = report.findings[-1]
    assert (finding.rule, finding.source, finding.severity, finding.place) == (
        *("policy/p", "policy", "error"),
        "main.tf:5",
    )
    assert (finding.message, finding.fix) == ("This by token:t1", "Rename it.")
    assert report.policy_digest != REPORT.policy_digest
    assert not report.overrides


def test_a_soft_policy_yields_to_a_name_and_a_reason_and_an_advisory_one_always() -> None:
    assert ruling(DENY, "soft").conclusion.outcome == "failed"
    overridden = ruling(DENY, "soft", overrides=(Overridden("p", "ada", "a demo"),))
    assert overridden.conclusion.outcome == "passed"
    assert [one.severity for one in overridden.findings] == ["warning"]
    assert "ada overrode it: a demo" in overridden.findings[0].message
    assert [one.policy for one in overridden.overrides] == ["p"]
    assert [one.severity for one in ruling(DENY, "advisory").findings] == ["note"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("deny contains 1 / 0 if true\n", "line 5"),
        ("deny contains x if x := nothing(1)\n", "nothing"),
        ('deny[msg] := "x" if msg := "a"\n', "is no set"),
        ("deny contains 1 if true\n", "no text and no object with a `message`"),
        ("deny contains {1} if {\n", "line 5"),
        (
            'deny contains "x" if regex.match("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")\n',
            "after 0.5 seconds",
        ),
    ],
)
def test_a_policy_that_gives_no_answer_leaves_the_verdict_open(body: str, said: str) -> None:
    found = ruling(body, seconds=0.5 if "regex" in body else 10)
    assert found.conclusion.outcome == "undecided", found
    assert said in found.undecided[0].message


def test_what_the_screen_refuses_is_shown_to_no_policy() -> None:
    report = Report("house", "none", "none", "L0", "refused", (CheckResult("screen", "x", "failed", 0.0),))
    shown = governed(report, {"main.tf": b"\0"}, Organisation(read_bundle(policy(DENY)).bundle), HERE)
    assert shown.checks[-1].outcome == "skipped"
    assert shown.verdict == "refused"


def test_a_level_in_the_settings_holds_and_a_name_that_is_none_is_told() -> None:
    files = policy(DENY) | {"settings.json": b'{"levels": {"p": "off"}}'}
    assert not next(rulings(read_bundle(files).bundle, [(REPORT, FILES, HERE)])).findings
    wrong = policy(DENY) | {"settings.json": b'{"levels": {"q": "off"}}'}
    assert "`levels` names `q`" in described(read_bundle(wrong).bundle)[1][0].message


def test_the_input_is_as_its_schema_says() -> None:
    schema = json.loads((Path(__file__).parents[4] / "docs/reference/policy-input.schema.json").read_text())
    report = Report("house", "e", "none", "L0", "passed", (SCREENED,), (Finding("fmt", "error", "m", "main.tf", 1),))
    step = Step(Version.parse("1.0.0"), compare_files({}, FILES).changes)
    values = document(report, FILES, Circumstances("github", "github:ada", "acme/db/aws", "1.1.0", step))
    jsonschema.Draft202012Validator(schema).validate(values)
    (resource,) = values["resources"]
    assert resource["defaults"] == {"publicly_accessible": True}
    assert resource["expressions"]["name"] == '"x${1}"'
    assert [(one["kind"], one["values"]) for one in resource["blocks"]] == [("a", {"b": 1})]
    assert values["module"]["licence"] == "MIT"
    assert values["change"]["bump"] == "minor"


def test_the_policies_that_come_along_pass_their_own_tests(tmp_path: Path) -> None:
    found = run_tests(read_bundle(library()))
    assert found.passed, [one for one in found.tests if one.outcome != "passed"]
    assert not found.untested
    assert {rule.level for rule in described(read_bundle(library()).bundle)[0]} == {"advisory", "soft"}


def test_our_own_templates_pass_them() -> None:
    bundle = read_bundle(library()).bundle
    prompts = ("an S3 bucket with KMS and replication", "an SQS queue", "a VPC", "a naming and tags module")
    cases = []
    for prompt in prompts:
        draft = generate(Ask(prompt, None, None, "acme"), writer=TemplateWriter(), judge=lambda _files: REPORT)
        cases.append((REPORT, draft.files, Circumstances("generated", "", f"acme/{draft.name}/{draft.system}")))
    for ruling_, prompt in zip(rulings(bundle, cases), prompts, strict=True):
        assert ruling_.conclusion.outcome == "passed", (prompt, ruling_)
        assert not ruling_.findings, (prompt, ruling_)


def test_a_whole_judgement_asks_them_at_its_end(tmp_path: Path) -> None:
    """Without an engine nobody can tell; but what a policy refuses is refused, and its findings are in every form."""
    module, mine = tmp_path / "module", tmp_path / "mine"
    for folder, files in ((module, FILES), (mine, policy(DENY))):
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
    (mine / "p_test.rego").write_text("package t\n")
    sarif = tmp_path / "report.sarif"
    command = typer.Typer()
    command.command()(check)
    done = CliRunner().invoke(
        command,
        [str(module), "--profile", "safety", "--policy", str(mine), "--json", "--output", f"sarif={sarif}"],
        env={"TERRASMITH_TERRAFORM": "/nowhere", "TERRASMITH_SCANNER": "off"},
    )
    assert done.exit_code == 1, done.output
    report = json.loads(done.output)
    assert report["checks"][-1]["id"] == "policies"
    assert "policy/p" in sarif.read_text()
    (mine / "p.rego").write_text("package p\nx := [\n")
    told = CliRunner().invoke(
        command,
        [str(module), "--policy", str(mine), "--profile", "safety", "--json"],
        env={"TERRASMITH_TERRAFORM": "/nowhere", "TERRASMITH_SCANNER": "off"},
    )
    assert told.exit_code == 2
    assert json.loads(told.output)["checks"][-1]["outcome"] == "undecided"


def test_the_commands(tmp_path: Path) -> None:
    module, mine = tmp_path / "module", tmp_path / "mine"
    module.mkdir()
    mine.mkdir()
    for name, data in FILES.items():
        (module / name).write_bytes(data)
    for name, data in policy(DENY).items():
        (mine / name).write_bytes(data)
    run = CliRunner().invoke
    assert run(app, ["init", str(tmp_path / "begun")]).exit_code == 0
    assert run(app, ["init", str(tmp_path / "begun")]).exit_code == 2
    refused = run(app, ["check", str(mine), str(module)])
    assert (refused.exit_code, "main.tf:5" in refused.output) == (1, True)
    (mine / "p_test.rego").write_text(
        'package t\n\ntest_a := {"policy": "p", "input": {"resources": []}}\n\n'
        'test_b := {"policy": "p", "input": {"resources": []}, "deny": 1}\n\ntest_c := {"policy": "z"}\n'
    )
    tested = run(app, ["test", str(mine), "--format", "json"])
    assert tested.exit_code == 1
    assert [one["outcome"] for one in json.loads(tested.output)["tests"]] == ["passed", "failed", "error"]
    (mine / "p.rego").write_text("package p\nx := [\n")
    broken = run(app, ["check", str(mine), str(module)])
    assert (broken.exit_code, "p.rego" in broken.output) == (2, True)
    assert run(app, ["test", str(tmp_path / "nowhere")]).exit_code == 2
    assert json.loads(run(app, ["input", str(module)]).output)["schema_version"] == 1
