"""Two modules in one repository of any name: tags with a prefix publish them, a real Terraform installs both."""

import json
from pathlib import Path

import pytest

from tests.living_system import BROKEN_TF, GOOD_TF, System, run

DECLARED = (
    'module "network" {\n  system = "terraform"\n  path   = "modules/network"\n}\n\n'
    'module "dns" {\n  system     = "terraform"\n  path       = "dns"\n  tag_prefix = "infra/dns-"\n}\n'
)
NETWORK, DNS = "network/v1.0.0", "infra/dns-v0.1.0"


@pytest.mark.checklist("R12", "R23", "R28", "R33")
def test_two_modules_of_one_repository_are_published_checked_installed_and_rebuilt(system: System, tmp_path: Path):
    where = system.make_repository(
        "landing-zone", {"modules/network/main.tf": GOOD_TF, "modules/network/modules/peering/main.tf": GOOD_TF,
                         "dns/main.tf": GOOD_TF.replace("call it", "name it"), ".terrasmith.hcl": DECLARED}
    )  # fmt: skip
    sha = system.writer.get(f"{where}/git/ref/heads/main")["object"]["sha"]
    system.writer.post(f"{where}/git/refs", {"ref": f"refs/tags/{NETWORK}", "sha": sha})
    system.writer.post(f"{where}/releases", {"tag_name": DNS, "target_commitish": sha, "name": "DNS"})
    for tag, title in ((NETWORK, "acme/network/terraform 1.0.0"), (DNS, "acme/dns/terraform 0.1.0")):
        shown = system.check_run(where, sha, f"Terrasmith: version {tag}")
        assert (shown["conclusion"], shown["output"]["title"]) == ("success", f"Published {title}")

    pull = system.propose(where, "break-dns", "dns/main.tf", BROKEN_TF)
    shown = system.check_run(where, pull["head"]["sha"], "Terrasmith: module")
    assert shown["conclusion"] == "failure"
    remarks = system.writer.get(f"{where}/check-runs/{shown['id']}/annotations")
    assert {one["path"] for one in remarks} == {"dns/main.tf"}

    system.writer.post(f"{where}/git/refs", {"ref": "refs/tags/netwrok/v1.0.0", "sha": sha})
    shown = system.check_run(where, sha, "Terrasmith: version netwrok/v1.0.0")
    assert shown["conclusion"] == "neutral" and "network/" in shown["output"]["summary"]

    _install(system, tmp_path)
    host, person = system.addresses.github_web_url.removeprefix("http://"), system.addresses.writer
    url = f"http://{person.login}:{person.token}@{host}/acme/landing-zone.git"
    asked = {"TERRASMITH_URL": system.addresses.registry_url, "TERRASMITH_TOKEN": system.addresses.registry_token}
    done = run("verify", "acme/network/terraform", "1.0.0", "--git", url, **asked)
    assert done.returncode == 0 and "the same bytes" in done.stdout, done.stdout + done.stderr


def _install(system: System, folder: Path) -> None:
    host = system.addresses.registry_host
    blocks = [("network", "1.0.0", ""), ("dns", "~> 0.1", ""), ("network", "1.0.0", "//modules/peering")]
    (folder / "main.tf").write_text(
        "".join(
            f'module "m{number}" {{\n  source  = "{host}/acme/{name}/terraform{part}"\n  version = "{version}"\n'
            '  name = "x"\n}\n'
            for number, (name, version, part) in enumerate(blocks)
        ),
        encoding="utf-8",
    )
    system.terraform.run(folder, "init", "-no-color", config=Path(system.addresses.cli_config))
    manifest = json.loads((folder / ".terraform" / "modules" / "modules.json").read_text())
    found = {one["Key"]: (one["Version"], one["Dir"]) for one in manifest["Modules"] if one["Key"]}
    assert found == {
        "m0": ("1.0.0", ".terraform/modules/m0"),
        "m1": ("0.1.0", ".terraform/modules/m1"),
        "m2": ("1.0.0", ".terraform/modules/m2/modules/peering"),
    }
    assert sorted(path.name for path in (folder / ".terraform/modules/m1").iterdir()) == ["main.tf"]
