"""Recipe B: GitHub's own example payloads, correctly signed, and broken in many ways: never a server error."""

import copy
import json
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from bot.handlers import HANDLERS
from bot.intake import Intake
from core.db import Database

_PACKAGE = "@octokit/webhooks-examples@7.6.1"
_CACHE = Path(__file__).resolve().parents[3] / ".cache" / "octokit-webhooks-examples-7.6.1.tgz"


@pytest.fixture(scope="session")
def examples():
    """Event → example bodies."""
    if not _CACHE.exists():
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed: GitHub's example payloads cannot be fetched")
        _CACHE.parent.mkdir(exist_ok=True)
        fetched = subprocess.run(
            ["npm", "pack", "--silent", _PACKAGE],
            cwd=_CACHE.parent,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if fetched.returncode:
            pytest.skip(f"npm could not fetch {_PACKAGE}")
    with tarfile.open(_CACHE) as archive:
        listed = json.load(archive.extractfile("package/api.github.com/index.json"))
    return {entry["name"]: entry["examples"] for entry in listed}


@pytest.fixture
def hear(sqlite_url, sign, webhook_secret):
    database = Database(sqlite_url)
    intake = Intake(database, [webhook_secret])

    def hear(event, values):
        body = json.dumps(values).encode()
        return intake.hear(sign(body, event), body)

    yield hear
    database.dispose()


def test_every_example_is_answered_well(examples, hear):
    counted = 0
    for event, bodies in examples.items():
        for body in bodies:
            answer = hear(event, body)
            assert answer.status in {200, 202}, (event, answer)
            assert answer.said != "failed", event
            counted += 1
    assert counted >= 329


def test_every_event_we_follow_has_an_example_that_fits(examples):
    for event, handler in HANDLERS.items():
        fitting = 0
        for body in examples.get(event, []):
            fitting += bool(handler.payload.model_validate(body))
        assert fitting == len(examples.get(event, [])), event


def test_t02_no_example_acts_under_another_events_name(examples, hear):
    for event, bodies in examples.items():
        for other in HANDLERS:
            if other != event:
                for body in bodies:
                    assert hear(other, body).said == "ignored", (event, other, body.get("action"))


def test_broken_examples_are_never_a_server_error(examples, hear):
    chance = random.Random(7)
    for event in HANDLERS:
        for body in examples.get(event, []):
            for _ in range(12):
                answer = hear(event, broken(copy.deepcopy(body), chance))
                assert answer.status in {200, 202}
                assert answer.said != "failed"


def broken(body, chance):
    """The body with one to three fields missing, empty, of another type, or with an action of tomorrow."""
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(places(body)))
        what = chance.randrange(6)
        if what == 0:
            holder.pop(key) if isinstance(holder, dict) else holder.clear()
        else:
            holder[key] = [None, "x", 2**70, [], {"id": True}, "\x00"][what]
    if chance.random() < 0.2:
        body["action"] = "polished"
    return body


def places(value):
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list) and value[key]:
            yield from places(value[key])
            if isinstance(value, list):
                return
