"""An organisation's policies on the road of an upload: refused, overridden, changed meanwhile, damaged."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from accounts import audit, policies
from accounts.models import AuditRow
from core.db import Database
from gate.modules import Modules
from gate.policies.bundle import read_bundle
from gate.report import CheckResult, Report
from registry import models
from registry.storage.local import LocalStorage
from tests.integration.workers.back_room import PASSED, Back
from tfmodule.address import Address
from tfmodule.archive import Entry, pack
from workers.governing import Way
from workers.judging import judge_proposed

SCREENED = replace(PASSED, checks=(CheckResult("screen", "Nothing forbidden inside", "passed", 0.0),))
ADDRESS = Address("acme", "bucket", "aws")
OWNED = (Entry("main.tf", b'output "owner" {\n  value = 1\n}\n'),)
BARE = (Entry("main.tf", b'output "x" {\n  value = 1\n}\n'),)
RULE = """package acme.owner

metadata := {{"id": "owner", "title": "Modules name their owner", "level": "{level}"}}

names contains output.name if some output in input.interface.outputs

deny contains sprintf("%s by %s via %s has no owner; lost: %v", [
	input.module.address, input.actor, input.source, lost,
]) if {{
	not "owner" in names
	lost := [one.name | input.change != null; one := input.change.changes[_]; one.bump == "major"]
}}
"""


@pytest.fixture
def back(database: Database, tmp_path: Path) -> Back:
    back = Back(database, LocalStorage(tmp_path / "storage"))
    back.verdicts = [SCREENED] * 20
    return back


def _set(back: Back, level: str) -> str:
    bundle = read_bundle({"owner.rego": RULE.format(level=level).encode()}).bundle
    with back.database.unit_of_work() as session:
        policies.set_policies(session, "acme", bundle.files, bundle.digest, audit.OPERATOR)
    return bundle.digest


def _override(back: Back, lifetime: timedelta | None = None) -> None:
    with back.database.unit_of_work() as session:
        policies.override(session, ADDRESS, "owner", "Moves  next week.", audit.OPERATOR, lifetime)


def _send(back: Back, module: tuple[Entry, ...], version: str = "1.0.0") -> models.Upload:
    upload_id = back.send(pack(module), version)
    back.run(upload_id)
    return back.row(upload_id)


def test_a_hard_policy_refuses_and_a_soft_one_yields_to_an_override(back: Back) -> None:
    _set(back, "hard")
    _override(back)
    row = _send(back, BARE)
    said = f"acme/bucket/aws by token:{back.token.id} via upload has no owner; lost: []"
    assert (row.state, row.reason) == ("refused", said)
    assert Report.from_dict(row.report or {}).errors[0].rule == "policy/owner"
    digest = _set(back, "soft")
    row = _send(back, BARE)
    report = Report.from_dict(row.report or {})
    assert (row.state, report.organisation) == ("published", digest)
    assert report.findings[-1].message == f"{said} operator overrode it: Moves next week."
    with back.database.unit_of_work() as session:
        provenance = session.query(models.Version).one().provenance
        policies.withdraw(session, ADDRESS, "owner", audit.OPERATOR)
        told = [one.action for one in session.query(AuditRow).order_by(AuditRow.id) if one.action[:7] == "policy."]
        sets = policies.history(session, "acme")
    used = {"policy": "owner", "actor": "operator", "reason": "Moves next week."}
    assert provenance is not None and provenance["policies"] == {"digest": digest, "overrides": [used]}
    assert told == ["policy.set", "policy.override", "policy.set", "policy.withdraw"]
    assert [(one.digest == digest, one.ended_at is None) for one in sets] == [(True, True), (False, False)]
    assert _send(back, BARE, "1.0.1").state == "refused"
    assert _send(back, OWNED, "2.0.0").state == "published"


def test_an_override_ends_and_is_of_one_module(back: Back) -> None:
    _set(back, "soft")
    _override(back, timedelta(days=1))
    with back.database.unit_of_work() as session:
        assert [one.policy for one in policies.overrides(session, Address("acme", "Bucket", "aws"))] == ["owner"]
        assert not policies.overrides(session, Address("acme", "other", "aws"))
        session.execute(text("UPDATE policy_overrides SET expires_at = :then"), {"then": "2020-01-01 00:00:00"})
    assert _send(back, BARE).state == "refused"


def test_what_was_judged_by_policies_that_hold_no_more_is_judged_again(back: Back) -> None:
    _set(back, "advisory")

    def changed_meanwhile(_profile: str, _modules: Modules) -> Callable[[Any], Report]:
        return lambda _files: SCREENED

    back.environment.judge = changed_meanwhile
    upload_id = back.send(pack(BARE))

    class Slow(LocalStorage):
        def put(self, key: str, data: bytes) -> None:
            _set(back, "hard")  # after the judgement, before the version
            super().put(key, data)

    back.environment.storage = Slow(back.storage.root)
    assert back.run(upload_id) == "waiting" and back.versions() == 0
    assert back.row(upload_id).state == "stored"
    assert back.run(upload_id) == "done" and back.versions() == 0
    assert back.row(upload_id).state == "refused"


def test_policies_that_give_no_answer_or_are_damaged_publish_nothing(back: Back) -> None:
    broken = RULE.format(level="advisory").replace('not "owner" in names', "1 / 0 == 1")
    bundle = read_bundle({"owner.rego": broken.encode()}).bundle
    with back.database.unit_of_work() as session:
        policies.set_policies(session, "acme", bundle.files, bundle.digest, audit.OPERATOR)
    row = _send(back, OWNED)
    assert row.state == "failed" and "gave no answer" in (row.reason or "")
    with back.database.unit_of_work() as session:
        policies.remove_policies(session, "acme", audit.OPERATOR)
        policies.set_policies(session, "acme", bundle.files, "0" * 64, audit.OPERATOR)
    assert back.run(row.id) == "dead" and back.versions() == 0
    with back.database.unit_of_work() as session:
        policies.remove_policies(session, "acme", audit.OPERATOR)
    _send(back, OWNED, "1.1.0")
    assert back.versions() == 1


def test_a_pull_request_meets_the_policies_with_what_changed(back: Back) -> None:
    _send(back, OWNED)
    _set(back, "hard")
    context: Any = SimpleNamespace(read=back.database.read, environment=back.environment)
    back.environment.prove = lambda _old, _new: pytest.fail("what is removed needs no engine")
    report, _ = judge_proposed(context, BARE, "safety", ADDRESS, None, Way("github", "github:ada"))
    assert report.verdict == "refused"
    assert report.errors[0].message.startswith('acme/bucket/aws by github:ada via github has no owner; lost: ["owner"')
