"""A publisher over HTTP for tests: sends archives, looks, and does the job's part with a gate that lets all pass."""

import io
import tarfile
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from starlette.testclient import TestClient

from gate.report import Report
from registry import models
from registry.services import publishing, staging, uploads
from registry.services.publishing import PublishVersion
from tfmodule.archive import Entry, pack
from tfmodule.contents import EMPTY

PATH = "/v1/modules/acme/bucket/aws/1.0.0/upload"
REPORT = Report("safety", "terraform 1.11.4", "builtin", "L1", "passed", (), ()).to_dict()


def archive(content: str = "one") -> bytes:
    return pack([Entry("main.tf", f'output "x" {{\n  value = "{content}"\n}}\n'.encode())])


def repacked(data: bytes) -> bytes:
    """The same files, as another tool packs them."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old.getmembers():
            member.mtime = 1_700_000_000
            new.addfile(member, old.extractfile(member))
    return out.getvalue()


class Sender:
    """A publisher of the namespace `acme`, with a client over the application."""

    def __init__(self, registry: Any) -> None:
        self.registry = registry
        registry.namespace("acme")
        self.token = registry.token("acme", "publish")
        self.client = TestClient(registry.app, raise_server_exceptions=False)

    def send(self, body: Any, path: str = PATH, token: str | None = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=body, headers={"Authorization": f"Bearer {token or self.token}", **named})

    def look(self, location: str, token: str | None = None) -> Any:
        return self.client.get(location, headers={"Authorization": f"Bearer {token or self.token}"})

    def staged(self) -> list[Path]:
        root = self.registry.storage.root
        return [path for part in ("incoming", ".unfinished") for path in (root / part).rglob("*") if path.is_file()]

    def rows(self) -> int:
        with self.registry.database.read() as session:
            return session.scalar(select(func.count()).select_from(models.Upload)) or 0

    def finish(self, upload_id: str) -> None:
        """What the job does, with a gate that lets everything pass."""
        finish(self.registry, upload_id)


def finish(registry: Any, upload_id: str) -> None:
    """What the job does, with a gate that lets everything pass."""
    storage, database = registry.storage, registry.database
    _, prepared = staging.canonical(storage, uploads.staging_key(upload_id))
    publishing.store(storage, prepared)
    with database.unit_of_work() as session:
        upload = uploads.resume(session, upload_id)
        digests = {"sha256": prepared.sha256, "h1": prepared.h1, "size": prepared.size}
        uploads.note_unpacked(session, upload_id, **digests, left_out=0)
        uploads.note_judged(session, upload_id, REPORT)
        uploads.note_stored(session, upload_id)
        namespace = uploads.require_publisher(session, upload)
        version = PublishVersion(
            address=upload.address, version=upload.version, account_id=namespace.account_id,
            contents=EMPTY, report=REPORT, **digests,
        )  # fmt: skip
        uploads.note_published(session, upload_id, publishing.publish(session, version))
    storage.discard(uploads.staging_key(upload_id))
