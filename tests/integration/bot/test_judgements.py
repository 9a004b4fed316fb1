"""Checks and releases as rows, on SQLite and Postgres: one judgement at a time, one verdict for each tag."""

from bot import checks, releases
from gate.report import Report

SHA = "a" * 40
PASSED = Report("safety", "x", "none", "x", "passed")
WHERE = {"installation_id": 1, "repository_id": 2, "repository": "acme/terraform-aws-x"}


def test_a_judgement_goes_on_until_it_is_concluded_and_the_next_has_an_id_of_its_own(database):
    """Annotations are only ever added to a check run, so a second judgement may not be shown in the first one's."""
    with database.unit_of_work() as session:
        first = checks.begin(session, 2, SHA, checks.PULL)
        checks.attach(session, first.id, 5)
    with database.unit_of_work() as session:
        assert checks.begin(session, 2, SHA, checks.PULL).id == first.id, "a crash goes on with what it has"
        checks.conclude(session, first.id, "failure", PASSED)
    with database.unit_of_work() as session:
        second = checks.begin(session, 2, SHA, checks.PULL)
    assert second.id != first.id
    assert (second.check_run_id, second.conclusion, second.report) == (None, None, PASSED)
    with database.unit_of_work() as session:
        checks.conclude(session, second.id, "success", None)
        assert checks.find(session, 2, SHA, checks.PULL).conclusion == "success"


def test_every_tag_of_a_commit_has_a_check_of_its_own(database):
    with database.unit_of_work() as session:
        made = [checks.begin(session, 2, SHA, checks.of_version(tag)) for tag in ("v1.0.0", "v1", "x" * 200)]
        checks.conclude(session, made[0].id, "success", PASSED)
        checks.conclude(session, made[1].id, "neutral", None)
    with database.read() as session:
        found = [checks.find(session, 2, SHA, checks.of_version(tag)) for tag in ("v1.0.0", "v1", "x" * 200)]
    assert [one.conclusion for one in found] == ["success", "neutral", None]


def test_only_tags_without_a_release_are_told(database):
    with database.unit_of_work() as session:
        releases.adopt(session, **WHERE, tag="v1.0.0", commit_sha=SHA)
        releases.adopt(session, **WHERE | {"repository_id": 3}, tag="v1.1.0", commit_sha=SHA)
        tags = dict.fromkeys(("v1.0.0", "v1.1.0", "latest", "x" * 201), SHA)
        assert releases.notice_tags(session, installation_id=1, repository_id=2, tags=tags) == 2
        releases.adopt(session, **WHERE, tag="latest", commit_sha=SHA)
        assert (
            releases.notice_tags(
                session, installation_id=1, repository_id=2, tags=dict.fromkeys(("latest", "v1.0.0"), SHA)
            )
            == 0
        )


def test_a_tag_that_is_heard_of_again_tries_nothing_again(database):
    """One tag comes by as `create`, `push` and `release`: only a tag that moved makes a refused version worth a try."""
    where = WHERE | {"tag": "v1.0.0"}
    with database.unit_of_work() as session:
        release = releases.adopt(session, **where, commit_sha="a" * 40)
        releases.refuse(session, release.id, "no README")
        assert releases.adopt(session, **where, commit_sha="a" * 40).state == "refused"
        assert releases.adopt(session, **where, commit_sha="b" * 40).state == "released"
