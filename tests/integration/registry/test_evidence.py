"""Evidence of what is published, on both databases: of versions, of namespaces, never of what one may not read."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from accounts import tokens
from gate.compliance.evidence import assess
from gate.compliance.formats import FORMATS, written
from gate.compliance.framework import built_in
from gate.report import CheckResult, Finding, Report, RuleTally
from registry.services import evidence, lifecycle
from registry.services.evidence import MOST_MODULES, TooManyModulesError
from registry.services.lifecycle import OPERATOR, Words
from terrasmith.main import app
from tfmodule.address import Address
from tfmodule.version import Version

KEPT = Report(
    profile="safety",
    engine="terraform 1.11.4",
    tier="provider",
    sandbox="L2",
    verdict="passed",
    checks=(
        CheckResult("secrets", "No credentials", "passed", 0.01, 9),
        CheckResult("scan", "Scan", "passed", 1.2, 12),
    ),
    gate_version="1",
    scanners=("checkov 3.3.30",),
    asked=(RuleTally("CKV_AWS_16", 2), RuleTally("CKV_AWS_17", 2)),
)
BROKEN = replace(
    KEPT,
    asked=(RuleTally("CKV_AWS_16", 1, 1),),
    findings=(Finding("CKV_AWS_16", "warning", "Plain.", "db.tf", 7, 9, source="checkov", risk="high", check="scan"),),
)
ALL = "/api/v1/namespaces/acme/compliance"
ONE = "/api/v1/modules/acme/db/aws/versions/latest/compliance"


@pytest.fixture
def filled(registry):
    registry.namespace("acme")
    registry.namespace("hidden", "private")
    registry.publish("acme/db/aws", "1.0.0", report=BROKEN.to_dict())
    registry.publish("acme/db/aws", "1.1.0", report=KEPT.to_dict())
    registry.publish("acme/old/aws", "1.0.0", report={}, repository_id=8)
    registry.publish("hidden/vault/aws", "1.0.0", report=BROKEN.to_dict(), repository_id=9)
    return registry


@pytest.fixture
def client(filled) -> TestClient:
    return TestClient(filled.app, raise_server_exceptions=False)


def _states(body: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["state"] for one in body["requirements"]}


def test_a_version_is_told_by_the_report_it_was_published_with(client) -> None:
    said = client.get(f"{ONE}?framework=cis-aws").json()
    assert (said["scope"], said["name"]) == ("module", "acme/db/aws 1.1.0")
    assert said["modules"][0]["report"]["digest"] == KEPT.digest
    assert _states(said)["2.2.1"] == "evidence-for"
    earlier = client.get(f"{ONE.replace('latest', '1.0.0')}?framework=cis-aws").json()
    assert _states(earlier)["2.2.1"] == "evidence-against"
    (against,) = next(one for one in earlier["requirements"] if one["id"] == "2.2.1")["evidence_against"]
    assert (against["path"], against["line"], against["rule"]) == ("db.tf", 7, "CKV_AWS_16")


def test_a_namespace_is_its_newest_listed_versions(filled, client) -> None:
    said = client.get(f"{ALL}?framework=cis-aws").json()
    assert [(one["address"], one["version"]) for one in said["modules"]] == [
        ("acme/db/aws", "1.1.0"),
        ("acme/old/aws", "1.0.0"),
    ]
    assert said["modules"][1]["report"] is None
    assert len(said["requirements"]) == sum(said["summary"].values()) == 63
    assert _states(said)["2.2.1"] == "evidence-for"
    with filled.database.unit_of_work() as session:
        lifecycle.change(session, "revoke", Address("acme", "db", "aws"), Version(1, 1, 0), Words("broken"), OPERATOR)
    assert _states(client.get(f"{ALL}?framework=cis-aws").json())["2.2.1"] == "evidence-against"
    with filled.database.unit_of_work() as session:
        lifecycle.change(session, "quarantine", Address("acme", "old", "aws"), Version(1, 0, 0), Words("bad"), OPERATOR)
    assert "acme/old/aws" not in client.get(f"{ALL}?framework=cis-aws&format=csv").text


@pytest.mark.checklist("T-09")
def test_a_stranger_learns_nothing_of_what_is_private(filled, client) -> None:
    private = ALL.replace("acme", "hidden")
    missing = ALL.replace("acme", "nobody")
    version = ONE.replace("acme/db", "hidden/vault")
    for path in (private, missing, version):
        assert client.get(f"{path}?framework=soc2").status_code == 401
        other = {"Authorization": f"Bearer {filled.token('acme')}"}
        assert client.get(f"{path}?framework=soc2", headers=other).status_code == 404
    assert "vault" not in client.get(f"{ALL}?framework=soc2").text
    own = client.get(f"{private}?framework=soc2", headers={"Authorization": f"Bearer {filled.token('hidden')}"})
    assert (own.status_code, own.json()["modules"][0]["address"]) == (200, "hidden/vault/aws")
    assert own.headers["cache-control"].startswith("private")


def test_forms_states_and_what_is_wrong(client) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(f"{ALL}?framework=soc2&format=csv").text, newline="")))
    assert len({row["requirement"] for row in rows}) == 61
    page = client.get(f"{ALL}?framework=soc2&format=markdown")
    assert page.headers["content-type"] == "text/markdown; charset=utf-8"
    again = client.get(f"{ALL}?framework=soc2&format=markdown", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    only = client.get(f"{ALL}?framework=soc2&state=unmapped").json()
    assert set(_states(only).values()) == {"unmapped"}
    assert len(only["requirements"]) == only["summary"]["unmapped"] < sum(only["summary"].values())
    for wrong in ("", "?framework=pci", "?framework=soc2&format=pdf", "?framework=soc2&state=fine"):
        assert client.get(ALL + wrong).status_code == 422


def test_a_namespace_too_large_for_one_answer_says_what_to_do() -> None:
    assert f"more than {MOST_MODULES} modules" in TooManyModulesError("acme").message


@pytest.fixture
def asked(sqlite_registry, serving, tmp_path: Path):
    """`asked(*arguments)` runs the command against a registry with a private and a public namespace."""
    sqlite_registry.namespace("acme", "private")
    for number in range(3):
        report = (BROKEN if number == 1 else KEPT).to_dict()
        sqlite_registry.publish(f"acme/db{number}/aws", "1.0.0", report=report, repository_id=10 + number)
    with serving(sqlite_registry.app) as port:

        def run(*arguments: str, token: bool = True) -> Any:
            known = {"TERRASMITH_TOKEN": sqlite_registry.token("acme")} if token else {}
            environment = {"TERRASMITH_URL": f"http://127.0.0.1:{port}", "COLUMNS": "200"} | known
            return CliRunner().invoke(app, ["compliance", *arguments], env=environment)

        yield run


def _told(asked, folder: Path, *arguments: str) -> bytes:
    """What the command writes into a file: on standard output the registry of this very process logs."""
    file = folder / "told"
    done = asked(*arguments, "--output", str(file))
    assert done.exit_code == 0, done.output
    return file.read_bytes()


def test_the_command_writes_what_the_registry_would(asked, sqlite_registry, tmp_path: Path) -> None:
    token = sqlite_registry.token("acme")
    with sqlite_registry.database.read() as session:
        home, subjects = evidence.of_namespace(session, "acme", tokens.authenticate(session, token))
    whole = assess(built_in("soc2"), "namespace", home.name, subjects)
    one = assess(built_in("soc2"), "module", "acme/db1/aws 1.0.0", [subjects[1]])
    for form in FORMATS:
        text = _told(asked, tmp_path, "ACME", "--framework", "soc2", "--format", form)
        assert text == written(whole, form).encode()
    text = _told(asked, tmp_path, "acme/db1/aws@1.0.0", "--framework", "soc2", "--format", "json")
    assert text == written(one, "json").encode()
    shown = asked("acme", "--framework", "cis-aws")
    assert "acme/db1/aws 1.0.0: CKV_AWS_16 db.tf:7" in shown.stdout


def test_a_framework_of_ones_own_is_asked_of_the_registry(asked, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'id = "own"\ntitle = "Own"\nversion = "1"\nlicence = "CC0-1.0"\nattribution = "Us."\n'
        '[[requirement]]\nid = "1"\nwords = "w"\nrules = ["CKV_AWS_17"]\n'
    )
    said = json.loads(_told(asked, tmp_path, "acme", "--framework", str(file), "--format", "json"))
    assert (said["framework"]["id"], _states(said)["1"]) == ("own", "evidence-for")


def test_what_there_is_not_is_said(asked) -> None:
    for target, said in {
        "acme/none/aws": "404",
        "acme/db0/aws@9.9.9": "404",
        "nobody": "no namespace `nobody`",
        "acme/db0": "no folder",
        "acme@1.0.0": "no folder",
    }.items():
        done = asked(target, "--framework", "soc2")
        assert done.exit_code == 2
        assert said in done.output
    # A stranger at the terminal learns nothing either.
    assert "db0" not in asked("acme", "--framework", "soc2", token=False).output
