"""From a commit to a version and back: checks on pull requests, tags and releases made by hand, refusals, retries."""

import re
from typing import Any

import httpx
import pytest

from accounts import namespaces
from tests.living_system import BROKEN_LINE, BROKEN_TF, GOOD_TF, System, Talk, until

MODULE, VERSION = "Terrasmith: module", "Terrasmith: version"


def versions(system: System, name: str) -> list[str]:
    """What the registry lists; an answer may be as old as a second, so a version just made is awaited with `listed`."""
    headers = {"Authorization": f"Bearer {system.addresses.registry_token}"}
    reply = httpx.get(f"{system.addresses.modules_url}acme/{name}/terraform/versions", headers=headers)
    listed = reply.json()["modules"][0]["versions"] if reply.status_code == 200 else []
    return sorted(one["version"] for one in listed)


def listed(system: System, name: str, *expected: str) -> None:
    """Wait until the registry lists these."""
    until(lambda: versions(system, name) == list(expected), f"{name} {', '.join(expected)} in the list")


def head(system: System, where: str) -> str:
    return str(system.writer.get(f"{where}/git/ref/heads/main")["object"]["sha"])


def tag(system: System, where: str, name: str, sha: str) -> None:
    system.writer.post(f"{where}/git/refs", {"ref": f"refs/tags/{name}", "sha": sha})


def dead_jobs(system: System, name: str) -> list[str]:
    """The ids that `terrasmith runs list` shows for given-up jobs of this name, newest first."""
    done = system.run("runs", "list", "--state", "dead")
    assert done.returncode == 0, done.stderr
    return re.findall(rf"^\s*(\d+)\s+{name}\b", done.stdout, re.MULTILINE)


def annotation(system: System, where: str, run: dict[str, Any]) -> dict[str, Any]:
    found = system.writer.get(f"{where}/check-runs/{run['id']}/annotations")
    return next(one for one in found if one["annotation_level"] == "failure")


@pytest.mark.checklist("T-22")
def test_a_tag_by_hand_a_release_by_hand_and_a_tag_that_is_no_version(system: System):
    where = system.make_repository("terraform-terraform-byhand", {"main.tf": GOOD_TF})
    first = head(system, where)
    tag(system, where, "v1.0.0", first)
    assert system.check_run(where, first, VERSION)["conclusion"] == "success"
    listed(system, "byhand", "1.0.0")

    second = system.put_file(where, "README.md", "# By hand\n")
    system.writer.post(f"{where}/releases", {"tag_name": "1.1.0", "target_commitish": second, "name": "By hand"})
    assert system.check_run(where, second, VERSION)["conclusion"] == "success"
    listed(system, "byhand", "1.0.0", "1.1.0")

    third = system.put_file(where, "README.md", "# By hand, again\n")
    tag(system, where, "v1.2", third)
    run = system.check_run(where, third, VERSION)
    assert run["conclusion"] == "failure"
    assert "v1.2" in run["output"]["title"] and "v1.4.0" in run["output"]["summary"]
    system.rest()
    assert versions(system, "byhand") == ["1.0.0", "1.1.0"]


@pytest.mark.checklist("G27", "G28")
def test_a_broken_pull_request_is_red_at_the_line_and_green_after_a_push(system: System):
    where = system.make_repository("terraform-terraform-red", {"main.tf": GOOD_TF})
    pull = system.propose(where, "break-it", "main.tf", BROKEN_TF)
    run = system.check_run(where, pull["head"]["sha"], MODULE)
    assert run["conclusion"] == "failure"
    shown = annotation(system, where, run)
    assert (shown["path"], shown["start_line"]) == ("main.tf", BROKEN_LINE)

    mended = system.put_file(where, "main.tf", GOOD_TF.replace("call it", "name it"), "break-it")
    assert system.check_run(where, mended, MODULE)["conclusion"] == "success"
    system.reviewer.put(f"{where}/pulls/{pull['number']}/merge", {"sha": mended})
    listed(system, "red", "0.1.0")


def test_the_merge_of_a_broken_module_publishes_nothing_and_says_why(system: System):
    """Our own proposal, spoilt by a push: the check, the living comment and `runs` all tell, and a retry stays no."""
    talk = system.say("/generate a label module for names and tags --repo terraform-terraform-spoilt")
    talk.answer("The pull request is open")
    where = "/repos/acme/terraform-terraform-spoilt"
    [pull] = system.writer.get(f"{where}/pulls")
    until(lambda: not system.writer.get(f"{where}/pulls/{pull['number']}")["draft"], "a pull request that is ready")
    wrong = BROKEN_TF.partition("\n\n")[2]  # the output alone: the variable is declared already
    spoilt = system.put_file(where, "outputs.tf", wrong, pull["head"]["ref"])
    run = system.check_run(where, spoilt, MODULE)
    assert run["conclusion"] == "failure"
    assert annotation(system, where, run)["path"] == "outputs.tf"

    merged = system.reviewer.put(f"{where}/pulls/{pull['number']}/merge", {"sha": spoilt})
    version = system.check_run(where, merged["sha"], VERSION)
    assert version["conclusion"] == "failure"
    assert "outputs.tf" in version["output"]["summary"]
    said = talk.answer("Merged, but not published")
    assert "v0.1.0 was not published" in said
    assert versions(system, "spoilt") == []
    release = system.writer.get(f"{where}/releases/tags/v0.1.0")
    assert not release["draft"]

    job = dead_jobs(system, "publish_version")[0]
    assert "outputs.tf" in system.run("runs", "show", job).stdout
    assert system.run("runs", "retry", job).returncode == 0
    system.rest()
    assert job in dead_jobs(system, "publish_version"), "the same commit stays refused"
    assert versions(system, "spoilt") == []


@pytest.mark.checklist("T-11")
def test_a_retry_publishes_when_the_reason_was_outside(system: System):
    """The namespace was closed while the tag came; it opens again, and an operator presses retry."""
    where = system.make_repository("terraform-terraform-closed", {"main.tf": GOOD_TF})
    account = system.writer.get("/orgs/acme")["id"]
    sha = head(system, where)
    with system.database.unit_of_work() as session:
        namespaces.suspend(session, account)
    try:
        tag(system, where, "v2.0.0", sha)
        run = system.check_run(where, sha, VERSION)
        assert run["conclusion"] == "failure"
        system.rest()
        assert versions(system, "closed") == []
    finally:
        with system.database.unit_of_work() as session:
            namespaces.reactivate(session, account)
    job = dead_jobs(system, "publish_version")[0]
    done = system.run("runs", "retry", job)
    assert done.returncode == 0 and "will be tried again" in done.stdout
    listed(system, "closed", "2.0.0")
    until(
        lambda: system.check_run(where, sha, VERSION)["conclusion"] == "success",
        "the commit's check to say that it is published",
    )
    system.rest()
    assert job not in dead_jobs(system, "publish_version")
    assert system.run("runs", "retry", job).returncode == 1, "there is nothing left to retry"


def test_a_pull_request_closed_without_a_merge_and_reopened(system: System):
    """Asked for at a private place, so the module's repository is private too."""
    system.make_repository("private-desk", private=True)
    asked = "/generate a label module for names and tags --repo terraform-terraform-again"
    talk = system.say(asked, repository="acme/private-desk")
    talk.answer("The pull request is open")
    where = "/repos/acme/terraform-terraform-again"
    assert system.writer.get(where)["private"]
    [pull] = system.writer.get(f"{where}/pulls")
    system.writer.patch(f"{where}/pulls/{pull['number']}", {"state": "closed"})
    talk.answer("Closed without a merge", "Reopen the pull request")
    system.writer.patch(f"{where}/pulls/{pull['number']}", {"state": "open"})
    system.rest()
    assert len(talk.answers()) == 1
    assert _state(talk) == "proposed"


def _state(talk: Talk) -> str:
    [request] = talk.requests()
    return str(request.state)


@pytest.mark.checklist("F-21")
def test_a_job_that_was_given_up_says_so_and_a_retry_goes_on_from_there(system: System):
    """GitHub answers what nobody foresaw to the pull request; later it does not, and an operator retries."""
    fault = {"kind": "not-found", "method": "POST", "path": "/terraform-terraform-parked/pulls$", "times": 1000}
    system.web.post("/_simulator/faults", json=fault).raise_for_status()
    try:
        talk = system.say("/generate a label module for names and tags --repo terraform-terraform-parked")
        said = talk.answer("terrasmith runs retry")
        [job] = re.findall(r"terrasmith runs retry (\d+)", said)
        assert job in dead_jobs(system, "open_pull_request")
    finally:
        system.web.delete("/_simulator/faults").raise_for_status()
    assert system.run("runs", "retry", job).returncode == 0
    talk.answer("The pull request is open")
    system.rest()
    assert len(talk.answers()) == 1, "still the one living comment"
    made = [one for one in system.ledger("repository.created") if one["subject"] == "acme/terraform-terraform-parked"]
    assert len(made) == 1
