"""Webhook bodies as GitHub would send them, signed, and an intake on a real database."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable

import pytest
from sqlalchemy import select

from bot.intake import Intake
from bot.models import Delivery, Request
from core.models import OutboxRow

SECRET = "a webhook secret of 32 characters"


def signed_headers(body: bytes, event: str, guid: str | None = None, secret: str = SECRET) -> list[tuple[bytes, bytes]]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return [
        (b"content-type", b"application/json"),
        (b"x-github-event", event.encode()),
        (b"x-github-delivery", (guid or secrets.token_hex(16)).encode()),
        (b"x-hub-signature-256", f"sha256={digest}".encode()),
    ]


class GitHubSays:
    """Builds the bodies; every one is a little different, as GitHub's are."""

    ada = {"id": 5, "login": "ada", "type": "User"}
    bot = {"id": 6, "login": "renovate[bot]", "type": "Bot"}

    def __init__(self) -> None:
        self._number = 100

    def _next(self) -> int:
        self._number += 1
        return self._number

    def body(self, repository: str = "acme/platform", sender: dict | None = None, **rest) -> dict:
        about = {"id": 2, "full_name": repository, "default_branch": "main", "name": repository.split("/")[1]}
        return {"installation": {"id": 1}, "repository": about, "sender": sender or self.ada, **rest}

    def comment(
        self, text: str, *, action: str = "created", user: dict | None = None, via=None, pull=False, **rest
    ) -> dict:
        user = user or self.ada
        issue = {"number": 3, "user": self.ada, "body": "x", **({"pull_request": {"url": "x"}} if pull else {})}
        comment = {"id": self._next(), "body": text, "user": user, "performed_via_github_app": via}
        return self.body(action=action, issue=issue, comment=comment, **{"sender": user, **rest})

    def issue(self, text: str, *, action: str = "opened", user: dict | None = None) -> dict:
        user = user or self.ada
        return self.body(action=action, issue={"number": self._next(), "user": user, "body": text}, sender=user)

    def pull(self, action: str, repository: str = "acme/terraform-aws-x", branch: str = "main", **pull) -> dict:
        number = self._next()
        values = {
            "number": number,
            "head": {"ref": "topic", "sha": "a" * 40},
            "base": {"ref": branch},
            "merged": False,
            "merge_commit_sha": None,
        }
        return self.body(repository, action=action, number=number, pull_request=values | pull)


@pytest.fixture(scope="session")
def webhook_secret() -> str:
    return SECRET


@pytest.fixture(scope="session")
def sign() -> Callable:
    return signed_headers


@pytest.fixture
def says() -> GitHubSays:
    return GitHubSays()


@pytest.fixture
def intake(database) -> Intake:
    return Intake(database, [SECRET], app_id=42)


@pytest.fixture
def send(intake) -> Callable:
    def send(event: str, values: dict, guid: str | None = None, **kwargs):
        body = json.dumps(values).encode()
        answer = intake.hear(signed_headers(body, event, guid, **kwargs), body)
        return answer.status, answer.said

    return send


@pytest.fixture
def rows(database) -> Callable:
    """What is in the database: the events recorded, the requests, the deliveries."""

    def rows():
        with database.read() as session:
            events = [(row.event, row.payload) for row in session.scalars(select(OutboxRow).order_by(OutboxRow.id))]
            requests = list(session.scalars(select(Request).order_by(Request.created_at)))
            deliveries = list(session.scalars(select(Delivery).order_by(Delivery.id)))
        return events, requests, deliveries

    return rows
