"""The real Checkov: it answers as recorded, obeys nothing of the module's, and what it cannot read is never clean."""

import json
from pathlib import Path

import pytest

from gate.modules import NO_MODULES
from gate.policy import Policy
from gate.scanning import checkov as reading
from gate.scanning.areas import split
from gate.scanning.scanners import make_scanner
from gate.scanning.verdict import decide
from gate.scanning.warm import ScannerSettings, ask
from tests.scanners import INSECURE, recorded


def test_it_answers_as_recorded(checkov: ScannerSettings) -> None:
    """After a new Checkov: write `answer` over the recording, and look at what changed."""
    answer = ask(checkov, split(INSECURE, NO_MODULES).texts)
    assert json.loads(json.dumps(answer)) == recorded()


def test_one_scan_is_as_the_next_byte_for_byte(checkov: ScannerSettings) -> None:
    scanner = make_scanner(checkov)
    one, two = (
        decide(scanner.scan(dict(files)), Policy(), "house") for files in (INSECURE, reversed(INSECURE.items()))
    )
    assert repr(one) == repr(two)
    assert one.outcome == "failed"


@pytest.mark.checklist("T-21")
def test_no_file_of_the_module_steers_it(checkov: ScannerSettings, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    plant = f"open({str(marker)!r}, 'w').close()\n".encode()
    configuration = (
        b"external-checks-dir:\n  - checks\nskip-check:\n  - CKV_AWS_24\nsoft-fail: true\nbaseline: .checkov.baseline\n"
    )
    baseline = {"failed_checks": [{"file": "/main.tf", "findings": [{"resource": "x", "check_ids": ["CKV_AWS_24"]}]}]}
    planted = {
        ".checkov.yaml": configuration,
        ".checkov.yml": configuration,
        "examples/basic/.checkov.yaml": configuration,
        ".checkov.baseline": json.dumps(baseline).encode(),
        "checks/__init__.py": plant,
        "checks/evil.py": plant,
        "sitecustomize.py": plant,
        "checkov.py": plant,
        "hcl2/__init__.py": plant,
        ".env": b"CKV_SKIP=1\n",
        "terraform.tfvars": b'name = "x"\n',
        ".trivyignore": b"AVD-AWS-0107\n",
        ".tflint.hcl": b"config {}\n",
    }
    assert reading.scan(checkov, INSECURE | planted) == reading.scan(checkov, INSECURE)
    assert not marker.exists()


@pytest.mark.checklist("T-31")
@pytest.mark.parametrize(
    "text",
    [
        'resource "aws_s3_bucket" "b" {\n  x = ' + "[" * 450 + "]" * 450 + "\n}\n",
        'resource "aws_s3_bucket" "b" {\n  x = ' + "{a=" * 450 + "1" + "}" * 450 + "\n}\n",
        'resource "aws_s3_bucket" "b" {\n  bucket = "x\n}\n',
        'resource "aws_s3_bucket" "b" {\n  #checkov:skip=\n  bucket = "x"\n}\n',
        "\ufeff\x00",
    ],
)
def test_what_it_cannot_read_is_never_clean(checkov: ScannerSettings, text: str) -> None:
    files = {"main.tf": b'resource "aws_sqs_queue" "q" {}\n', "odd.tf": text.encode()}
    whole = make_scanner(checkov).scan(files)
    assert decide(whole, Policy(), "safety").outcome in ("undecided", "failed")
    assert whole.problems


@pytest.mark.checklist("T-27")
def test_it_reads_no_file_of_the_machine(checkov: ScannerSettings, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("canary-4711", encoding="utf-8")
    code = f'resource "aws_s3_bucket" "b" {{\n  bucket = file("{canary}")\n  acl = file("/proc/self/environ")\n}}\n'
    code += f'module "up" {{\n  source = "{tmp_path}"\n}}\n'
    (tmp_path / "main.tf").write_text('resource "aws_db_instance" "canary_4711" {}\n', encoding="utf-8")
    answer = json.dumps(ask(checkov, {"module": {"main.tf": code}}))
    assert "canary" not in answer.replace(str(canary), "")
