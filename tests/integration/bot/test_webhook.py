"""The route over HTTP: sizes, statuses, and that nothing slow is imported."""

import json
import subprocess
import sys
from types import SimpleNamespace

import anyio
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from accounts.http import require_declared
from bot import webhook
from bot.intake import MAX_BODY


@pytest.fixture
def client(database, webhook_secret):
    settings = SimpleNamespace(
        webhook_secrets=(SecretStr("another secret of 32 characters ..."), SecretStr(webhook_secret)), github_app_id=42
    )
    routes = webhook.routes(settings, database)
    require_declared(routes)
    with TestClient(Starlette(routes=routes)) as client:
        yield client


@pytest.fixture
def post(client, sign):
    def post(values, event="issue_comment"):
        body = json.dumps(values).encode()
        headers = {key.decode(): value.decode() for key, value in sign(body, event)}
        return client.post("/github/webhook", content=body, headers=headers)

    return post


def test_a_signed_comment_is_accepted(post, says, rows):
    answer = post(says.comment("/generate x"))
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert len(rows()[1]) == 1


def test_t01_an_unsigned_one_leaves_nothing(client, says, rows):
    answer = client.post(
        "/github/webhook", json=says.comment("/generate x"), headers={"x-github-event": "issue_comment"}
    )
    assert answer.status_code == 401
    assert rows() == ([], [], [])


def test_s4_a_declared_length_beyond_the_limit_is_refused_unread(client):
    def never():
        raise AssertionError("the body was read")
        yield b""

    headers = {"content-length": str(MAX_BODY + 1)}
    assert client.post("/github/webhook", content=never(), headers=headers).status_code == 413


def test_s4_a_body_that_lies_about_its_length_is_refused_while_it_is_read():
    taken = 0

    async def receive():
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * (1 << 20), "more_body": True}

    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(b"transfer-encoding", b"chunked")],
        "path": "/",
        "query_string": b"",
    }
    visit = webhook._Places(1).visit()
    with visit as place:
        answer = anyio.run(webhook._read, Request(scope, receive), place, webhook.Bounds())
    assert answer.status == 413
    assert taken == 26


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post_is_a_webhook(client, method):
    assert getattr(client, method)("/github/webhook").status_code == 405


def test_a_database_that_does_not_answer_asks_github_to_come_again(client, post, says, database):
    database.dispose()
    database._sessions.configure(bind=type(database)("sqlite:////nonexistent/folder/x.db").engine)
    assert post(says.comment("/generate x")).status_code == 503


def test_intake_imports_nothing_slow():
    loaded = "import sys, bot.webhook; print({*sys.argv[1:]} & {*sys.modules})"
    slow = ["githubkit", "anthropic", "redis", "rq", "boto3"]
    result = subprocess.run([sys.executable, "-c", loaded, *slow], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
