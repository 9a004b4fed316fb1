"""The line of `up --simulate --json`: every documented field is there, and each works for an outside program."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.living_system import GOOD_TF, System, until

DOCUMENTED = {
    "registry_url", "registry_host", "modules_url", "registry_token", "registry_publish_token", "cli_config",
    "github_url", "github_web_url", "organisation", "repository", "writer", "stranger", "data_dir",
}  # fmt: skip


@pytest.fixture(scope="module")
def published(living: System) -> str:
    """The address of a module that somebody published by pushing a tag."""
    where = living.make_repository("terraform-terraform-address", {"main.tf": GOOD_TF})
    sha = living.writer.get(f"{where}/git/ref/heads/main")["object"]["sha"]
    living.writer.post(f"{where}/git/refs", {"ref": "refs/tags/v1.0.0", "sha": sha})
    run = living.check_run(where, sha, "Terrasmith: version")
    assert run["conclusion"] == "success", run["output"]["summary"]
    return "acme/address/terraform"


def test_one_line_with_every_documented_field(system: System):
    values = json.loads(system.line)
    assert system.line.count("\n") == 1
    assert values.keys() >= DOCUMENTED
    assert "." in values["registry_host"]
    assert values["repository"].startswith(values["organisation"] + "/")
    assert {*values["writer"]} == {*values["stranger"]} == {"login", "token"}
    assert Path(values["data_dir"]) == system.directory.resolve()


def test_rest_as_the_writer_and_as_the_stranger(system: System):
    values = system.addresses
    where = f"/repos/{values.repository}"
    for person, visitor in ((values.writer, system.writer), (values.stranger, system.stranger)):
        assert visitor.get("/user")["login"] == person.login
    assert system.writer.get(f"{where}/issues"), "an existing repository with issues"
    rights = {
        one.login: system.reviewer.get(f"{where}/collaborators/{one.login}/permission")["permission"]
        for one in (values.writer, values.stranger)
    }
    assert rights == {values.writer.login: "write", values.stranger.login: "read"}


def test_git_with_the_writers_token(system: System, tmp_path: Path):
    """The plainest way that there is: the token as the password in the address."""
    host = system.addresses.github_web_url.removeprefix("http://")
    url = f"http://{system.addresses.writer.login}:{system.addresses.writer.token}@{host}/{system.addresses.repository}"
    done = subprocess.run(
        ["git", "clone", "--quiet", f"{url}.git", "clone"], cwd=tmp_path, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone" / "README.md").exists()


@pytest.mark.checklist("R12", "R22", "T-09")
def test_the_registrys_protocol_with_its_token(system: System, published: str):
    values = system.addresses
    discovery = httpx.get(f"{values.registry_url}/.well-known/terraform.json").json()
    assert httpx.URL(values.registry_url).join(discovery["modules.v1"]) == values.modules_url
    assert httpx.URL(values.registry_url).netloc.decode() == values.registry_host
    token = {"Authorization": f"Bearer {values.registry_token}"}
    listed = httpx.get(f"{values.modules_url}{published}/versions", headers=token).json()
    assert [one["version"] for one in listed["modules"][0]["versions"]] == ["1.0.0"]
    download = httpx.get(f"{values.modules_url}{published}/1.0.0/download", headers=token)
    assert "checksum=sha256:" in download.headers["X-Terraform-Get"]
    hidden = httpx.get(f"{values.modules_url}{published}/versions")
    assert hidden.status_code in (401, 404), "a private namespace is not for everybody"


def test_terraform_with_the_ready_configuration(system: System, published: str, tmp_path: Path):
    values = system.addresses
    block = (
        f'module "it" {{\n  source  = "{values.registry_host}/{published}"\n  version = "~> 1.0"\n  name = "x"\n}}\n'
    )
    (tmp_path / "main.tf").write_text(block, encoding="utf-8")
    config = Path(values.cli_config)
    assert config.stat().st_mode & 0o077 == 0, "it holds a token"
    for arguments in (("init",), ("validate",), ("apply", "-auto-approve")):
        code, said = system.terraform.attempt(tmp_path, arguments[0], "-no-color", *arguments[1:], config=config)
        assert code == 0, said


def test_the_pages_of_the_simulated_github(system: System):
    page = until(lambda: httpx.get(f"{system.addresses.github_web_url}/{system.addresses.repository}"), "the page")
    assert page.status_code == 200 and system.addresses.repository in page.text
