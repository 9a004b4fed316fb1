"""Modules to search for, published into any database and indexed as the job does it."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from accounts import namespaces, tokens
from accounts.tokens import Principal
from core.db import Database
from registry import models
from registry.services import indexing, publishing
from registry.services.publishing import Published, PublishVersion
from registry.services.search import Found, Question, search
from tfmodule.address import Address
from tfmodule.contents import Contents
from tfmodule.version import Version

PROVIDER = 'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n'


@dataclass
class Shelf:
    """A database with modules on it, and short ways to fill and to ask it."""

    database: Database
    accounts: dict[str, int] = field(default_factory=dict)

    def namespace(self, name: str, visibility: namespaces.Visibility = "public") -> namespaces.Namespace:
        account_id = self.accounts.setdefault(name, 100 + len(self.accounts))
        with self.database.unit_of_work() as session:
            return namespaces.bind(session, account_id, name, "Organization", visibility)

    def reader(self, namespace: str) -> Principal:
        with self.database.unit_of_work() as session:
            secret = tokens.create(session, "test", namespace, "read", timedelta(days=1))[1]
            found = tokens.authenticate(session, secret)
        assert found is not None
        return found

    def put(self, address: str, files: dict[str, str], version: str = "1.0.0", **changes: Any) -> Published:
        """Publish a module of these files, not yet indexed."""
        parsed = Address.parse(address)
        contents = Contents.from_files({path: text.encode() for path, text in files.items()})
        digest = hashlib.sha256(f"{address} {version} {sorted(files.items())}".encode()).hexdigest()
        values: dict[str, Any] = {
            "address": parsed,
            "version": Version.parse(version),
            "account_id": self.accounts[parsed.namespace],
            "sha256": digest,
            "h1": f"h1:{digest[:40]}",
            "size": 1,
            "contents": contents,
            "report": {"verdict": "passed", "tier": "builtin", "profile": "safety"},
        }
        with self.database.unit_of_work() as session:
            return publishing.publish(session, PublishVersion(**(values | changes)))

    def index(self) -> None:
        done = 1
        while done:
            with self.database.unit_of_work() as session:
                done = indexing.catch_up(session)

    def find(self, text: str = "", principal: Principal | None = None, **filters: Any) -> Found:
        with self.database.read() as session:
            return search(session, Question(text=text, **filters), principal)

    def names(self, text: str = "", principal: Principal | None = None, **filters: Any) -> list[str]:
        """The addresses found, in their order."""
        return self.addresses(self.find(text, principal, **filters))

    def addresses(self, found: Found) -> list[str]:
        with self.database.read() as session:
            rows = [session.get_one(models.Module, one) for one in found.module_ids]
            homes = {one.id: one.name for one in namespaces.list_all(session)}
        return [f"{homes[row.namespace_id]}/{row.name}/{row.system}" for row in rows]


@pytest.fixture
def shelf(database: Database) -> Shelf:
    """Empty but for the public namespace `acme`."""
    made = Shelf(database)
    made.namespace("acme")
    return made


@pytest.fixture
def filled(shelf: Shelf) -> Shelf:
    """Five public modules and a private one, as people would write them."""
    shelf.namespace("hush", "private")
    shelf.put("acme/queue/aws", {
        "main.tf": PROVIDER + 'resource "aws_sqs_queue" "this" {}\n',
        "variables.tf": 'variable "visibility_timeout_seconds" {\n  description = "How long a message hides"\n}\n',
        "README.md": "# queue\n\nQueues with a dead-letter queue beside them.\n\nRead about poison pills here.\n",
    })  # fmt: skip
    shelf.put("acme/worker/aws", {
        "main.tf": PROVIDER + 'resource "aws_ecs_service" "this" {}\n',
        "modules/inbox/main.tf": 'resource "aws_sqs_queue" "inbox" {}\n',
        "README.md": "# worker\n\nA service that takes its work from an inbox.\n",
    })  # fmt: skip
    shelf.put("acme/policy/aws", {
        "main.tf": PROVIDER + 'resource "aws_sqs_queue_policy" "this" {}\n',
        "README.md": "# policy\n\nWho may send to a topic.\n",
    })  # fmt: skip
    shelf.put("acme/s3-bucket/aws", {
        "main.tf": PROVIDER + 'resource "aws_s3_bucket" "this" {}\noutput "bucket_arn" {\n  value = 1\n}\n',
        "README.md": "# bucket\n\nStores objects, encrypted, with replication to another region.\n",
    })  # fmt: skip
    shelf.put("acme/network/google", {
        "main.tf": 'resource "google_compute_network" "this" {}\n',
        "README.md": "# network\n\nA network; it needs no queue at all.\n",
        "examples/all/main.tf": 'resource "aws_sqs_queue" "only_in_the_example" {}\n',
    })  # fmt: skip
    shelf.put("hush/zeppelin/aws", {
        "main.tf": 'resource "aws_sqs_queue" "this" {}\nresource "zeppelin_hangar" "this" {}\n',
        "README.md": "# zeppelin\n\nA secret queue for airships.\n",
    })  # fmt: skip
    shelf.index()
    return shelf
