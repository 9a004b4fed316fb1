"""The back room over one database and one storage: uploads are staged, and judged by a verdict in a test's hand."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from accounts import namespaces, tokens
from core import clock, jobs
from core.db import Database
from core.ids import new_id
from gate.modules import Modules
from gate.report import Report
from registry import models
from registry.services import staging, uploads
from registry.services.uploads import Incoming
from tfmodule.address import Address
from tfmodule.version import Version
from workers import execution
from workers.relay import expand

PASSED = Report("safety", "terraform 1.11.4", "builtin", "L1", "passed", (), ())


class Back:
    """The back room over one database and one storage, with the gate's verdict in a test's hand."""

    def __init__(self, database: Database, storage: Any) -> None:
        self.database, self.storage = database, storage
        self.verdicts: list[Report | Exception] = []
        self.judged: list[tuple[str, dict[str, bytes]]] = []
        with database.unit_of_work() as session:
            namespaces.bind(session, 11, "acme", "Organization", "public")
            self.token, _ = tokens.create(session, "ci", "acme", "publish", timedelta(days=1))
        self.environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0, registry_host="registry.example.com"),
            database=database,
            storage=storage,
            redact=lambda text: text,
            judge=self._judge,
        )

    def _judge(self, profile: str, modules: Modules) -> Callable[[Any], Report]:
        def judge(files: dict[str, bytes]) -> Report:
            self.judged.append((profile, dict(files)))
            verdict = self.verdicts.pop(0) if self.verdicts else PASSED
            if isinstance(verdict, Exception):
                raise verdict
            return verdict

        return judge

    def send(self, data: bytes, version: str = "1.0.0", name: str = "bucket") -> str:
        upload_id = new_id("upl")
        body = staging.stage(self.storage, uploads.staging_key(upload_id), iter([data]), None)
        with self.database.unit_of_work() as session:
            principal = tokens.holder(session, self.token.id)
            assert principal is not None
            incoming = Incoming(
                id=upload_id, address=Address("acme", name, "aws"), version=Version.parse(version),
                idempotency_key=None, body_sha256=body.sha256, body_size=body.size,
            )  # fmt: skip
            return uploads.receive(session, principal, incoming).upload.id

    def run(self, upload_id: str) -> str:
        """One attempt, as a worker makes it, of the job that the relay made."""
        expand(self.database)
        with self.database.read() as session:
            view = jobs.views(session, subject=f"upload:{upload_id}")[0]
        if view.state in (jobs.DEAD, jobs.WAITING):
            with self.database.unit_of_work() as session:
                jobs.revive(session, view.id)
        return execution.run(self.environment, view.id)

    def row(self, upload_id: str) -> models.Upload:
        with self.database.read() as session:
            return session.get_one(models.Upload, upload_id)

    def versions(self) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(models.Version)) or 0

    def staged(self) -> list[str]:
        return list(self.storage.staged(clock.now() + timedelta(minutes=1)))

    def archives(self) -> list[Path]:
        return [path for path in (self.storage.root / "archives").rglob("*") if path.is_file()]
