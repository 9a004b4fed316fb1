"""Two modules of one repository, one of which calls the other: by the registry's address, and by a path beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.db import Database
from gate.engines.port import EngineSettings
from gate.judge import judge
from registry.services import dependencies
from tests.integration.workers.monorepo import DECLARED, FIRST, SECOND, Hub, hub_of
from tfmodule.address import Address

HOST = "registry.example.com"
NETWORK = b'variable "name" {}\n\noutput "name" {\n  value = upper(var.name)\n}\n'
CALL = """module "network" {{
  source = "{source}"{version}
  name   = "x"
}}

output "name" {{
  value = module.network.name
}}
"""

pytestmark = pytest.mark.skipif(
    shutil.which("terraform") is None and shutil.which("tofu") is None,
    reason="neither terraform nor tofu is on PATH",
)


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    """With the real gate."""
    database = Database(sqlite_url)
    hub, engine = hub_of(database, tmp_path), EngineSettings(sandbox="trusted-local", timeout_seconds=120.0)
    hub.environment.judge = lambda profile, modules: (
        lambda files: judge(files, profile=profile, engine=engine, modules=modules)
    )
    yield hub
    database.dispose()


def _commit(hub: Hub, sha: str, source: str, version: str = "") -> None:
    call = CALL.format(source=source, version=f'\n  version = "{version}"' if version else "")
    hub.commits[sha] = {
        ".terrasmith.hcl": DECLARED,
        "modules/network/main.tf": NETWORK,
        "modules/dns/main.tf": call.encode(),
    }


def test_a_sibling_is_called_by_its_address_and_published_as_its_dependant(hub: Hub) -> None:
    _commit(hub, FIRST, f"{HOST}/acme/network/aws", "~> 1.0")
    too_early = hub.push("dns/v0.1.0")
    assert too_early is not None and too_early["conclusion"] == "failure"
    assert "no module of this registry" in str(too_early) and hub.versions("acme/dns/aws") == []
    shown = hub.push("network/v1.2.0")
    assert shown is not None and shown["conclusion"] == "success", shown
    shown = hub.push("dns/v1.0.0")
    assert shown is not None and shown["conclusion"] == "success", shown
    assert hub.versions("acme/dns/aws") == ["1.0.0"] and hub.files("acme/dns/aws", "1.0.0") == ["main.tf"]
    with hub.database.read() as session:
        [caller] = dependencies.dependants(session, Address.parse("acme/network/aws"), None, offset=0, limit=10)
    assert (str(caller.address), str(caller.version), caller.constraint, caller.path) == (
        "acme/dns/aws", "1.0.0", "~> 1.0", "main.tf",
    )  # fmt: skip


def test_a_sibling_cannot_be_called_by_a_path_beside_the_folder(hub: Hub) -> None:
    """It works in the repository, and would be missing from the archive: refused at its line, before anything runs."""
    _commit(hub, SECOND, "../network")
    assert hub.push("network/v1.0.0", SECOND) is not None
    shown = hub.push("dns/v1.0.0", SECOND)
    assert shown is not None and shown["conclusion"] == "failure"
    assert "modules/dns/main.tf" in str(shown) and "../network" in str(shown), shown
    assert hub.versions("acme/dns/aws") == [] and hub.versions("acme/network/aws") == ["1.0.0"]
