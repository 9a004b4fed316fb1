"""GitHub does what it was asked and its answer is lost: for every write of the whole road. All is done again, once."""

import pytest

from tests.living_system import System, assert_one_of_each, until

REPOSITORY = "acme/terraform-terraform-lost"
# Every kind of write of ours, each pattern met by nobody but the app.
WRITES = (
    ("POST", "/repos/acme/desk-of-losses/issues/[0-9]+/reactions$"),
    ("POST", "/repos/acme/desk-of-losses/issues/[0-9]+/comments$"),
    ("PATCH", "/repos/acme/desk-of-losses/issues/comments/[0-9]+$"),
    ("POST", "/orgs/acme/repos$"),
    ("POST", f"/repos/{REPOSITORY}/git/refs$"),
    ("POST", "/api/graphql$"),  # the commit
    ("POST", "/api/graphql$"),  # out of draft
    ("POST", f"/repos/{REPOSITORY}/pulls$"),
    ("POST", f"/repos/{REPOSITORY}/check-runs$"),
    ("PATCH", f"/repos/{REPOSITORY}/check-runs/[0-9]+$"),
)
AFTER_THE_MERGE = (
    ("POST", f"/repos/{REPOSITORY}/git/refs$"),
    ("POST", f"/repos/{REPOSITORY}/releases$"),
    ("PATCH", f"/repos/{REPOSITORY}/releases/[0-9]+$"),
    ("POST", f"/repos/{REPOSITORY}/check-runs$"),
    ("PATCH", f"/repos/{REPOSITORY}/check-runs/[0-9]+$"),
    ("POST", f"/repos/{REPOSITORY}/issues/[0-9]+/comments$"),
    ("PATCH", "/repos/acme/desk-of-losses/issues/[0-9]+$"),
)


def lose_answers(system: System, writes: tuple[tuple[str, str], ...]) -> None:
    for method, path in writes:
        fault = {"kind": "502-after", "method": method, "path": path, "times": 1}
        system.web.post("/_simulator/faults", json=fault).raise_for_status()


def all_lost(system: System) -> bool:
    return not [one for one in system.web.get("/_simulator/faults").json() if one["remaining"]]


@pytest.mark.checklist("F-10", "F-13", "F-19", "P-07")
def test_every_lost_answer_is_survived_and_everything_exists_once(system: System):
    system.make_repository("desk-of-losses")
    lose_answers(system, WRITES)
    try:
        body = f"/generate a label module for names and tags --repo {REPOSITORY.split('/')[1]}"
        talk = system.open("Labels, and bad luck", body, repository="acme/desk-of-losses")
        talk.answer("The pull request is open")
        [pull] = system.writer.get(f"/repos/{REPOSITORY}/pulls")
        where = f"/repos/{REPOSITORY}/pulls/{pull['number']}"
        until(lambda: not system.writer.get(where)["draft"], "a pull request that is ready")
        system.rest()
        assert all_lost(system), "a write that this test names was not made"
        lose_answers(system, AFTER_THE_MERGE)
        system.reviewer.put(f"{where}/merge", {"sha": pull["head"]["sha"]})
        talk.answer("Published")
        system.rest()
        assert all_lost(system), "a write that this test names was not made"
    finally:
        system.web.delete("/_simulator/faults").raise_for_status()
    assert_one_of_each(talk, REPOSITORY, pull["number"], ("0.1.0",))
    runs = system.ledger("check_run.created", REPOSITORY)
    assert len(runs) == 2, "one check run for the head and one for the version"
    assert len(system.writer.get(f"{where}/commits")) == 1
