"""`terrasmith runs`: what an operator sees of the jobs, and the button for what was given up."""

import pytest
from typer.testing import CliRunner

from core import jobs
from core.db import Database
from core.errors import UserError
from terrasmith import runs

runner = CliRunner()


@pytest.fixture
def dead_job(database: Database, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("COLUMNS", "200")
    with database.unit_of_work() as session:
        jobs.create(
            session,
            key="a",
            name="publish_version",
            queue="heavy",
            subject="release:rel_x",
            args={"release_id": "rel_x"},
        )
        jobs.create(
            session, key="b", name="acknowledge", queue="quick", subject="request:req_y", args={"request_id": "req_y"}
        )
        job_id = jobs.views(session, subject="release:rel_x")[0].id
    with database.unit_of_work() as session:
        claim = jobs.claim(session, job_id, 60)
        assert claim is not None
        jobs.put_back(session, claim, "v1.0.0 was not published: Refused\nmore of it", None, "user")
    return job_id


def test_list_shows_what_it_is_about_and_why_it_failed(dead_job: int) -> None:
    shown = runner.invoke(runs.app, ["list"]).output
    assert "publish_version" in shown
    assert "release:rel_x" in shown
    assert "v1.0.0 was not published: Refused" in shown
    assert "more of it" not in shown
    assert "acknowledge" not in runner.invoke(runs.app, ["list", "--state", "dead"]).output
    assert str(dead_job) in runner.invoke(runs.app, ["list", "--state", "dead"]).output


def test_show_tells_everything(dead_job: int) -> None:
    shown = runner.invoke(runs.app, ["show", str(dead_job)]).output
    assert "more of it" in shown
    assert "rel_x" in shown


def test_retry_starts_it_anew(dead_job: int, database: Database) -> None:
    done = runner.invoke(runs.app, ["retry", str(dead_job)])
    assert done.exit_code == 0, done.output
    assert "will be tried again" in done.output
    with database.read() as session:
        view = jobs.view(session, dead_job)
        assert view is not None
        assert (view.state, view.attempts, view.failures) == (jobs.WAITING, 0, 0)


@pytest.mark.parametrize("command", ["show", "retry"])
def test_a_job_that_is_not_there_is_said_so(command: str, dead_job: int) -> None:
    done = runner.invoke(runs.app, [command, str(dead_job + 1000)])
    assert isinstance(done.exception, UserError)
    assert "terrasmith runs list" in done.exception.message
