"""Every built-in template through the real gate, as it stands and with its defaults changed, and one really applied."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.material import Evidence
from gate.report import Report
from gate.scanning.scanners import make_scanner
from gate.scanning.warm import ScannerSettings, find_python
from generator.briefing import TemplateBriefer
from generator.catalogue import Template, built_in
from generator.intake import Intake
from generator.loop import generate
from generator.request import Ask, Draft
from generator.template_writer import TemplateWriter
from tfmodule.files import FileMap
from tfmodule.hcl_writer import Block, Reference, document

# One plain wish, and one that turns as many of the template's defaults as go together.
_PROMPTS = {
    "aws-bucket": (
        "an S3 bucket with versioning and encryption",
        "an S3 bucket with KMS, cross-region replication and force destroy, objects expire after 90 days",
    ),
    "aws-container-registry": (
        "an ECR repository",
        "ECR with KMS, replicated to us-west-2, for other accounts, keeps the last 10 images, untagged after 3 days",
    ),
    "aws-database": (
        "a postgres RDS database",
        "MySQL 8.0 database, multi AZ, 30 days of backups, KMS, 100 GB, IAM authentication",
    ),
    "aws-distribution": (
        "a CloudFront distribution",
        "CDN with WAF, access logs, security headers (HSTS, CSP), single-page app, price class 100",
    ),
    "aws-event-rule": (
        "an EventBridge rule that runs every night",
        "event bus with an archive of 30 days, lambda target, 5 retries, events to SQS with a DLQ",
    ),
    "aws-key": (
        "a KMS key",
        "multi-region KMS key, rotated every 180 days, for CloudWatch logs and other accounts, with an administrator",
    ),
    "aws-queue": (
        "an SQS queue",
        "a FIFO SQS queue with deduplication, KMS, 3 attempts, 2 minutes visibility, retention 7 days",
    ),
    "aws-security-group": (
        "a security group",
        "a security group for a public web server with egress",
    ),
    "aws-service": (
        "a background worker on fargate, no load balancer",
        "an ECS Fargate service behind an ALB, with secrets, Cloud Map discovery, 3 tasks, port 9000, ARM",
    ),
    "aws-table": (
        "a DynamoDB table",
        "provisioned DynamoDB table with a sort key, global index, TTL, streams, KMS, at least 5 and at most 50 units",
    ),
    "aws-topic": (
        "an SNS topic",
        "an SNS topic for alarms with a customer managed key and a Lambda function",
    ),
    "aws-vpc": (
        "a VPC",
        "an isolated VPC over 2 availability zones with flow logs",
    ),
    "aws-zone": (
        "a Route 53 hosted zone",
        "a DNS zone with DNSSEC, query logging, failover records and health checks, force destroy",
    ),
    "terraform-label": (
        "a naming and tags module",
        "a naming module with underscores, upper case, at most 24 characters",
    ),
}


def _cases() -> Iterator[Any]:
    """The prompt that asks for most of each template; the plain one too where it is cheap, else in the long form."""
    for template in built_in():
        plain, rich = _PROMPTS[template.folder]
        yield pytest.param(template, rich, id=rich)
        yield pytest.param(template, plain, id=plain, marks=[pytest.mark.prove] if template.providers else [])


def _draft(prompt: str, judge: Callable[[FileMap], Report], *, briefed: bool = True) -> Draft:
    brief = TemplateBriefer().brief(Intake(prompt, "acme")) if briefed else None
    return generate(Ask(prompt, None, None, "acme", brief=brief), writer=TemplateWriter(), judge=judge)


def _write(files: FileMap, folder: Path) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def _terraform(program: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    configuration = folder / "terraform.rc"
    configuration.touch()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "TF_CLI_CONFIG_FILE": str(configuration),
        "CHECKPOINT_DISABLE": "1",
    }
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(("template", "prompt"), list(_cases()))
def test_a_template_passes_the_house_profile(
    template: Template,
    prompt: str,
    house: Callable[[FileMap], Report],
    terraform: str,
    request: pytest.FixtureRequest,
) -> None:
    if template.providers:
        request.getfixturevalue("aws")
    # Its acceptance test costs seconds: all are run in the long form, here the one that promises most.
    briefed = prompt == _PROMPTS[template.folder][0] or template.folder == "aws-bucket"
    draft = _draft(prompt, house, briefed=briefed)
    assert draft.source == f"template:{template.folder}"
    assert draft.report.verdict == "passed"
    assert draft.report.tier == ("provider" if template.providers else "builtin")
    assert [finding for finding in draft.report.findings if finding.severity == "error"] == []
    assert draft.report.score is not None and draft.report.score >= 95, draft.report.ordered
    intent = next(check.outcome for check in draft.report.checks if check.id == "intent")
    assert intent == ("passed" if briefed else "not-applicable")


@pytest.mark.prove
@pytest.mark.parametrize(
    ("template", "prompt"), [(one, prompt) for one in built_in() for prompt in _PROMPTS[one.folder]]
)
def test_a_template_keeps_its_score_when_it_is_scanned(
    template: Template, prompt: str, lent: EngineSettings, terraform: str, request: pytest.FixtureRequest
) -> None:
    if template.providers:
        request.getfixturevalue("aws")
    settings = ScannerSettings(contained=False)
    assert find_python(settings) is not None, "`make checkov` installs it"
    scanner = make_scanner(settings)

    def scanned(files: FileMap) -> Report:
        return judge(files, profile="house", engine=lent, evidence=Evidence(guarded=True), scanner=scanner)

    report = _draft(prompt, scanned, briefed=False).report
    assert next(check.outcome for check in report.checks if check.id == "scan") == "passed"
    assert report.score is not None and report.score >= 95, report.ordered


@pytest.mark.parametrize("template", built_in(), ids=lambda template: template.folder)
def test_a_template_is_clean_for_terraform_fmt(template: Template, terraform: str, tmp_path: Path) -> None:
    for number, prompt in enumerate(_PROMPTS[template.folder]):
        folder = _write(TemplateWriter().propose(Ask(prompt, None, None, "acme")).files, tmp_path / str(number))
        answer = _terraform(terraform, folder, "fmt", "-check", "-recursive", "-diff")
        assert (answer.returncode, answer.stdout) == (0, "")


def test_what_we_write_is_clean_for_terraform_fmt(terraform: str, tmp_path: Path) -> None:
    deep = {"a": 1, "longer": {"b": [1, 2], "c d": {}}, "list": [{"x": 1}, {"yy": [True]}], "z": None}
    blocks = [
        Block(
            "terraform", (), {"required_version": ">= 1.7"}, (Block("required_providers", (), {"x": {"source": "s"}}),)
        ),
        Block("module", ("m",), {"source": "./m", **deep, "long": ["words " * 8] * 9, "last": Reference("var.v[0].w")}),
        Block(
            "run", ("r",), {"command": Reference("plan")}, (Block("variables", (), {"a": "${x}%{y}\n"}), Block("empty"))
        ),
        Block("output", ("o",), {"value": 'quote " and \\ and ends = {'}),
    ]
    folder = _write({"main.tf": document(blocks)}, tmp_path)
    answer = _terraform(terraform, folder, "fmt", "-check", "-diff")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@pytest.mark.parametrize("example", ["minimal", "complete"])
def test_the_built_in_template_applies_and_then_plans_clean_twice(
    example: str, house: Callable[[FileMap], Report], terraform: str, tmp_path: Path
) -> None:
    draft = _draft("a naming and tags module", house)
    folder = _write(draft.files, tmp_path) / "examples" / example
    for command in ("init", "apply -auto-approve", "plan -detailed-exitcode", "plan -detailed-exitcode"):
        answer = _terraform(terraform, folder, *command.split(), "-no-color", "-input=false")
        assert answer.returncode == 0, answer.stdout + answer.stderr
    shown = _terraform(terraform, folder, "output", "-raw", "id").stdout
    assert shown == {"minimal": "orders", "complete": "acme-prod-orders-public-blue"}[example]
