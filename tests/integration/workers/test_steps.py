"""A version whose step is smaller than what changed is refused with the least one, unless somebody signed for it."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accounts import audit, namespaces
from accounts.models import AuditRow
from bot.version_text import preview
from core.db import Database
from core.errors import UserError
from gate.engines.port import EngineSettings
from gate.proof.prover import prove
from gate.report import CheckResult, Report
from registry import models
from registry.services import archive_claims, publishing, steps
from registry.services.publishing import PublishVersion
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.contents import Contents
from tfmodule.version import Version
from workers import proving

NO_ENGINE = EngineSettings(terraform="no-such-terraform")
ADDRESS = Address("acme", "label", "null")
PASSED = Report("safety", "terraform 1.11.4", "builtin", "L2", "passed", (), ())
OLD = (Entry("main.tf", b'output "a" {\n  value = 1\n}\n\noutput "b" {\n  value = 2\n}\n'),)
LESS = (Entry("main.tf", b'output "a" {\n  value = 1\n}\n'),)
WORDS = (*OLD, Entry("README.md", b"# Label\n"))


class Back:
    """What a job has, over one database and one folder, without an engine."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.storage = database, LocalStorage(folder)
        self.context: Any = SimpleNamespace(
            read=database.read,
            environment=SimpleNamespace(storage=self.storage, prove=partial(prove, engine=NO_ENGINE)),
        )
        with database.unit_of_work() as session:
            namespaces.bind(session, 11, "acme", "Organization", "public")

    def publish(self, version: str, entries: tuple[Entry, ...]) -> None:
        prepared = publishing.prepare(entries)
        with self.database.unit_of_work() as session:
            claim = archive_claims.claim(session, prepared.sha256)
        publishing.store(self.storage, prepared)
        request = PublishVersion(
            address=ADDRESS, version=Version.parse(version), account_id=11, sha256=prepared.sha256, h1=prepared.h1,
            size=prepared.size, contents=Contents.from_files({one.path: one.data for one in entries}),
            report=PASSED.to_dict(), actor="operator", claim=claim,
        )  # fmt: skip
        with self.database.unit_of_work() as session:
            publishing.publish(session, request)
            steps.use(session, ADDRESS, request.version)

    def judged(self, version: str, entries: tuple[Entry, ...]) -> Report:
        return proving.with_step(self.context, PASSED, entries, ADDRESS, Version.parse(version))

    def allow(self, version: str, reason: str) -> None:
        with self.database.unit_of_work() as session:
            steps.allow(session, ADDRESS, Version.parse(version), reason, audit.OPERATOR)


@pytest.fixture
def back(database: Database, tmp_path: Path) -> Back:
    back = Back(database, tmp_path / "storage")
    back.publish("1.2.0", OLD)
    return back


def test_a_step_that_is_too_small_is_refused_with_the_least_one(back: Back) -> None:
    for version in ("1.2.1", "1.3.0"):
        report = back.judged(version, LESS)
        (finding,) = report.errors
        assert (report.verdict, report.checks[-1].outcome, finding.rule) == ("refused", "failed", "upgrade")
        assert f"from 1.2.0 to {version} is too small" in finding.message and "2.0.0 or higher" in finding.message
        assert "`b`" in finding.message and "allow-step acme/label/null" in finding.fix
    assert back.judged("2.0.0", LESS).passed
    assert back.judged("1.2.1", WORDS).findings == ()
    assert proving.least_after_highest(back.context, LESS, ADDRESS) == Version(2, 0, 0)
    assert proving.least_after_highest(back.context, WORDS, ADDRESS) == Version(1, 2, 1)


def test_what_an_engine_could_not_try_is_said(back: Back) -> None:
    report = back.judged("1.3.0", (*OLD, Entry("more.tf", b'output "c" {\n  value = 3\n}\n')))
    assert report.passed
    assert "No upgrade was tried" in report.checks[-1].note


def test_the_first_version_and_one_below_all_others_start_from_nothing(back: Back) -> None:
    assert back.judged("1.0.0", LESS) == PASSED
    other = Address("acme", "other", "null")
    assert proving.with_step(back.context, PASSED, LESS, other, Version(0, 0, 1)) == PASSED
    assert proving.least_after_highest(back.context, LESS, other) == Version(0, 0, 0)


def test_a_prerelease_promised_nothing(back: Back) -> None:
    back.publish("2.0.0-rc.1", LESS)
    assert back.judged("2.0.0", LESS).passed
    assert not back.judged("1.2.1", LESS).passed


def test_a_smaller_step_that_is_allowed_is_told_and_used_up(back: Back) -> None:
    back.allow("1.2.1", "Nobody used it.")
    report = back.judged("1.2.1", LESS)
    (finding,) = report.findings
    assert report.passed and finding.severity == "warning"
    assert finding.message.endswith("operator allowed it: Nobody used it.")
    back.publish("1.2.1", LESS)
    with back.database.read() as session:
        row = session.query(models.StepAllowance).one()
        entry = session.query(AuditRow).filter_by(subject="acme/label/null/1.2.1").one()
    assert row.used_at is not None
    assert (entry.action, entry.detail) == ("version.step_allowed", {"reason": "Nobody used it."})


def test_who_allowed_a_step_stands_in_the_provenance(back: Back) -> None:
    back.allow("1.2.1", "Nobody used it.")
    for version, entries in (("1.2.1", LESS), ("2.0.0", WORDS)):
        back.publish(version, entries)
    with back.database.read() as session:
        told = {one.version: one.provenance["step"] for one in session.query(models.Version)}
    assert told == {"1.2.0": None, "1.2.1": {"allowed_by": "operator", "reason": "Nobody used it."}, "2.0.0": None}


@pytest.fixture
def lost(back: Back) -> Back:
    """The archive of what users come from is gone."""
    with back.database.read() as session:
        sha256 = session.query(models.Version.sha256).scalar()
    back.storage.remove(archive_key(sha256))
    return back


def test_without_the_earlier_archive_nothing_is_decided(lost: Back) -> None:
    report = lost.judged("1.3.0", OLD)
    (finding,) = report.findings
    assert (report.verdict, report.checks[-1].outcome) == ("undecided", "undecided")
    assert "The archive of 1.2.0 is not in the storage." in finding.message
    assert "from a backup" in finding.fix and "allow-step acme/label/null 1.3.0" in finding.fix
    with pytest.raises(UserError, match=r"no number was chosen.*`v2.0.0`"):
        proving.least_after_highest(lost.context, OLD, ADDRESS)
    _, shown = proving.with_preview(lost.context, PASSED, OLD, ADDRESS, (Version(1, 2, 0),))
    assert shown.problem and shown.next is None and "Undecided." in preview(shown)


def test_a_step_that_is_large_enough_for_anything_or_allowed_needs_no_comparison(lost: Back) -> None:
    report = lost.judged("2.0.0", LESS)
    assert report.passed and "large enough for whatever changed" in report.findings[0].message
    lost.allow("1.2.1", "The backup is gone too.")
    report = lost.judged("1.2.1", LESS)
    assert report.passed and "operator allowed it: The backup is gone too." in report.findings[0].message


def test_a_pull_request_is_told_the_next_version_and_why(back: Back) -> None:
    taken = (Version(1, 2, 0), Version(1, 4, 0))
    _, shown = proving.with_preview(back.context, PASSED, LESS, ADDRESS, taken)
    assert (shown.before, shown.least, shown.next, shown.bump) == (
        Version(1, 2, 0), Version(2, 0, 0), Version(2, 0, 0), "major",
    )  # fmt: skip
    text = preview(shown)
    assert "A merge releases **2.0.0**. After 1.2.0 it takes a **major** step" in text and "output" in text
    _, shown = proving.with_preview(back.context, PASSED, WORDS, ADDRESS, taken)
    assert "releases **1.5.0**" in preview(shown) and "nothing changed that users see" in preview(shown)
    _, shown = proving.with_preview(back.context, PASSED, WORDS, ADDRESS, None)
    assert "Versions come from tags here." in preview(shown) and "**1.2.1** or higher" in preview(shown)
    _, shown = proving.with_preview(back.context, PASSED, LESS, Address("acme", "other", "null"), ())
    assert "A merge releases **0.1.0**. It is the first" in preview(shown)


def test_a_version_needs_its_entry_in_the_changelog_of_the_house(back: Back) -> None:
    house = replace(PASSED, profile="house", checks=(CheckResult("changelog", "Changelog", "passed", 0.0, number=45),))
    for text, passes in (("## 1.0.0\n", False), ("## 1.3.0\n", True), ("## Unreleased\n", True)):
        entries = (*WORDS, Entry("CHANGELOG.md", text.encode()))
        report = proving.with_step(back.context, house, entries, ADDRESS, Version(1, 3, 0))
        assert report.passed is passes, text
    short = (*LESS, Entry("CHANGELOG.md", b"## 1.2.1\n"))
    report = proving.with_step(back.context, house, short, ADDRESS, Version(1, 2, 1))
    assert [one.rule for one in report.errors] == ["changelog", "upgrade"]


@pytest.mark.parametrize(
    ("version", "reason", "said"),
    [("1.2.1", " ", "Say why"), ("1.2.0", "x", "published already"), ("1.2.1", "a\x00b", "Say why")],
)
def test_what_cannot_be_allowed_is_said(back: Back, version: str, reason: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        back.allow(version, reason)
