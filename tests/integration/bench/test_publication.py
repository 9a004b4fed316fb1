"""The measurement of a publication does the worker's own job, so it can never measure steps that nobody takes."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from accounts import namespaces, tokens
from bench.publication import WatchedDatabase, bench_environment, worked
from bench.published import upload
from core.errors import UserError
from core.settings import Settings
from registry.services import catalog
from registry.storage.local import LocalStorage
from tests.integration.registry.conftest import SECRET_KEY, _serving
from tfmodule.address import Address
from tfmodule.archive import Entry, pack
from web.app import create_app

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")

ADDRESS = Address("acme", "small", "terraform")


def test_an_upload_is_timed_through_the_job_itself(sqlite_url: str, tmp_path: Path) -> None:
    database = WatchedDatabase(sqlite_url)
    environment = bench_environment(database, tmp_path)
    with database.unit_of_work() as session:
        namespaces.bind(session, 11, "acme", "Organization", "private")
        token = tokens.create(session, "bench", "acme", "publish", timedelta(days=1))[1]
    settings = Settings(base_url="https://reg.example.test", secret_key=SECRET_KEY, webhook_secrets="w" * 32)  # type: ignore[arg-type]
    app = create_app(settings, database, LocalStorage(tmp_path / "storage"))
    with _serving(app, None, None) as port:
        files = [Entry("main.tf", b'output "x" {\n  value = 1\n}\n')]
        steps = worked(environment, upload(port, token, ADDRESS, "1.0.0", pack(files)))
        hostile = [Entry("main.tf", b'resource "terraform_data" "x" {\n  provisioner "local-exec" {}\n}\n')]
        with pytest.raises(UserError, match="the job is done, the upload refused: "):
            worked(environment, upload(port, token, ADDRESS, "1.1.0", pack(hostile)))
    with database.read() as session:
        assert [str(one) for one in catalog.published_versions(session, ADDRESS)] == ["1.0.0"]
    database.dispose()
    steps.pop("gate: copying, engine version, cleaning up")  # a remainder of what two clocks say
    assert {"unpacked, packed anew", "gate: init", "gate: validate", "its Terraform read"} <= steps.keys()
    assert all(seconds > 0 for name, seconds in steps.items() if not name.startswith("gate: ")), steps
