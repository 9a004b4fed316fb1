"""Webhooks that come too often, too late, or from somebody else."""

import hashlib
import hmac
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.living_system import System, Talk, until

LABELS = "/generate a label module for names and tags"


def lose_the_next(system: System, event: str) -> None:
    system.web.post("/_simulator/faults", json={"kind": "lost-delivery", "event": event}).raise_for_status()


def lost(system: System, talk: Talk) -> dict[str, Any]:
    """The delivery of the talk's comment as GitHub keeps it: it never reached us."""

    def look() -> dict[str, Any] | None:
        for item in system.failed_deliveries():
            if item["event"] == "issue_comment":
                whole: dict[str, Any] = system.as_app("GET", f"/app/hook/deliveries/{item['id']}")
                if whole["request"]["payload"]["comment"]["id"] == talk.comment_id:
                    return whole
        return None

    found: dict[str, Any] = until(look, "the failed delivery")
    return found


def post(system: System, delivery: dict[str, Any], payload: dict[str, Any]) -> httpx.Response:
    """Send it as GitHub would, with a signature that fits."""
    body = json.dumps(payload).encode()
    secret = system.local()["webhook_secret"].encode()
    signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    headers = {**delivery["request"]["headers"], "X-Hub-Signature-256": signature}
    url = f"{system.addresses.registry_url}/github/webhook"
    return httpx.post(url, content=body, headers=headers, timeout=60)


@pytest.mark.checklist("G3", "S5", "F-08")
def test_the_same_webhook_fifty_times_in_parallel_has_one_effect(system: System):
    lose_the_next(system, "issue_comment")
    talk = system.say(f"{LABELS} --repo terraform-terraform-fifty")
    delivery = lost(system, talk)
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: post(system, delivery, delivery["request"]["payload"]), range(50)))
    said = Counter((answer.status_code, answer.json()["status"]) for answer in answers)
    assert said[(202, "accepted")] <= 1  # GitHub's own redelivery may have been the one
    assert said[(202, "accepted")] + said[(200, "already")] == 50, said
    talk.answer("The pull request is open")
    system.rest()
    repository = "acme/terraform-terraform-fifty"
    assert len(talk.requests()) == 1
    assert len(talk.answers()) == 1
    made = Counter(one["kind"] for one in system.ledger() if one["subject"].startswith(repository))
    assert (made["repository.created"], made["pull_request.opened"], made["check_run.created"]) == (1, 1, 1)
    assert len(system.ledger("comment.created", f"acme/platform#{talk.number}")) == 2, "the command and the answer"


@pytest.mark.checklist("G2", "F-09")
def test_a_lost_webhook_is_asked_for_again(system: System):
    lose_the_next(system, "issue_comment")
    talk = system.say("/help")
    delivery = lost(system, talk)
    talk.answer("/generate")
    assert [one for one in system.ledger("delivery.redelivered") if one["subject"] == delivery["guid"]]


@pytest.mark.checklist("S9", "S5")
def test_signed_deliveries_of_bots_command_nothing(system: System):
    """Another app's bot, a user named like one, and a person whose comment an app wrote for them."""
    lose_the_next(system, "issue_comment")
    talk = system.say("/help")
    delivery = lost(system, talk)
    talk.answer("/generate")  # the redelivery came
    whole = json.dumps(delivery["request"]["payload"])
    for number, change in enumerate(({"type": "Bot"}, {"login": "helper[bot]"}, None)):
        payload = json.loads(whole)
        payload["comment"] |= {"id": 9_000_000 + number, "body": f"{LABELS} --repo terraform-terraform-bot{number}"}
        if change is None:
            payload["comment"]["performed_via_github_app"] = {"id": 99, "slug": "other"}
        else:
            payload["sender"] |= change
            payload["comment"]["user"] |= change
        delivery["request"]["headers"]["X-GitHub-Delivery"] = f"00000000-0000-0000-0000-00000000000{number}"
        answer = post(system, delivery, payload)
        assert (answer.status_code, answer.json()["status"]) == (202, "ignored")
    system.rest()
    assert len(talk.requests()) == 1


@pytest.mark.checklist("S2", "T-01")
def test_a_wrong_signature_is_turned_away(system: System):
    lose_the_next(system, "issue_comment")
    talk = system.open("Talk about signatures", "See below.")
    talk.comment("Nothing of interest.")
    delivery = lost(system, talk)
    url = f"{system.addresses.registry_url}/github/webhook"
    body = json.dumps(delivery["request"]["payload"]).encode()
    for signature in ("", "sha256=" + "0" * 64, "sha1=" + "0" * 40):
        headers = {**delivery["request"]["headers"], "X-Hub-Signature-256": signature}
        assert httpx.post(url, content=body, headers=headers, timeout=60).status_code == 401
