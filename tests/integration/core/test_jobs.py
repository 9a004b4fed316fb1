"""Job rows on both databases: one claim at a time, fenced writes, retries by the row, dead letters with a button."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import clock, jobs
from core.db import Database
from core.errors import FencedError, UserError
from core.models import Job, OutboxRow

LAPSED = -1.0  # a lease of this many seconds has lapsed when it is given


def _create(database: Database, key: str = "k", subject: str = "s", **more: object) -> int:
    with database.unit_of_work() as session:
        jobs.create(session, key=key, name="probe", queue="quick", subject=subject, args={"n": 1}, **more)  # type: ignore[arg-type]
        return session.scalars(select(Job.id).where(Job.key == key)).one()


def _claim(database: Database, job_id: int, lease: float = 60.0) -> jobs.Claim | None:
    with database.unit_of_work() as session:
        return jobs.claim(session, job_id, lease)


def _state(database: Database, job_id: int) -> str:
    with database.read() as session:
        return session.scalars(select(Job.state).where(Job.id == job_id)).one()


def test_a_key_makes_one_job(database: Database) -> None:
    with database.unit_of_work() as session:
        made = [jobs.create(session, key="same", name="probe", queue="quick", subject="s", args={}) for _ in range(3)]
    assert made == [True, False, False]


def test_coalescing_waits_for_the_one_that_has_not_started(database: Database) -> None:
    first = _create(database, "a", coalesce=True)
    with database.unit_of_work() as session:
        assert not jobs.create(session, key="b", name="probe", queue="quick", subject="s", args={}, coalesce=True)
    assert _claim(database, first) is not None
    with database.unit_of_work() as session:
        assert jobs.create(session, key="c", name="probe", queue="quick", subject="s", args={}, coalesce=True)


def test_many_relays_make_one_job_and_none_of_them_fails(database: Database) -> None:
    def make(_: int) -> bool:
        with database.unit_of_work() as session:
            return jobs.create(session, key="tick", name="probe", queue="quick", subject="s", args={})

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(16))) == 1


def test_waiting_for_the_outside_world_is_no_sign_of_poison(database: Database) -> None:
    job = _create(database)
    for _ in range(jobs.MAX_ATTEMPTS):
        claim = _claim(database, job)
        assert claim is not None
        with database.unit_of_work() as session:
            jobs.put_back(session, claim, "outage", 0.0, "transient")
    assert _claim(database, job, LAPSED) is not None
    with database.unit_of_work() as session:
        jobs.reclaim_expired(session)
    assert _state(database, job) == jobs.WAITING


def test_fifty_claims_one_winner(database: Database) -> None:
    job = _create(database)
    with ThreadPoolExecutor(10) as pool:
        claims = list(pool.map(lambda _: _claim(database, job), range(50)))
    assert len([claim for claim in claims if claim is not None]) == 1


def test_jobs_of_one_subject_run_one_after_another(database: Database) -> None:
    first, second = _create(database, "a"), _create(database, "b")
    claim = _claim(database, first)
    assert claim is not None
    assert _claim(database, second) is None
    with database.unit_of_work() as session:
        jobs.finish(session, claim)
    assert _claim(database, second) is not None


@pytest.mark.checklist("F-11")
def test_F11_a_lapsed_claim_writes_nothing(database: Database) -> None:
    job = _create(database)
    stale = _claim(database, job, LAPSED)
    assert stale is not None
    with database.unit_of_work() as session:
        assert jobs.reclaim_expired(session) == 1
    fresh = _claim(database, job)
    assert fresh is not None
    assert fresh.epoch > stale.epoch
    for write in (jobs.finish, lambda session, claim: jobs.hold(session, claim, 60)):
        with pytest.raises(FencedError), database.unit_of_work() as session:
            write(session, stale)
    with database.unit_of_work() as session:
        jobs.finish(session, fresh)
    assert _state(database, job) == jobs.DONE


def test_a_transient_failure_waits_longer_each_time_and_then_dies(database: Database) -> None:
    job, waits = _create(database), []
    for attempt in range(jobs.MAX_FAILURES["transient"]):
        claim = _claim(database, job)
        assert claim is not None
        assert claim.attempt == attempt + 1
        before = clock.now()
        with database.unit_of_work() as session:
            again = jobs.put_back(session, claim, "the network", None, "transient")
        if again:
            with database.unit_of_work() as session:
                waits.append(round((session.get_one(Job, job).run_after - before).total_seconds()))
                session.execute(update(Job).values(run_after=clock.now()))
    assert waits == sorted(waits)
    assert _state(database, job) == jobs.DEAD
    with database.read() as session:
        assert session.scalars(select(OutboxRow.event)).all() == ["JobDied"]


def test_what_a_person_must_mend_is_not_tried_again_by_itself(database: Database) -> None:
    job = _create(database)
    claim = _claim(database, job)
    assert claim is not None
    with database.unit_of_work() as session:
        assert not jobs.put_back(session, claim, "rename it", None, "user")
    assert _state(database, job) == jobs.DEAD


def test_retry_after_is_obeyed(database: Database) -> None:
    job = _create(database)
    claim = _claim(database, job)
    assert claim is not None
    with database.unit_of_work() as session:
        jobs.put_back(session, claim, "rate limit", 300.0, "transient")
    with database.read() as session:
        assert jobs.due(session) == []
        assert session.get_one(Job, job).run_after > clock.now() + timedelta(seconds=290)


@pytest.mark.checklist("F-21")
def test_F21_a_job_whose_worker_always_vanishes_is_parked(database: Database) -> None:
    job = _create(database)
    for _ in range(jobs.MAX_ATTEMPTS):
        assert _claim(database, job, LAPSED) is not None
        with database.unit_of_work() as session:
            jobs.reclaim_expired(session)
    assert _state(database, job) == jobs.DEAD
    assert _claim(database, job) is None


def test_an_operator_revives_what_died(database: Database) -> None:
    job = _create(database)
    claim = _claim(database, job)
    assert claim is not None
    with database.unit_of_work() as session:
        jobs.put_back(session, claim, "no", None, "user")
    with database.unit_of_work() as session:
        assert jobs.revive(session, job).attempts == 0
    assert _claim(database, job) is not None
    with pytest.raises(UserError, match="is running"), database.unit_of_work() as session:
        jobs.revive(session, job)
    with pytest.raises(UserError, match="no job 999"), database.unit_of_work() as session:
        jobs.revive(session, 999)


def test_a_lost_push_is_pushed_again(database: Database) -> None:
    job = _create(database)
    with database.unit_of_work() as session:
        (push,) = jobs.due(session)
        jobs.mark_pushed(session, [push])
    with database.read() as session:
        assert jobs.due(session) == []
        assert jobs.queued_before(session, clock.now() + timedelta(seconds=1)) == [push]
    with database.unit_of_work() as session:
        jobs.unqueue(session, job)
    with database.read() as session:
        assert [again.push for again in jobs.due(session)] == [push.push + 1]


def test_pruning_keeps_what_is_dead_or_unfinished(database: Database) -> None:
    done, dead, waiting = (_create(database, key, key) for key in ("a", "b", "c"))
    for job, end in (
        (done, jobs.finish),
        (dead, lambda session, claim: jobs.put_back(session, claim, "x", None, "user")),
    ):
        claim = _claim(database, job)
        assert claim is not None
        with database.unit_of_work() as session:
            end(session, claim)
    with database.unit_of_work() as session:
        assert jobs.prune(session, clock.now() + timedelta(seconds=1)) == 1
    with database.read() as session:
        assert {view.id for view in jobs.views(session)} == {dead, waiting}
