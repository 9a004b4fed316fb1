"""The operator's commands that have policies govern a namespace: what they keep, say and refuse."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from accounts import namespaces, policies
from core.db import Database
from core.errors import UserError
from terrasmith.main import app

POLICY = """package p

metadata := {"id": "owner", "title": "Modules name their owner", "level": "soft"}

deny contains "No." if not input.owned
"""
TESTS = """package p_test

test_owned := {"policy": "owner", "input": {"owned": true}}

test_bare := {"policy": "owner", "input": {"owned": false}, "deny": 1}
"""


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", *arguments])


def _said(*arguments: str) -> str:
    done = _run(*arguments)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def _refused(*arguments: str) -> str:
    done = _run(*arguments)
    assert isinstance(done.exception, UserError), done.output
    return str(done.exception)


def test_policies_are_set_overridden_and_removed(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TERRASMITH_DATA_DIR", str(tmp_path))
    database = Database(sqlite_url)
    with database.unit_of_work() as session:
        namespaces.bind(session, 100, "acme", "Organization", "public")
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "p.rego").write_text(POLICY)
    (folder / "p_test.rego").write_text(TESTS.replace('"deny": 1', '"deny": 2'))
    module, why = "acme/bucket/aws", ("--reason", "Moves  next week.")
    assert "p_test.test_bare" in _refused("set", "acme", str(folder))
    assert "no policies" in _said("show", "acme")
    assert "nothing to override" in _refused("override", module, "owner", *why)
    (folder / "p_test.rego").write_text(TESTS)
    assert "acme is judged by these policies: `owner`. Their digest is " in _said("set", "acme", str(folder))
    assert "was judged already" in _said("set", "acme", str(folder))
    assert "There is no namespace `nobody`" in _refused("set", "nobody", str(folder))
    with database.read() as session:
        active = policies.active(session, "acme")
    assert active is not None and active.digest in _said("show", "acme") and list(active.files) == ["p.rego"]
    assert "need not keep `owner` until 2" in _said("override", module, "owner", *why, "--expires", "14")
    assert "need not keep `owner` until it is withdrawn" in _said("override", module, "owner", *why)
    listed = _said("overrides", "acme")
    assert listed.count("Moves next week.") == 1 and "until it is withdrawn" in listed
    assert "It has `owner`" in _refused("override", module, "mine", *why)
    assert "Say why" in _refused("override", module, "owner", "--reason", " ")
    assert "again" in _said("withdraw", module, "owner")
    assert "No override" in _refused("withdraw", module, "owner")
    (folder / "p.rego").write_text(POLICY.replace('"soft"', '"hard"'))
    _said("set", "acme", str(folder))
    assert "only a soft one" in _refused("override", module, "owner", *why)
    assert "no policy any more" in _said("remove", "acme") and "had no policies" in _said("remove", "acme")
    assert _said("show", "acme").count("operator") == 2
    database.dispose()
