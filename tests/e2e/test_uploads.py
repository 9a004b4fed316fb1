"""A module that is on no GitHub: published by API, refused where it must be, and installed by Terraform."""

import subprocess
from pathlib import Path

import httpx
import pytest

from tests.living_system import GOOD_TF, System, run

ADDRESS = "acme/uploaded/terraform"


@pytest.fixture(scope="module")
def token(living: System) -> str:
    """A token that publishes into `acme`, made as an operator makes it."""
    made = living.run("token", "create", "ci", "--namespace", "acme", "--allow", "publish")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def publish(
    system: System, token: str, source: Path, version: str, address: str = ADDRESS
) -> subprocess.CompletedProcess[str]:
    return run(
        "publish", str(source), "--address", address, "--version", version,
        TERRASMITH_URL=system.addresses.registry_url, TERRASMITH_TOKEN=token, COLUMNS="200",
    )  # fmt: skip


def module(folder: Path, text: str = GOOD_TF) -> Path:
    folder.mkdir()
    (folder / "main.tf").write_text(text, encoding="utf-8")
    (folder / "terraform.tfstate").write_text("{}", encoding="utf-8")
    return folder


@pytest.mark.checklist("P-02", "R11", "R12")
def test_P02_a_folder_becomes_a_version_that_terraform_installs(system: System, token: str, tmp_path: Path):
    folder = module(tmp_path / "module")
    done = publish(system, token, folder, "1.0.0")
    assert done.returncode == 0, done.stderr
    assert f"published {system.addresses.registry_url.split('//')[1]}/{ADDRESS} 1.0.0" in done.stdout
    assert "left out 1 that no module holds: terraform.tfstate" in done.stderr

    work = tmp_path / "work"
    work.mkdir()
    source = f"{system.addresses.registry_host}/{ADDRESS}"
    (work / "main.tf").write_text(
        f'module "it" {{\n  source  = "{source}"\n  version = "~> 1.0"\n  name = "x"\n}}\n', encoding="utf-8"
    )
    for arguments in (("init",), ("validate",), ("apply", "-auto-approve")):
        code, said = system.terraform.attempt(
            work, arguments[0], "-no-color", *arguments[1:], config=Path(system.addresses.cli_config)
        )
        assert code == 0, said
    [installed] = (work / ".terraform" / "modules" / "it").glob("*")
    assert installed.read_text() == GOOD_TF

    again = publish(system, token, folder, "1.0.0")
    assert again.returncode == 0, again.stderr
    (folder / "main.tf").write_text(GOOD_TF + "# other\n", encoding="utf-8")
    other = publish(system, token, folder, "1.0.0")
    assert other.returncode == 1 and "never changes" in other.stderr
    assert publish(system, token, folder, "1.1.0").returncode == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('data "external" "x" {\n  program = ["sh"]\n}\n', "main.tf:1"),
        ('output "x" {\n  value = (\n}\n', "main.tf:"),
        ('output "x" {\n  value = var.missing\n}\n', "main.tf:2"),
    ],
)
def test_what_the_gate_refuses_is_refused_at_its_line(system: System, token: str, tmp_path: Path, text, place):
    refused = publish(system, token, module(tmp_path / "module", text), "1.0.0", "acme/refused/terraform")
    assert refused.returncode == 1, refused.stderr
    assert place in refused.stdout and "is refused" in refused.stderr
    headers = {"Authorization": f"Bearer {system.addresses.registry_token}"}
    assert (
        httpx.get(f"{system.addresses.modules_url}acme/refused/terraform/versions", headers=headers).status_code == 404
    )


def test_who_may_not_is_told_so(system: System, token: str, tmp_path: Path):
    folder = module(tmp_path / "module")
    reader = publish(system, system.addresses.registry_token, folder, "9.0.0")
    elsewhere = publish(system, token, folder, "9.0.0", "nobody/x/terraform")
    stranger = publish(system, "tsm_nothing", folder, "9.0.0")
    assert [one.returncode for one in (reader, elsewhere, stranger)] == [2, 2, 2]
    assert "403" in reader.stderr and "publishes into the namespace `acme`" in elsewhere.stderr
    assert "does not know this token" in stranger.stderr
