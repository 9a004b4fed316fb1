"""Parts of a module through the real `terraform`: `//modules/x`, and examples rendered for whoever is outside."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from registry.services import catalog, publishing
from registry.services.examples import UnknownExampleError, example_files
from registry.services.publishing import Published
from tfmodule.address import Address
from tfmodule.archive import Entry

HOST = "reg.example.test"
ADDRESS = "acme/network/aws"
FILES = {
    "main.tf": b'module "peering" {\n  source = "./modules/peering"\n}\n',
    "modules/peering/main.tf": b'module "up" {\n  source = "../shared"\n}\n',
    "modules/shared/main.tf": b'output "which" {\n  value = "shared"\n}\n',
    "examples/basic/main.tf": (
        b'# What it takes.\nmodule "network" {\n  source = "../../" # the module\n}\n\n'
        b'module "peering" {\n  source = "../../modules/peering"\n}\n\nmodule "local" {\n  source = "./local"\n}\n'
    ),
    "examples/basic/local/main.tf": b'output "which" {\n  value = "local"\n}\n',
    "examples/basic/README.md": b"# Basic\n",
}

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")


def publish(registry) -> Published:
    prepared = publishing.prepare([Entry(path, data) for path, data in FILES.items()])
    publishing.store(registry.storage, prepared)
    published: Published = registry.publish(
        ADDRESS, "1.2.0", sha256=prepared.sha256, h1=prepared.h1, size=prepared.size
    )
    return published


def get(folder: Path, port: int, token: str | None, *command: str) -> subprocess.CompletedProcess[str]:
    """`terraform get` of the configuration that lies in the folder."""
    lines = ["disable_checkpoint = true", f'host "{HOST}" {{']
    lines += [f'  services = {{ "modules.v1" = "http://127.0.0.1:{port}/v1/modules/" }}', "}"]
    lines += [f'credentials "{HOST}" {{', f'  token = "{token}"', "}"] if token else []
    (folder / "terraform.rc").write_text("\n".join(lines) + "\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(folder / "terraform.rc")}
    return subprocess.run(
        ["terraform", *(command or ("get",)), "-no-color"], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def installed(folder: Path) -> dict[str, tuple[str, str]]:
    """Key → folder and version."""
    manifest = json.loads((folder / ".terraform/modules/modules.json").read_text())
    return {one["Key"]: (one["Dir"], one.get("Version", "")) for one in manifest["Modules"] if one["Key"]}


def calling(folder: Path, source: str) -> Path:
    folder.mkdir()
    (folder / "main.tf").write_text(f'module "it" {{\n  source  = "{source}"\n  version = "1.2.0"\n}}\n')
    return folder


@needs_terraform
@pytest.mark.parametrize("visibility", ["public", "private"])
@pytest.mark.checklist("R22", "R23")
def test_R22_R23_a_submodule_is_installed_by_its_address(sqlite_registry, serving, tmp_path, visibility) -> None:
    """The folder comes after our location, whose checksum still holds for the whole archive."""
    sqlite_registry.namespace("acme", visibility)
    published = publish(sqlite_registry)
    token = sqlite_registry.token("acme") if visibility == "private" else None
    with serving(sqlite_registry.app) as port:
        work = calling(tmp_path / "work", f"{HOST}/{ADDRESS}//modules/peering")
        done = get(work, port, token)
        assert done.returncode == 0, done.stderr
        assert installed(work) == {
            "it": (".terraform/modules/it/modules/peering", "1.2.0"),
            "it.up": (".terraform/modules/it/modules/shared", ""),
        }
        missing = get(calling(tmp_path / "missing", f"{HOST}/{ADDRESS}//modules/none"), port, token)
        assert missing.returncode == 1 and "modules/none" in missing.stderr, missing.stderr
        path = sqlite_registry.archive_path(published.sha256)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        altered = get(calling(tmp_path / "altered", f"{HOST}/{ADDRESS}//modules/peering"), port, token)
        assert altered.returncode == 1 and "checksum" in altered.stderr.lower()


@needs_terraform
def test_a_rendered_example_runs_where_it_is_copied_to(sqlite_registry, serving, tmp_path) -> None:
    sqlite_registry.namespace("acme")
    publish(sqlite_registry)
    files = rendered(sqlite_registry)
    assert set(files) == {"main.tf", "README.md", "local/main.tf"}
    for name, data in files.items():
        path = tmp_path / "copy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with serving(sqlite_registry.app) as port:
        done = get(tmp_path / "copy", port, None)
        assert done.returncode == 0, done.stderr
        found = installed(tmp_path / "copy")
        assert found["network"] == (".terraform/modules/network", "1.2.0")
        assert found["peering"] == (".terraform/modules/peering/modules/peering", "1.2.0")
        assert found["local"] == ("local", "")
        assert get(tmp_path / "copy", port, None, "fmt", "-check").returncode == 0, "it is formatted as Terraform does"


def rendered(registry, path: str = "examples/basic"):
    with registry.database.read() as session:
        facts = catalog.version(session, Address.parse(ADDRESS), "1.2.0", None)
    return example_files(registry.storage, facts, path, HOST)


def test_an_example_is_read_from_the_stored_archive(registry) -> None:
    registry.namespace("acme")
    publish(registry)
    assert rendered(registry)["main.tf"].decode() == (
        f'# What it takes.\nmodule "network" {{\n  source  = "{HOST}/{ADDRESS}" # the module\n'
        '  version = "1.2.0"\n}\n\n'
        f'module "peering" {{\n  source  = "{HOST}/{ADDRESS}//modules/peering"\n  version = "1.2.0"\n}}\n\n'
        'module "local" {\n  source = "./local"\n}\n'
    )


@pytest.mark.parametrize("path", ["examples", "examples/none", "modules/peering", "", "../x", "examples/basic/"])
def test_what_is_no_example_is_said_to_be_none(sqlite_registry, path: str) -> None:
    sqlite_registry.namespace("acme")
    publish(sqlite_registry)
    with pytest.raises(UnknownExampleError):
        rendered(sqlite_registry, path)
