"""An upload that calls modules of our registry: judged by the real gate with what the registry chose, and refused."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accounts import namespaces, tokens
from core import jobs
from core.db import Database
from core.ids import new_id
from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.report import Report
from registry import models
from registry.services import dependencies, lifecycle, staging, uploads
from registry.services.uploads import Incoming
from registry.storage.local import LocalStorage
from tfmodule.address import Address
from tfmodule.archive import Entry, pack
from tfmodule.version import Version
from workers import execution
from workers.relay import expand

HOST = "reg.example.test"
NET, APP = Address.parse("acme/net/null"), Address.parse("acme/app/null")
NETWORK = {
    "main.tf": 'variable "name" {}\n\noutput "name" {\n  value = module.deep.upper\n}\n\n'
    'module "deep" {\n  source = "./modules/deep"\n  name   = var.name\n}\n',
    "modules/deep/main.tf": 'variable "name" {}\n\noutput "upper" {\n  value = upper(var.name)\n}\n',
}

pytestmark = pytest.mark.skipif(
    shutil.which("terraform") is None and shutil.which("tofu") is None,
    reason="neither terraform nor tofu is on PATH",
)


class Back:
    """The back room with the real gate, over one database."""

    def __init__(self, database: Database, storage: LocalStorage) -> None:
        self.database, self.storage = database, storage
        engine = EngineSettings(timeout_seconds=120.0)
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0, registry_host=HOST),
            database=database,
            storage=storage,
            redact=lambda text: text,
            judge=lambda profile, modules: lambda files: judge(files, profile=profile, engine=engine, modules=modules),
        )
        with database.unit_of_work() as session:
            namespaces.bind(session, 11, "acme", "Organization", "public")
            self.token, _ = tokens.create(session, "ci", "acme", "publish", timedelta(days=1))

    def publish(self, address: Address, version: str, files: dict[str, str]) -> models.Upload:
        """Upload it, and let the job do its work."""
        upload_id = new_id("upl")
        data = pack([Entry(path, text.encode()) for path, text in files.items()])
        body = staging.stage(self.storage, uploads.staging_key(upload_id), iter([data]), None)
        with self.database.unit_of_work() as session:
            holder = tokens.holder(session, self.token.id)
            assert holder is not None
            incoming = Incoming(
                id=upload_id, address=address, version=Version.parse(version),
                idempotency_key=None, body_sha256=body.sha256, body_size=body.size,
            )  # fmt: skip
            uploads.receive(session, holder, incoming)
        expand(self.database)
        with self.database.read() as session:
            job = jobs.views(session, subject=f"upload:{upload_id}")[0]
        assert execution.run(self.environment, job.id) == "done"
        with self.database.read() as session:
            return session.get_one(models.Upload, upload_id)

    def remove(self, version: str) -> None:
        with self.database.unit_of_work() as session:
            lifecycle.remove(session, NET, Version.parse(version), "it leaked a key", "operator")


@pytest.fixture
def back(sqlite_url: str, tmp_path: Path) -> Iterator[Back]:
    database = Database(sqlite_url)
    yield Back(database, LocalStorage(tmp_path / "storage"))
    database.dispose()


def caller(version: str, source: str = f"{HOST}/{NET}") -> dict[str, str]:
    """Source and constraint stand in lines 4 and 5."""
    return {
        "main.tf": f'# app\n\nmodule "net" {{\n  source  = "{source}"\n  version = "{version}"\n  name    = "x"\n}}\n\n'
        'output "name" {\n  value = module.net.name\n}\n'
    }


def report(upload: models.Upload) -> Report:
    assert upload.report is not None
    return Report.from_dict(upload.report)


def test_a_module_may_call_another_of_this_registry_and_is_known_as_its_dependant(back: Back) -> None:
    for version in ("1.0.0", "1.1.0"):
        assert back.publish(NET, version, NETWORK | {"x.tf": f"# {version}\n"}).state == "published"
    upload = back.publish(APP, "1.0.0", caller("~> 1.0"))
    assert upload.state == "published", upload.reason
    assert {check.id: check.outcome for check in report(upload).checks}["validate"] == "passed"
    with back.database.read() as session:
        found = dependencies.dependants(session, NET, None, offset=0, limit=10)
    assert [(one.address, one.constraint, one.line) for one in found] == [(APP, "~> 1.0", 4)]

    # A call that does not fit the module, as Terraform sees it.
    wrong = {"main.tf": caller("~> 1.0")["main.tf"].replace("name    =", "title   =")}
    refused = back.publish(APP, "1.1.0", wrong)
    assert refused.state == "refused"
    assert any((one.path, one.line) == ("main.tf", 6) for one in report(refused).errors)

    # What is not there, or not any more, or never ends: each with its line, before any engine runs.
    back.remove("1.1.0")
    for version, files, line, words in (
        ("1.1.0", caller("1.1.0"), 5, "1.1.0 is removed (it leaked a key). There are 1.0.0."),
        ("1.1.0", caller("~> 2.0"), 5, "meets `~> 2.0`"),
        ("1.1.0", caller("~> 1.0", f"{HOST}/acme/none/null"), 4, "is no module of this registry"),
        ("1.1.0", caller("~> 1.0", f"{HOST}/{APP}"), 4, "This never ends"),
        ("1.1.0", caller("~> 1.0", f"{HOST}/{NET}//modules/none"), 4, "no submodule `modules/none` in version 1.0.0"),
    ):
        refused = back.publish(APP, version, files)
        error = report(refused).errors[0]
        assert (refused.state, error.rule, error.path, error.line) == ("refused", "module-call", "main.tf", line)
        assert words in error.message and error.fix
        assert refused.reason is not None and f"(main.tf:{line})" in refused.reason
        assert {check.id: check.outcome for check in report(refused).checks}["init"] == "skipped"


def test_a_module_of_another_host_is_the_gates_business(back: Back) -> None:
    refused = back.publish(APP, "1.0.0", caller("~> 1.0", "other.example.test/acme/net/null"))
    assert [(one.rule, one.line) for one in report(refused).errors] == [("module-source", 4)]
