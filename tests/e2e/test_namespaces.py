"""What becomes of a namespace when its organisation is renamed, vanishes, and somebody else takes the old login."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.living_system import GOOD_TF, System, run, until


def _organisation(system: System, method: str, named: str = "", **body: str) -> Any:
    reply = system.web.request(method, f"/_simulator/organisations/{named}".rstrip("/"), json=body)
    reply.raise_for_status()
    return reply.json()["id"] if reply.content else None


def _names(system: System, account: int) -> set[str]:
    query = "SELECT n.spelling FROM namespace_names n JOIN namespaces s ON s.id = n.namespace_id"
    return {row.spelling for row in system.rows(f"{query} WHERE s.github_account_id = :account", account=account)}


@pytest.mark.checklist("T-11")
def test_T11_a_renamed_and_a_resurrected_organisation(system: System, tmp_path: Path):
    first = _organisation(system, "POST", login="phoenix")
    until(lambda: _names(system, first) == {"phoenix"}, "the namespace phoenix")
    token = system.run("token", "create", "ci", "--namespace", "phoenix", "--allow", "publish").stdout.strip()
    (tmp_path / "main.tf").write_text(GOOD_TF, encoding="utf-8")
    publishing = {"TERRASMITH_URL": system.addresses.registry_url, "TERRASMITH_TOKEN": token}
    address = ("--address", "phoenix/label/terraform", "--version", "1.0.0")
    published = run("publish", str(tmp_path), *address, **publishing)
    assert published.returncode == 0, published.stderr

    def versions(name: str) -> httpx.Response:
        url = f"{system.addresses.modules_url}{name}/label/terraform/versions"
        return httpx.get(url, headers={"Authorization": f"Bearer {token}"})

    # Renamed: both names lead to the same module, and the old one says what it is called now.
    assert _organisation(system, "PATCH", "phoenix", login="phoenix-cloud") == first
    until(lambda: _names(system, first) == {"phoenix", "phoenix-cloud"}, "the new name")
    old, new = (versions(name).json()["modules"][0] for name in ("phoenix", "phoenix-cloud"))
    assert old.pop("moved_to") == "phoenix-cloud/label/terraform" and old == new

    # Somebody else takes the login, then a name that looks like the new one: no namespace, and nothing of the old one.
    second = _organisation(system, "POST", login="phoenix")
    third = _organisation(system, "POST", login="ph0enix-c1oud")
    system.rest()
    assert _names(system, second) == _names(system, third) == set()
    listed = system.run("namespace", "list").stdout
    assert f"phoenix ({second}) has no namespace" in listed and f"ph0enix-c1oud ({third}) has no" in listed
    assert versions("phoenix").json()["modules"][0]["moved_to"] == "phoenix-cloud/label/terraform"

    # Gone for good, and the login born again under another number: still the first one's.
    _organisation(system, "DELETE", "phoenix-cloud")
    fourth = _organisation(system, "POST", login="phoenix-cloud")
    system.rest()
    assert fourth not in (first, second) and _names(system, fourth) == set()
    assert versions("phoenix-cloud").json()["modules"] == [new]
