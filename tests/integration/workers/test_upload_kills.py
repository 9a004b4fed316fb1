"""kill -9 of a real worker in the middle of a real judgement of an upload: the next worker brings it to its end."""

import contextlib
import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from accounts import namespaces, tokens
from core import clock
from core.ids import new_id
from registry import models
from registry.services import staging, uploads
from registry.services.uploads import Incoming
from registry.storage.local import LocalStorage
from registry.storage.port import archive_key
from tfmodule.address import Address
from tfmodule.archive import Entry, pack
from tfmodule.version import Version

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")

FILES = (Entry("main.tf", b'output "x" {\n  value = 1\n}\n'),)


def caught(worker: int, command: str) -> bool:
    """Whether the worker's engine runs this command just now; from then on it stands still."""
    try:
        below = psutil.Process(worker).children(recursive=True)
    except psutil.Error:
        return False
    for process in below:
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if len(words) > 1 and Path(words[0]).name == "terraform" and words[1] == command:
                process.suspend()
                return True
    return False


def send(database: Any, storage: LocalStorage) -> str:
    with database.unit_of_work() as session:
        namespaces.bind(session, 11, "acme", "Organization", "public")
        token, _ = tokens.create(session, "ci", "acme", "publish", timedelta(days=1))
    upload_id = new_id("upl")
    body = staging.stage(storage, uploads.staging_key(upload_id), iter([pack(FILES)]), None)
    with database.unit_of_work() as session:
        principal = tokens.holder(session, token.id)
        assert principal is not None
        incoming = Incoming(
            id=upload_id, address=Address("acme", "bucket", "aws"), version=Version.parse("1.0.0"),
            idempotency_key=None, body_sha256=body.sha256, body_size=body.size,
        )  # fmt: skip
        return uploads.receive(session, principal, incoming).upload.id


# Its short form kills in one place: the crash matrix beside it cuts at every moment, without processes.
@pytest.mark.parametrize(
    "command", ["init", pytest.param("version", marks=pytest.mark.prove), pytest.param("fmt", marks=pytest.mark.prove)]
)
@pytest.mark.checklist("F-10")
def test_F10_a_worker_killed_in_the_middle_of_a_judgement(engine: Any, tmp_path: Path, command: str) -> None:
    storage = LocalStorage(tmp_path / "storage")
    upload_id = send(engine.database, storage)

    def row() -> models.Upload:
        with engine.database.read() as session:
            return session.get_one(models.Upload, upload_id)

    engine.start("relay")
    worker = engine.start("heavy")
    engine.until(lambda: caught(worker.pid, command), 60, f"the engine at {command}", lambda: row().state)
    assert row().state == "unpacked"
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(timeout=10)
    assert storage.exists(uploads.staging_key(upload_id)), "what is not settled keeps its bytes"
    engine.start("heavy")
    engine.until(lambda: row().state == "published", 90, "the version", lambda: (row().state, row().reason))
    engine.until(lambda: not storage.exists(uploads.staging_key(upload_id)), 20, "the staged bytes' end")
    with engine.database.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Version)) == 1
    assert storage.size(archive_key(row().sha256 or "")) == row().size
    assert storage.staged(clock.now() + timedelta(minutes=1)) == ()
