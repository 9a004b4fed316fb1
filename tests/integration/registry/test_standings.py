"""Versions and modules in every state, on both databases: who may move them, what clients then meet, what is kept."""

import itertools
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from accounts import tokens
from core.errors import UserError
from registry import models
from registry.services import advice, catalog, lifecycle
from registry.services.lifecycle import (
    LEADS_TO,
    OPERATOR,
    Author,
    ForeignNamespaceError,
    HeldError,
    OperatorsChoiceError,
    ReasonError,
    StandingError,
    VersionStanding,
    Words,
)
from registry.services.refusals import VersionQuarantinedError
from registry.services.standing import ReplacementError
from registry.version_states import LISTED, SERVED, VERSION_TRANSITIONS
from tests.audited import audited
from tfmodule.address import Address
from tfmodule.version import Version

ADDRESS = Address("acme", "bucket", "aws")
PATH = "/v1/modules/acme/bucket/aws"


def _change(registry, action: str, version: str = "1.0.0", by: Author = OPERATOR, **words: str) -> VersionStanding:
    said = Words(**({"reason": "it is old"} | words))
    with registry.database.unit_of_work() as session:
        return lifecycle.change(session, action, ADDRESS, Version.parse(version), said, by)


def _publisher(registry, namespace: str = "acme") -> Author:
    secret = registry.token(namespace, "publish")
    with registry.database.read() as session:
        principal = tokens.authenticate(session, secret)
    assert principal is not None
    return Author(principal.actor, principal)


def _audit(registry, subject: str) -> list[str]:
    with registry.database.read() as session:
        return [one.action for one in audited(session, subject)]


WAYS = {"deprecated": "deprecate", "revoked": "revoke", "quarantined": "quarantine", "tombstone": "remove"}


def test_every_way_from_every_state_is_one_of_the_table(registry) -> None:
    registry.namespace("acme")
    for number, (state, action) in enumerate(itertools.product(VERSION_TRANSITIONS, LEADS_TO)):
        version, to = f"1.0.{number}", LEADS_TO[action]
        registry.publish("acme/bucket/aws", version)
        if state in WAYS:
            assert _change(registry, WAYS[state], version).state == state
        withheld = state == "quarantined" and action in ("deprecate", "revoke")
        if withheld or (state == "tombstone" and to != state):
            with pytest.raises(StandingError):
                _change(registry, action, version, reason="once more")
        else:
            assert _change(registry, action, version, reason="once more").state == to
            assert to == state or to in VERSION_TRANSITIONS[state]


def test_what_clients_meet_in_each_state(registry) -> None:
    registry.namespace("acme")
    client = TestClient(registry.app)
    for version in ("0.9.0", "1.0.0"):
        registry.publish("acme/bucket/aws", version)
    location = client.get(f"{PATH}/1.0.0/download").json()["location"]
    for state in VERSION_TRANSITIONS:
        _change(registry, WAYS.get(state, "restore"))
        listed = [one["version"] for one in client.get(f"{PATH}/versions").json()["modules"][0]["versions"]]
        assert listed == (["1.0.0", "0.9.0"] if state in LISTED else ["0.9.0"])
        asked = 410 if state == "tombstone" else 200 if state in SERVED else 404
        answers = [client.get(f"{PATH}/1.0.0/{what}") for what in ("download", "provenance")]
        assert [one.status_code for one in answers] == [asked] * 2
        assert client.get(location).status_code == (200 if state in SERVED else 404)
        if state not in SERVED:
            assert "it is old" in answers[0].json()["errors"][0]
        else:
            shown = answers[0].headers.get("terrasmith-version-state")
            assert shown == (None if state == "published" else state)
            assert ("deprecation" in answers[0].headers) is (state != "published")
        with registry.database.read() as session:
            module = session.query(models.Module).one()
            newest = session.get_one(models.Version, module.latest_version_id)
        assert newest.version == ("1.0.0" if state in LISTED else "0.9.0")


def test_a_deprecation_is_told_in_bodies_and_headers(registry) -> None:
    registry.namespace("acme")
    for version in ("1.0.0", "2.0.0+b"):
        registry.publish("acme/bucket/aws", version)
    moved = _change(registry, "deprecate", reason="  see\n the new one ", replacement="2.0.0+b")
    assert moved.standing.since is not None
    client = TestClient(registry.app)
    first, second = client.get(f"{PATH}/versions").json()["modules"][0]["versions"]
    assert first == {"version": "2.0.0+b"}
    assert second["deprecation"] == {
        "reason": "see the new one",
        "replacement": "acme/bucket/aws/2.0.0+b",
        "since": moved.standing.since.isoformat(),
        "whole_module": False,
    }
    headers = client.get(f"{PATH}/1.0.0/download").headers
    assert headers["deprecation"] == f"@{int(moved.standing.since.timestamp())}"
    assert headers["link"] == f'<{PATH}/2.0.0+b/download>; rel="successor-version"'
    assert client.get(headers["link"].split(">")[0][1:]).status_code == 200
    assert "deprecation" not in client.get(f"{PATH}/versions").headers
    facts = client.get("/api/v1/modules/acme/bucket/aws/versions/1.0.0").json()["standing"]
    listed = client.get("/api/v1/modules/acme/bucket/aws/versions").json()["versions"]
    assert facts == listed[1]["standing"] == {"state": "deprecated", **second["deprecation"]}
    assert listed[0]["standing"]["state"] == "published"
    page = client.get("/modules/acme/bucket/aws/1.0.0", headers={"Accept": "text/html"}).text
    assert "This version is\ndeprecated.</strong> see the new one" in page
    assert 'href="/modules/acme/bucket/aws/2.0.0%2Bb"' in page


def test_a_whole_module_is_deprecated_with_what_it_will_have(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    registry.publish("acme/store/aws", "1.0.0", repository_id=8)
    _change(registry, "deprecate", reason="its own reason")
    with registry.database.unit_of_work() as session:
        lifecycle.change_module(session, "deprecate", ADDRESS, Words("moved", "acme/store/aws"), OPERATOR)
    registry.publish("acme/bucket/aws", "1.1.0")
    client = TestClient(registry.app)
    answer = client.get(f"{PATH}/versions")
    assert answer.headers["link"] == '</v1/modules/acme/store/aws/versions>; rel="successor-version"'
    reasons = {one["version"]: one["deprecation"]["reason"] for one in answer.json()["modules"][0]["versions"]}
    assert reasons == {"1.1.0": "moved", "1.0.0": "its own reason"}
    assert client.get(f"{PATH}/1.1.0/download").headers["terrasmith-version-state"] == "deprecated"
    for _ in range(2):
        with registry.database.unit_of_work() as session:
            standing = lifecycle.change_module(session, "restore", ADDRESS, Words("still needed"), OPERATOR)
    assert standing.state == "published" and "deprecation" not in client.get(f"{PATH}/versions").headers


def test_the_same_again_is_no_change_and_other_words_are_one(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    subject = f"version:{published.id}"
    assert _change(registry, "restore").state == "published"
    first = _change(registry, "deprecate")
    assert _change(registry, "deprecate", reason=" it  is old ") == first
    assert _audit(registry, subject) == ["version.publish", "version.deprecate"]
    again = _change(registry, "deprecate", reason="it is dangerous")
    assert again.reason == "it is dangerous" and again.standing.since == first.standing.since
    assert _audit(registry, subject) == ["version.publish", "version.deprecate", "version.deprecate"]


def test_a_quarantine_that_ends_leaves_the_version_where_it_stood(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    registry.publish("acme/bucket/aws", "2.0.0")
    revoked = _change(registry, "revoke", replacement="2.0.0")
    for reason in ("suspected", "suspected still"):
        assert _change(registry, "quarantine", reason=reason).reason == reason
    with pytest.raises(VersionQuarantinedError, match="suspected still"):
        registry.publish("acme/bucket/aws", "1.0.0")
    assert _change(registry, "restore").standing == revoked.standing
    assert _change(registry, "restore").state == "published"


def test_a_publisher_moves_its_own_and_never_out_of_quarantine(registry) -> None:
    for name in ("acme", "other"):
        registry.namespace(name)
    published = registry.publish("acme/bucket/aws", "1.0.0")
    mine, foreign = _publisher(registry), _publisher(registry, "other")
    for action in ("deprecate", "revoke", "restore"):
        _change(registry, action, by=mine)
        with pytest.raises(ForeignNamespaceError):
            _change(registry, action, by=foreign)
    for action in ("quarantine", "remove"):
        with pytest.raises(OperatorsChoiceError):
            _change(registry, action, by=mine)
    _change(registry, "quarantine")
    for action in ("deprecate", "revoke", "restore"):
        with pytest.raises(OperatorsChoiceError):
            _change(registry, action, by=mine)
    with registry.database.read() as session:
        entries = audited(session, f"version:{published.id}")
    assert [one.actor for one in entries] == ["system", mine.actor, mine.actor, mine.actor, "operator"]


def test_a_replacement_is_something_that_people_can_choose(registry) -> None:
    registry.namespace("acme")
    registry.namespace("closed", "private")
    registry.publish("acme/bucket/aws", "1.0.0")
    registry.publish("acme/bucket/aws", "1.1.0")
    registry.publish("closed/bucket/aws", "1.0.0", repository_id=8)
    _change(registry, "revoke", "1.1.0")
    mine = _publisher(registry)
    for wrong in ("1.0.0", "1.1.0", "3.0.0", "acme/none/aws", "acme/bucket/aws/1.1.0", "nobody/x/aws", "a/b", "x y",
                  "acme/bucket/aws/one", "acme/bucket/aws", "closed/bucket/aws"):  # fmt: skip
        with pytest.raises(ReplacementError):
            _change(registry, "deprecate", replacement=wrong, by=mine)
    # The operator may know of private modules, and say so; a publisher of another namespace may not.
    assert (
        str(_change(registry, "deprecate", replacement="closed/bucket/aws").standing.replacement) == "closed/bucket/aws"
    )
    with pytest.raises(ReplacementError), registry.database.unit_of_work() as session:
        lifecycle.change_module(session, "deprecate", ADDRESS, Words("x", "1.0.0"), OPERATOR)


def test_a_reason_is_one_line_that_can_be_shown(sqlite_registry) -> None:
    sqlite_registry.namespace("acme")
    sqlite_registry.publish("acme/bucket/aws", "1.0.0")
    for reason in ("", " \n ", "x" * 1001, "a\x1b[31mb", "a\u202eb"):
        with pytest.raises(ReasonError):
            _change(sqlite_registry, "revoke", reason=reason)


def test_what_is_held_is_not_removed(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    version = Version(1, 0, 0)
    for which in (version, None):
        for _ in range(2):
            with registry.database.unit_of_work() as session:
                lifecycle.hold(session, ADDRESS, which, "case 4711", OPERATOR)
        with pytest.raises(HeldError, match="case 4711"):
            _change(registry, "remove")
        with registry.database.unit_of_work() as session:
            lifecycle.hold(session, ADDRESS, which, None, OPERATOR)
    assert _change(registry, "remove").state == "tombstone"
    with pytest.raises(StandingError), registry.database.unit_of_work() as session:
        lifecycle.hold(session, ADDRESS, version, "too late", OPERATOR)
    assert _audit(registry, f"version:{published.id}") == [
        "version.publish", "version.hold", "version.unhold", "version.remove",
    ]  # fmt: skip


def test_operators_at_once_come_one_after_the_other(registry) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    registry.publish("acme/bucket/aws", "2.0.0")
    barrier, failures = threading.Barrier(10), list[Exception]()

    def move(number: int) -> None:
        action = ("deprecate", "revoke", "restore", "quarantine", "remove")[number % 5]
        barrier.wait()
        try:
            _change(registry, action, reason=f"number {number}")
        except UserError:
            pass
        except Exception as error:  # noqa: BLE001  # told below
            failures.append(error)

    threads = [threading.Thread(target=move, args=(number,)) for number in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failures
    with registry.database.read() as session:
        entries = [one for one in audited(session, f"version:{published.id}") if "to" in one.detail]
        module = session.query(models.Module).one()
        assert session.get_one(models.Version, module.latest_version_id).version == "2.0.0"
    # A chain: each began where the last one ended, and nothing came after the removal.
    states = ["published", *(one.detail["to"] for one in entries)]
    assert [one.detail["from"] for one in entries] == states[:-1] and states[-1] == "tombstone"
    assert states.count("tombstone") == 1


def _post(client: TestClient, path: str, token: str | None, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post(PATH + path, json=body, headers=headers)


def test_the_routes_move_versions_for_a_publishing_token(registry) -> None:
    for name in ("acme", "other"):
        registry.namespace(name)
    registry.publish("acme/bucket/aws", "1.0.0+b")
    registry.publish("acme/bucket/aws", "1.1.0")
    client = TestClient(registry.app)
    token, reading, foreign = (
        registry.token("acme", "publish"),
        registry.token("acme"),
        registry.token("other", "publish"),
    )
    words = {"reason": "a fault", "replacement": "1.1.0"}
    for secret, status in ((None, 401), (reading, 403), (foreign, 403)):
        assert _post(client, "/1.0.0+b/deprecate", secret, words).status_code == status
    done = _post(client, "/1.0.0+b/deprecate", token, words)
    assert done.status_code == 200 and done.headers["cache-control"] == "no-store"
    body = done.json()
    assert body.pop("since") is not None
    assert body == {
        "address": "acme/bucket/aws",
        "version": "1.0.0+b",
        "state": "deprecated",
        "reason": "a fault",
        "replacement": "acme/bucket/aws/1.1.0",
        "whole_module": False,
    }
    assert _post(client, "/1.0.0%2Bb/revoke", token, {"reason": "worse"}).json()["state"] == "revoked"
    assert _post(client, "/1.0.0+b/restore", token, {"reason": "fixed"}).json()["state"] == "published"
    assert _post(client, "/deprecate", token, {"reason": "moved"}).json()["whole_module"] is True
    assert _post(client, "/restore", token, {"reason": "back"}).json()["state"] == "published"
    _change(registry, "quarantine", "1.0.0+b")
    assert _post(client, "/1.0.0+b/restore", token, {"reason": "please"}).status_code == 403
    _change(registry, "remove", "1.0.0+b")
    assert _post(client, "/1.0.0+b/restore", token, {"reason": "please"}).status_code == 409
    assert _post(client, "/3.0.0/revoke", token, {"reason": "x"}).status_code == 404
    for missing in ("/1.1.0/quarantine", "/1.1.0/remove"):
        assert _post(client, missing, token, {"reason": "x"}).status_code in (404, 405)


def test_a_body_that_says_nothing_is_refused_with_what_to_send(sqlite_registry) -> None:
    sqlite_registry.namespace("acme")
    sqlite_registry.publish("acme/bucket/aws", "1.0.0")
    headers = {"Authorization": f"Bearer {sqlite_registry.token('acme', 'publish')}"}
    client = TestClient(sqlite_registry.app)
    for body in (b"", b"nonsense", b"[]", b"{}", b'{"reason": 1}', b'{"reason": "x", "replacement": 2}', b"\xff",
                 b'{"reason": "x", "a": 1}', b'{"reason": ""}', b"[" * 9000, b"x" * 20_000):  # fmt: skip
        answer = client.post(f"{PATH}/1.0.0/revoke", content=body, headers=headers)
        assert answer.status_code == 422 and len(answer.json()["errors"]) == 1
    with sqlite_registry.database.read() as session:
        assert catalog.version(session, ADDRESS, "1.0.0", None).standing.state == "published"


def test_a_token_that_revokes_hears_who_recommends_it_as_far_as_it_may(registry) -> None:
    registry.namespace("acme")
    registry.namespace("closed", "private")
    for number, (address, version) in enumerate(
        (
            ("acme/bucket/aws", "1.0.0"),
            ("acme/bucket/aws", "2.0.0"),
            ("acme/old/aws", "1.0.0"),
            ("closed/x/aws", "1.0.0"),
        )
    ):
        registry.publish(address, version, repository_id=7 if number < 2 else 8 + number)
    with registry.database.unit_of_work() as session:
        words = Words("moved", "acme/bucket/aws/2.0.0")
        for address in (ADDRESS, Address("closed", "x", "aws")):
            lifecycle.change(session, "deprecate", address, Version.parse("1.0.0"), words, OPERATOR)
        lifecycle.change_module(
            session, "deprecate", Address("acme", "old", "aws"), Words("x", "acme/bucket/aws"), OPERATOR
        )
    client, token = TestClient(registry.app), registry.token("acme", "publish")
    body = _post(client, "/2.0.0/revoke", token, {"reason": "a fault"}).json()
    assert body["still_recommended_by"] == ["acme/bucket/aws/1.0.0"]
    body = _post(client, "/1.0.0/revoke", token, {"reason": "a fault"}).json()
    assert body["still_recommended_by"] == ["acme/old/aws"], "nothing of the module is left to choose"
    assert "still_recommended_by" not in _post(client, "/2.0.0/restore", token, {"reason": "fine"}).json()
    with registry.database.read() as session:
        gone = advice.left_behind(session, ADDRESS, Version.parse("1.0.0"))
        assert gone == ()
