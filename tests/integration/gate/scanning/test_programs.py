"""trivy and tflint on PATH: their words become findings, and a program that fails is half a scan, never a clean one.

The programs are scripts that answer as the real ones do and note how they were called.
"""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gate.scanning import tflint, trivy
from gate.scanning.scanner import Scan
from gate.scanning.warm import ScannerSettings

FILES = {
    "main.tf": b'resource "aws_s3_bucket" "this" {}\n',
    "examples/basic/main.tf": b'module "x" {\n  source = "../.."\n}\n',
    "trivy.yaml": b"exit-code: 0\n",
    ".trivyignore": b"AVD-AWS-0086\n",
    ".tflint.hcl": b"config { disabled_by_default = true }\n",
    "README.md": b"# x\n",
}
SETTINGS = ScannerSettings(trusted_paths=(Path("/bin"), Path("/usr/bin"), Path("/etc/alternatives")))

TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": ".",
    "ArtifactType": "filesystem",
    "Results": [
        {
            "Target": "main.tf",
            "Class": "config",
            "Type": "terraform",
            "MisconfSummary": {"Successes": 3, "Failures": 2},
            "Misconfigurations": [
                {
                    "Type": "Terraform Security Check",
                    "ID": "AVD-AWS-0092",
                    "AVDID": "AVD-AWS-0092",
                    "Title": "S3 Buckets not publicly accessible through ACL.",
                    "Message": "Bucket has a public ACL: 'public-read'.",
                    "Resolution": "Don't use canned ACLs or switch to private acl",
                    "Severity": "HIGH",
                    "Status": "FAIL",
                    "CauseMetadata": {
                        "Resource": "aws_s3_bucket.this",
                        "Provider": "AWS",
                        "Service": "s3",
                        "StartLine": 1,
                        "EndLine": 1,
                    },
                },
                {"ID": "AVD-AWS-9999", "Title": "New", "Severity": "CRITICAL", "CauseMetadata": {}},
                {"ID": "AVD-AWS-0001", "Title": "Kept", "Severity": "LOW", "Status": "PASS"},
            ],
        },
        {
            "Target": "examples/basic/main.tf",
            "Misconfigurations": [{"ID": "AWS-0107", "Title": "Open", "Severity": "LOW"}],
        },
        {"Target": ".", "Class": "config", "Type": "terraform", "MisconfSummary": {"Successes": 1, "Failures": 0}},
    ],
}
TFLINT = {
    "issues": [
        {
            "rule": {
                "name": "terraform_unused_declarations",
                "severity": "warning",
                "link": "https://github.com/terraform-linters/tflint-ruleset-terraform",
            },
            "message": 'variable "x" is declared but not used',
            "range": {
                "filename": "main.tf",
                "start": {"line": 3, "column": 1},
                "end": {"line": 3, "column": 13},
            },
            "callers": [],
        },
        {
            "rule": {"name": "terraform_required_version", "severity": "warning", "link": ""},
            "message": 'terraform "required_version" attribute is required',
            "range": {"filename": "examples/basic/main.tf", "start": {"line": 1}, "end": {"line": 1}},
        },
    ],
    "errors": [],
}
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """`install("trivy", answer)` puts a script on PATH; its answer may tell what it saw: `$FILES`, `$WORDS`."""

    def put(name: str, answer: object, *, version: str = "Version: 0.59.1", code: int = 0, stderr: str = "") -> None:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        lines = [
            "#!/bin/sh",
            f'if [ "$1" = --version ]; then echo "{version}"; exit 0; fi',
            "FILES=$(/usr/bin/find . -type f | /usr/bin/sort | /usr/bin/tr '\\n' ' ')",
            "NAMES=$(/usr/bin/env | /usr/bin/cut -d= -f1 | /usr/bin/sort | /usr/bin/tr '\\n' ' ')",
            'WORDS="$*"',
            "OPTIONS=$(echo \"$*\" | /usr/bin/tr ' ' '\\n' | /usr/bin/cut -d= -f1 | /usr/bin/tr '\\n' ' ')",
            f"/bin/cat <<ANSWER\n{text}\nANSWER",
            f"echo {stderr!r} >&2" if stderr else "",
            f"exit {code}",
        ]
        script = tmp_path / name
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return put


def only(scan: Scan | None) -> Scan:
    assert scan is not None
    return scan


def test_where_there_is_none_nobody_misses_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert trivy.scan(SETTINGS, FILES) is None
    assert tflint.scan(SETTINGS, FILES) is None


def test_trivys_words_become_findings_with_our_risks(install: Install) -> None:
    install("trivy", TRIVY)
    scan = only(trivy.scan(SETTINGS, FILES))
    assert (scan.complete, scan.versions) == (True, (("trivy", "0.59.1"),))
    acl, new = scan.findings
    assert (acl.rule, acl.severity, acl.risk, acl.source) == ("AVD-AWS-0092", "error", "critical", "trivy")
    assert (acl.path, acl.line, acl.end_line) == ("main.tf", 1, 1)
    assert "aws_s3_bucket.this" in acl.message
    assert acl.same_as[0].startswith("CKV_AWS_")
    assert (new.severity, new.risk, new.line) == ("warning", "high", None), "only our own list calls anything critical"
    (beside,) = scan.beside
    assert (beside.rule, beside.severity) == ("AVD-AWS-0107", "warning")


def test_a_module_of_a_registry_is_none_of_trivys_business(install: Install) -> None:
    install("trivy", {"Results": []}, stderr="ERROR [terraform evaluator] Failed to load module. Maybe try 'init'?")
    assert only(trivy.scan(SETTINGS, FILES)).complete


def test_trivy_is_asked_with_options_that_it_has(install: Install) -> None:
    """By its documentation; an option that it does not know ends it, and every module would stay undecided."""
    answer = {
        "Results": [{"Target": ".", "Misconfigurations": [{"ID": "AWS-0001", "Title": "x", "Message": "$OPTIONS"}]}]
    }
    install("trivy", answer)
    (found,) = only(trivy.scan(SETTINGS, FILES)).findings
    asked = {word for word in found.message.split() if word.startswith("--")}
    assert asked == {
        "--format", "--skip-check-update", "--tf-exclude-downloaded-modules", "--cache-dir", "--config", "--ignorefile",
        "--exit-code",
    }  # fmt: skip
    assert (found.path, found.rule) == (None, "AVD-AWS-0001")


def test_what_tflint_says_of_a_folder_has_no_line(install: Install) -> None:
    nowhere = {"filename": ".", "start": {"line": 0, "column": 0}, "end": {"line": 0, "column": 0}}
    rule = {"name": "terraform_required_version", "severity": "info", "link": ""}
    install("tflint", {"issues": [{"rule": rule, "message": "m", "range": nowhere}], "errors": []}, code=2)
    (found,) = only(tflint.scan(SETTINGS, FILES)).findings
    assert (found.path, found.line, found.end_line, found.severity) == (None, None, None, "note")


def test_tflints_words_become_findings(install: Install) -> None:
    install("tflint", TFLINT, version="TFLint version 0.55.1", code=2)
    scan = only(tflint.scan(SETTINGS, FILES))
    (found,) = scan.findings
    assert (found.rule, found.severity, found.risk, found.place) == (
        "terraform_unused_declarations",
        "note",
        "low",
        "main.tf:3",
    )
    assert scan.versions == (("tflint", "0.55.1"),)
    assert len(scan.beside) == 1


@pytest.mark.checklist("T-21", "T-28")
@pytest.mark.parametrize(("name", "module"), [("trivy", trivy), ("tflint", tflint)])
def test_they_see_code_alone_and_our_configuration(name: str, module: ModuleType, install: Install) -> None:
    said = ("$FILES", "$NAMES", "$WORDS")
    place = {"filename": "main.tf", "start": {"line": 1}, "end": {"line": 1}}
    issues = [{"rule": {"name": "x", "severity": "error"}, "message": one, "range": place} for one in said]
    misconfigurations = [{"ID": "AVD-AWS-0001", "Title": "x", "Message": one, "Severity": "LOW"} for one in said]
    results = [{"Target": "main.tf", "Misconfigurations": misconfigurations}]
    install(name, {"Results": results, "issues": issues}, version="1.2.3")
    files, names, words = (found.message.rstrip(". ") for found in only(module.scan(SETTINGS, FILES)).findings)
    assert files.split() == ["./examples/basic/main.tf", "./main.tf"]
    assert set(names.split()) - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        "HOME",
        "LANG",
        "PATH",
        "TMPDIR",
        "TZ",
        "XDG_CACHE_HOME",
    }
    assert "--config=/" in words or words.startswith(("config --format=json", "--format=json"))
    assert "work/" not in words


@pytest.mark.checklist("T-31")
@pytest.mark.parametrize(
    ("answer", "how"),
    [
        ("", {"code": 1, "stderr": "FATAL boom"}),
        ("no json", {}),
        ("[]", {}),
        ({"Results": [{"Target": "x", "Misconfigurations": [{"Title": "no id"}]}]}, {}),
        ({"Results": 5}, {}),
        ({"Results": []}, {"stderr": "ERROR [terraform parser] Error parsing file"}),
        ({"Results": []}, {"stderr": "2026-01-01T00:00:00Z\tERROR\t[terraform parser] Encountered HCL parse error"}),
        ({"Results": []}, {"version": "unknown"}),
        ({"Results": []}, {"code": 127}),
    ],
)
def test_a_trivy_that_fails_is_half_a_scan(answer: object, how: dict[str, Any], install: Install) -> None:
    install("trivy", answer, **how)
    scan = only(trivy.scan(SETTINGS, FILES))
    assert not scan.complete
    assert "trivy" in scan.problems[0].message
    assert scan.problems[0].fix


@pytest.mark.checklist("T-31")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("", 1),
        ("no json", 0),
        ({"issues": [{}]}, 2),
        ({"issues": [], "errors": [{"message": "main.tf:1: Invalid expression", "severity": "error"}]}, 1),
        ({"issues": [], "errors": [{"summary": "Failed", "severity": "error"}]}, 0),
    ],
)
def test_a_tflint_that_fails_is_half_a_scan(answer: object, code: int, install: Install) -> None:
    install("tflint", answer, code=code)
    assert not only(tflint.scan(SETTINGS, FILES)).complete
