"""`terrasmith policy try` over versions that the real job published: what it says, and that it changes nothing."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from accounts import audit, policies
from core.db import Database
from gate.report import CheckResult
from registry.storage.local import LocalStorage
from terrasmith.main import app
from tests.integration.workers.back_room import PASSED, Back
from tfmodule.address import Address
from tfmodule.archive import Entry, pack

SCREENED = replace(PASSED, checks=(CheckResult("screen", "Nothing forbidden inside", "passed", 0.0),))
RULE = """package owner

metadata := {"id": "owner", "title": "Modules name their owner", "level": "LEVEL"}

names contains output.name if some output in input.interface.outputs

deny contains "No owner." if not "owner" in names
"""


def _try(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", "try", *arguments])


def test_a_dry_run_over_history(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TERRASMITH_DATA_DIR", str(tmp_path))
    back = Back(database, LocalStorage(tmp_path / "storage"))
    back.verdicts = [SCREENED] * 2
    for name, version in (("x", "1.0.0"), ("owner", "2.0.0")):
        back.run(back.send(pack((Entry("main.tf", f'output "{name}" {{\n  value = 1\n}}\n'.encode()),)), version))
    assert back.versions() == 2
    folder = tmp_path / "policies"
    folder.mkdir()
    assert _try("acme", str(folder)).exit_code == 2
    expected = {"advisory": ("published", 0), "soft": ("refused", 1), "hard": ("refused", 1)}
    for level, (outcome, code) in expected.items():
        (folder / "p.rego").write_text(RULE.replace("LEVEL", level))
        with database.read() as session:
            before = session.scalar(text("SELECT count(*) FROM audit"))
        done = _try("acme", str(folder), "--format", "json")
        assert done.exit_code == code, done.output
        told = json.loads(done.stdout)["versions"]
        assert [(one["version"], one["outcome"]) for one in told] == [("1.0.0", outcome), ("2.0.0", "published")]
        assert [one["level"] for one in told[0]["findings"]] == [level] and not told[1]["findings"]
        with database.read() as session:
            assert session.scalar(text("SELECT count(*) FROM audit")) == before
            assert policies.active(session, "acme") is None
    (folder / "p.rego").write_text(RULE.replace("LEVEL", "soft"))
    with database.unit_of_work() as session:
        policies.override(
            session, Address("acme", "bucket", "aws"), "owner", "Moves.", audit.OPERATOR, timedelta(days=1)
        )
    assert _try("acme", str(folder)).exit_code == 0
    (folder / "p.rego").write_text(RULE.replace("LEVEL", "hard") + "\nwarn contains 1 if true\n")
    done = _try("acme", str(folder))
    assert done.exit_code == 1 and "1 undecided" in done.stdout and "gave no answer" in done.stdout
    (folder / "p.rego").write_text(RULE.replace("LEVEL", "soft"))
    kept = back.archives()[0].read_bytes()
    back.archives()[0].write_bytes(pack((Entry("main.tf", b"# another\n"),)))
    done = _try("acme", str(folder))
    assert done.exit_code == 1 and "is not the one that was published" in done.stdout
    back.archives()[0].write_bytes(b"no archive")
    assert _try("acme", str(folder)).exit_code == 1
    back.archives()[0].write_bytes(kept)
    back.archives()[0].unlink()
    done = _try("acme", str(folder))
    assert done.exit_code == 1 and "not in the storage" in done.stdout and "1 undecided" in done.stdout
    assert "There is no namespace `nobody`" in _try("nobody", str(folder)).output
    (folder / "p.rego").write_text("package p\n\ndeny contains {")
    assert _try("acme", str(folder)).exit_code == 2
