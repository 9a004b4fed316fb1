"""Kept reports: found again by their key, never for what was undecided, by two who judged at once, and not for ever."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from core import clock
from core.db import Database
from gate.report import CheckResult, Finding, Report
from registry.services import judgements

REPORT = Report(
    profile="house",
    engine="terraform 1.11.4",
    tier="provider",
    sandbox="L2",
    verdict="refused",
    checks=(CheckResult("fmt", "Formatting", "failed", 0.2, number=1),),
    findings=(Finding("fmt", "error", "m", "main.tf", 3, check="fmt"),),
)
KEY = "a" * 64


def test_what_was_judged_is_found_whole(database: Database) -> None:
    with database.unit_of_work() as session:
        assert judgements.find(session, KEY) is None
        judgements.keep(session, KEY, REPORT)
    with database.read() as session:
        assert judgements.find(session, KEY) == REPORT
        assert judgements.find(session, "b" * 64) is None


def test_what_could_not_be_judged_is_asked_again(database: Database) -> None:
    with database.unit_of_work() as session:
        judgements.keep(session, KEY, replace(REPORT, verdict="undecided"))
        assert judgements.find(session, KEY) is None


def test_two_who_judged_the_same_at_once(database: Database) -> None:
    def one(_number: int) -> None:
        with database.unit_of_work() as session:
            judgements.keep(session, KEY, REPORT)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(8)))
    with database.read() as session:
        assert judgements.find(session, KEY) == REPORT


def test_old_ones_go(database: Database) -> None:
    with database.unit_of_work() as session:
        judgements.keep(session, KEY, REPORT)
        judgements.prune(session, clock.now() - timedelta(days=30))
        assert judgements.find(session, KEY) is not None
        judgements.prune(session, clock.now() + timedelta(seconds=1))
        assert judgements.find(session, KEY) is None
