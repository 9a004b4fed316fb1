"""A version and its proof, from outside: provenance of a pushed tag, a moved tag, a rebuild with git credentials."""

from typing import Any

import httpx
import pytest

from tests.living_system import GOOD_TF, System, run

MOVED, SECOND = "Terrasmith: version v1.0.0", "Terrasmith: version 1.0.0"
ADDRESS = "acme/moved/terraform"


def _ask(system: System, what: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {system.addresses.registry_token}"}
    return httpx.get(f"{system.addresses.modules_url}{ADDRESS}/1.0.0/{what}", headers=headers)


def _verify(system: System, *options: str) -> Any:
    values = system.addresses
    return run("verify", ADDRESS, "1.0.0", *options, TERRASMITH_URL=values.registry_url,
               TERRASMITH_TOKEN=values.registry_token)  # fmt: skip


@pytest.mark.checklist("T-22", "T-23", "P-04", "P-05")
def test_T22_T23_P04_P05_a_moved_tag_changes_nothing_and_the_version_is_rebuilt(system: System):
    hostile = {
        ".gitattributes": "*.tf filter=lfs\nREADME.md export-subst\n",
        ".gitmodules": '[submodule "x"]\n  path = x\n  url = ext::sh -c touch% /tmp/x\n',
        "README.md": "# From $Format:%H$\n",
    }
    where = system.make_repository("terraform-terraform-moved", {"main.tf": GOOD_TF, **hostile})
    first = str(system.writer.get(f"{where}/git/ref/heads/main")["object"]["sha"])
    tree = system.writer.get(f"{where}/commits/{first}")["commit"]["tree"]["sha"]
    system.writer.post(f"{where}/git/refs", {"ref": "refs/tags/v1.0.0", "sha": first})
    assert system.check_run(where, first, MOVED)["conclusion"] == "success"
    promised, told = _ask(system, "download").json()["location"].split("?")[1], _ask(system, "provenance").json()
    writer = system.writer.get("/user")
    assert told["source"]["commit"] == first and told["source"]["tree"] == tree and told["source"]["tag"] == "v1.0.0"
    assert told["people"] == {"asked": None, "released": {"id": writer["id"], "login": writer["login"]}}
    assert told["gate"]["verdict"] == "passed" and len(told["gate"]["report_digest"]) == 64

    second = system.put_file(where, "main.tf", GOOD_TF.replace("call it", "name it"))
    system.writer.patch(f"{where}/git/refs/tags/v1.0.0", {"sha": second, "force": True})
    shown = system.check_run(where, second, MOVED)
    assert shown["conclusion"] == "failure" and first in shown["output"]["summary"]
    system.rest()
    assert _ask(system, "download").json()["location"].split("?")[1] == promised
    assert _ask(system, "provenance").json() == told
    moved = system.rows("SELECT detail FROM audit WHERE action = 'tag.moved'")
    assert len([row for row in moved if "v1.0.0" in str(row.detail) and first in str(row.detail)]) == 1

    system.writer.post(f"{where}/git/refs", {"ref": "refs/tags/1.0.0", "sha": second})
    refused = system.check_run(where, second, SECOND)
    assert refused["conclusion"] == "failure" and "is the version" in refused["output"]["summary"]

    host = system.addresses.github_web_url.removeprefix("http://")
    person = system.addresses.writer
    done = _verify(system, "--git", f"http://{person.login}:{person.token}@{host}/acme/terraform-terraform-moved.git")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rebuilt from the commit: the same bytes" in done.stdout
    gone = _verify(system, "--git", f"http://{person.login}:{person.token}@{host}/acme/no-such-repository.git")
    assert gone.returncode == 2 and "could not fetch" in gone.stderr
    assert person.token not in gone.stdout + gone.stderr
