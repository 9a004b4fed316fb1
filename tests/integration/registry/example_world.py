"""The registry whose real answers are the examples of the API's description, and every question that is put to it.

`python -m tests.integration.registry.example_world` writes registry/api/examples.json anew; then `terrasmith openapi`.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from accounts import namespaces
from accounts.http import route
from accounts.permissions import Permission
from core.db import Database
from core.migrate import upgrade
from core.settings import Settings
from gate.report import CheckResult, Finding, Report
from registry.api.own import uploads
from registry.api.own.table import document
from registry.api.own.uploads import Patience
from registry.services import download_counts, lifecycle, publishing
from registry.services.provenance import Asked, Origin, Person
from registry.storage.local import LocalStorage
from tests.integration.registry.conftest import Registry
from tests.integration.registry.uploading import archive, finish
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.contents import Contents
from tfmodule.needs import needs_of
from tfmodule.sources import own_hosts
from tfmodule.version import Version
from web.app import create_app

FILE = Path(__file__).parents[3] / "registry/api/examples.json"
HOST = "registry.example.com"
SETTINGS: dict[str, Any] = {
    "base_url": f"https://{HOST}", "secret_key": "0123456789abcdef" * 4, "webhook_secrets": "w" * 32,
}  # fmt: skip
THERE = {"namespace": "acme", "name": "bucket", "system": "aws", "version": "1.4.0"}
CHECKS = (
    CheckResult("files", "Only files that belong to a module", "passed", 0.01),
    CheckResult("syntax", "Every file can be read", "passed", 0.01),
    CheckResult("validate", "terraform validate", "passed", 1.84),
)
UNPINNED = Finding(
    "module.provider-version", "warning", "The provider `aws` has no upper bound.", "main.tf", 5, 5,
    'Write `version = "~> 5.0"`.',
)  # fmt: skip
REPORT = Report("safety", "terraform 1.11.4", "provider", "L2", "passed", CHECKS, (UNPINNED,))
PEOPLE = Person(1001, "ada"), Person(1002, "grace")
ORIGIN = Origin(
    tree="4b825dc642cb6eb9a060e54bf8d69288fbee4904", asked_by=PEOPLE[0], released_by=PEOPLE[1], pull_number=12,
    request=Asked(request_id="req_01m9examp1e", prompt_sha256="5e" * 32, writer="template:bucket"),
    report_digest=REPORT.digest, tools={"terrasmith": "0.1.0", "python": "3.11", "zlib": "1.3"},
)  # fmt: skip
MAIN = """terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source = "hashicorp/aws", version = ">= 5.0"
    }
  }
}

resource "aws_s3_bucket" "this" {
  bucket        = var.name
  force_destroy = var.force_destroy
}

module "logs" {
  source = "./modules/logs"
  name   = "${var.name}-logs"
}
"""
NAME = """variable "name" {
  type        = string
  description = "The name of the bucket."
  validation {
    condition     = length(var.name) < 64
    error_message = "At most 63 characters."
  }
}
"""
DESTROY = """
variable "force_destroy" {
  type        = bool
  default     = false
  description = "Whether objects go with the bucket."
}
"""
BEFORE = {
    "main.tf": MAIN.replace("  force_destroy = var.force_destroy\n", ""),
    "variables.tf": NAME,
    "outputs.tf": 'output "arn" {\n  value       = aws_s3_bucket.this.arn\n  description = "Its ARN."\n}\n',
    "README.md": "# Bucket\n\nA private bucket with its own logs.\n",
    "modules/logs/main.tf": 'variable "name" {\n  type = string\n}\n\nresource "aws_s3_bucket" "this" {\n'
    "  bucket = var.name\n}\n",
    "examples/basic/main.tf": 'module "bucket" {\n  source = "../.."\n  name   = "acme-photos"\n}\n',
}
AFTER = BEFORE | {"main.tf": MAIN, "variables.tf": NAME + DESTROY}
SHOP = {
    "main.tf": f'module "photos" {{\n  source  = "{HOST}/acme/bucket/aws"\n  version = "~> 1.3"\n'
    '  name    = "photos"\n}\n',
    "README.md": "# Shop\n\nEverything a shop needs.\n",
}
QUERIES = {
    "versions_readme": "?path=", "versions_example": "?path=examples/basic", "versions_changed": "?since=1.3.2",
    "dependencies_working": "?terraform=1.5&provider=hashicorp/aws%3D5", "search_find": "?q=bukcet",
    "listing_search": "?q=bucket", "evidence_of_version": "?framework=soc2&state=evidence-for",
    "evidence_of_namespace": "?framework=soc2&state=evidence-for",
}  # fmt: skip
OTHERS = {
    "uploads_send": {"name": "queue", "version": "1.0.0"},
    "dependencies_needed": {"name": "shop", "version": "3.1.0"},
}
WORDS = {"reason": "leaks its logs", "replacement": "acme/bucket/aws/1.4.0"}
# What is answered with less than a 4xx but has nothing to show.
NO_BODY = {"listing_latest_download"}


def make(folder: Path) -> Registry:
    """The registry and what is published there."""
    url = f"sqlite:///{folder / 'examples.db'}"
    upgrade(url)
    database, storage = Database(url), LocalStorage(folder / "storage")
    return fill(Registry(database, storage, create_app(Settings(**SETTINGS), database, storage)))


def fill(registry: Registry) -> Registry:
    """Publish all of it."""
    registry.namespace("acme")
    registry.namespace("hush", "private")
    with registry.database.unit_of_work() as session:
        namespaces.set_verified(session, "acme", on=True)
    _publish(registry, "acme/bucket/aws", "1.2.0", BEFORE | {"x.tf": "# old\n"})
    _publish(registry, "acme/bucket/aws", "1.3.2", BEFORE)
    latest = _publish(registry, "acme/bucket/aws", "1.4.0", AFTER)
    _publish(registry, "acme/shop/aws", "3.1.0", SHOP)
    _publish(registry, "hush/bucket/aws", "1.0.0", AFTER)
    with registry.database.unit_of_work() as session:
        lifecycle.remove(session, Address("acme", "bucket", "aws"), Version(1, 2, 0), "it leaks keys", "operator")
        today = datetime.now(UTC).date()
        counts = {(latest, "terraform", "1.11.4"): 17, (latest, "opentofu", "1.10.6"): 5}
        download_counts.add(session, today, counts)
    registry.index()
    return registry


def _publish(registry: Registry, address: str, version: str, files: dict[str, str]) -> str:
    data = {path: text.encode() for path, text in files.items()}
    prepared = publishing.prepare([Entry(path, content) for path, content in data.items()])
    publishing.store(registry.storage, prepared)
    return registry.publish(
        address, version, sha256=prepared.sha256, h1=prepared.h1, size=prepared.size, origin=ORIGIN,
        contents=Contents.from_files(data), needs=needs_of(data, own_hosts(HOST)), report=REPORT.to_dict(),
        repository_id=sum(address.encode()), commit_sha="9b1c" * 10,
        source_url=f"https://github.com/acme/{Address.parse(address).repository_name}",
    ).id  # fmt: skip


class Asking:
    """Puts questions to it, as somebody who publishes in `acme`."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.token = registry.token("acme", "publish")
        self.client = TestClient(registry.app, raise_server_exceptions=False)

    def ask(self, method: str, path: str, client: TestClient | None = None, **said: Any) -> Any:
        headers = {"Authorization": f"Bearer {said.pop('token', self.token)}"} | said.pop("headers", {})
        return (client or self.client).request(method, path, headers=headers, follow_redirects=False, **said)

    def answers(self) -> dict[str, dict[str, Any]]:
        """What every operation of the description answers, by its id and status."""
        operations = {
            one["operationId"]: (method, path)
            for path, methods in document()["paths"].items()
            for method, one in methods.items()
        }
        first, then = ["lifecycle_deprecate_version"], ["lifecycle_revoke_version", "lifecycle_restore_version"]
        upload, rest = ["uploads_send"], sorted(set(operations) - {*first, *then, "uploads_send", "uploads_look"})
        found: dict[str, dict[str, Any]] = {}
        for one in (*first, *rest, *then, *upload):
            if one not in NO_BODY:
                answer = self._answer(one, *operations[one])
                found[one] = {str(answer.status_code): answer.json()}
        location = f"/v1/uploads/{found['uploads_send']['202']['id']}"
        finish(self.registry, location.rpartition("/")[2])
        found["uploads_look"] = {"200": self.ask("GET", location).json()}
        again = self._answer("uploads_send", *operations["uploads_send"])
        found["uploads_send"][str(again.status_code)] = again.json()
        return dict(sorted(found.items()))

    def _answer(self, operation: str, method: str, path: str) -> Any:
        there = THERE | OTHERS.get(operation, {})
        said: dict[str, Any] = {}
        if operation.startswith("lifecycle"):
            there = there | {"version": "1.3.2"}
            said["json"] = {"reason": "mended"} if "restore" in operation else WORDS
            if operation == "lifecycle_deprecate_module":
                there, said["json"] = there | {"name": "shop"}, {"reason": "closed"}
        if operation == "uploads_send":
            said["content"] = archive()
        answer = self.ask(method, path.format(**there) + QUERIES.get(operation, ""), **said)
        assert answer.status_code < 300, (operation, answer.status_code, answer.text)
        return answer

    def errors(self) -> dict[str, dict[str, Any]]:
        """What every error of the description may say, by status and what is wrong."""
        found: dict[str, dict[str, Any]] = {}
        with capture_logs():  # a bug's traceback is drawn at length
            refused = list(self._refusals())
        for name, status, answer in refused:
            assert answer.status_code == status, (name, answer.status_code, answer.text)
            found.setdefault(str(status), {})[name] = answer.json()
        return dict(sorted(found.items()))

    def _refusals(self) -> Iterator[tuple[str, int, Any]]:
        ask, one, old = self.ask, "/api/v1/modules/acme/bucket/aws", "/v1/modules/acme/bucket/aws"
        send, reading = "/v1/modules/acme/queue/aws/2.0.0/upload", self.registry.token("acme")
        yield "key", 400, ask("POST", send, content=archive(), headers={"Idempotency-Key": "two words"})
        yield "digest", 400, ask("POST", send, content=archive(), headers={"Content-Digest": f"sha-256=:{'A' * 43}=:"})
        yield "token", 401, self.client.get("/api/v1/modules/hush/bucket/aws")
        yield "reading", 403, ask("POST", send, content=archive(), token=reading)
        yield "elsewhere", 403, ask("POST", send.replace("acme", "hush"), content=archive())
        yield "module", 404, ask("GET", "/api/v1/modules/acme/buckets/aws")
        yield "version", 404, ask("GET", f"{one}/versions/9.9.9")
        yield "namespace", 404, ask("GET", "/v1/modules/nobody")
        yield "submodule", 404, ask("GET", f"{one}/versions/1.4.0/readme?path=modules/log")
        yield "example", 404, ask("GET", f"{one}/versions/1.4.0/example?path=examples/full")
        yield "upload", 404, ask("GET", "/v1/uploads/upl_none")
        yield "method", 405, ask("DELETE", one)
        yield "taken", 409, ask("POST", send.replace("2.0.0", "1.0.0"), content=archive("other"))
        yield "repository", 409, ask("POST", f"{old}/1.5.0/upload", content=archive())
        yield "standing", 409, ask("POST", f"{old}/1.2.0/deprecate", json=WORDS)
        yield "removed", 410, ask("GET", f"{one}/versions/1.2.0")
        yield "body", 413, ask("POST", f"{old}/1.4.0/revoke", content=b" " * (65 << 10))
        yield "archive", 413, ask("POST", send, content=archive(), headers={"Content-Length": str(101 << 20)})
        yield "address", 414, ask("GET", f"/api/v1/search?q={'x' * 9_000}")
        yield "zip", 415, ask("POST", send, content=b"PK\x03\x04")
        yield "limit", 422, ask("GET", "/api/v1/modules?limit=1000")
        yield "version", 422, ask("POST", send.replace("2.0.0", "v2"), content=archive())
        yield "reason", 422, ask("POST", f"{old}/1.4.0/revoke", json={"reason": ""})
        strained = self._strained()
        yield "silence", 408, ask("POST", send.replace("modules", "slow"), strained, content=archive())
        yield "crowded", 503, ask("POST", send.replace("modules", "crowded"), strained, content=archive())
        yield "bug", 500, strained.get("/v1/bug")
        strained.get(one)
        yield "reads", 429, strained.get(one)

    def _strained(self) -> TestClient:
        """The same registry with few requests to give, no patience, and a bug."""

        def bug(_request: Any) -> Any:
            raise RuntimeError("nobody is told")

        upload = "{namespace}/{name}/{system}/{version}/upload"
        slow, _ = uploads.routes(Patience(whole=0), f"/v1/slow/{upload}")
        crowded, _ = uploads.routes(Patience(at_once=0, waiting=0), f"/v1/crowded/{upload}")
        routes = [route("/v1/bug", bug, permission=Permission.PUBLIC), slow, crowded]
        values = Settings(**SETTINGS, rate_limit_reads="2/minute")
        app = create_app(values, self.registry.database, self.registry.storage, routes)

        async def slowly(scope: Any, receive: Any, send: Any) -> None:
            async def late() -> Any:
                await anyio.sleep(0.05)
                return await receive()

            await app(scope, late, send)

        return TestClient(slowly, raise_server_exceptions=False)


_VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"), "MOMENT"),
    (re.compile(r"\bh1:[A-Za-z0-9+/]{43}="), "H1"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "SHA256"),
    (re.compile(r"\bupl_[0-9a-z]{10,}"), "UPLOAD"),
    (re.compile(r"try again in \d+ seconds"), "try again in N seconds"),
)  # fmt: skip


def steady(value: Any) -> Any:
    """The same without what differs from run to run: moments, digests of packed bytes and their sizes, numbers."""
    if isinstance(value, dict):
        return {name: 0 if name == "size" and isinstance(one, int) else steady(one) for name, one in value.items()}
    if isinstance(value, list):
        return [steady(one) for one in value]
    if isinstance(value, str):
        for pattern, word in _VOLATILE:
            value = pattern.sub(word, value)
    return value


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asking = Asking(make(Path(made)))
        kept = {"answers": asking.answers(), "errors": asking.errors()}
        FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        asking.registry.database.dispose()
