"""The hot path says what the routes say, and never what was true a second ago."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from accounts import namespaces, tokens
from core.db import Database
from registry.api.answers import Kind
from registry.api.archives import Delivery
from registry.services import lifecycle
from registry.storage.port import archive_key
from tests.integration.registry.hot import BASE, CLOSED, OPEN, Hot, filled, locations
from tfmodule.address import Address
from tfmodule.version import Version

AGENTS = ("Terraform/1.11.4 (+https://www.terraform.io)", "OpenTofu/1.12.1", "trivy/v0.64.0")


@pytest.fixture
def hot(registry, settings) -> Iterator[Hot]:
    made = filled(registry, settings)
    yield made
    made.stop()


def _corpus(hot: Hot, token: str) -> list[str]:
    modules = [OPEN, CLOSED, f"{BASE}ACME/Bucket/aws", f"{BASE}nobody/bucket/aws"]
    paths = ["/.well-known/terraform.json", "/", "/v1/modules/", "/livez", "/archives/", f"{BASE}a/versions"]
    for module in modules:
        tails = ("versions", "1.0.0/download", "v1.0/download", "9.9.9/download")
        paths += [f"{module}/{tail}" for tail in tails]
    tails = ("versions?limit=1&%00=%", "versions/", "1.0.0/provenance", "download", "a/b/download", "none/versions")
    paths += [f"{OPEN}/{tail}" for tail in tails]
    paths += [f"{OPEN}/1.1.0-rc.1{plus}build.7/download" for plus in ("+", "%2B", "%2b", "%20")]
    paths += [f"{BASE}acme/buck%65t/aws/versions", f"{BASE}acme%2Fbucket/aws/x/versions", f"{BASE}acme/../aws/versions"]
    located = [location.partition("?")[0] for location in locations(hot, token)]
    paths += located
    paths += [located[0].replace("/sha256/", "/private/"), located[1].replace("/1", "/2"), located[0][:-8] + "x.tar.gz"]
    paths += [located[0].replace("archives", "archive%73"), located[1] + "?archive=tar.gz", located[0] + "/"]
    return paths


def _asked(client: TestClient, method: str, path: str, headers: dict[str, str]) -> tuple[object, ...]:
    answer = client.request(method, path, headers=headers, follow_redirects=False)
    return answer.status_code, sorted(answer.headers.multi_items()), answer.content


def _compare(hot: Hot, reference: TestClient, paths: list[str], sent: list[dict[str, str]], mine: str) -> None:
    for path in paths:
        asked = [("POST", {}), ("HEAD", {"Authorization": f"Bearer {mine}"})]
        asked += [("GET", headers) for headers in sent]
        if path.startswith("/archives/"):
            asked += [("GET", {"Range": "bytes=0-9"}), ("HEAD", {"If-None-Match": '"x"'}), ("HEAD", {})]
        while asked:
            method, headers = asked.pop()
            hot.look()
            for patience in (1, 0):  # between two signed locations a minute may have ended
                ours, theirs = (_asked(client, method, path, headers) for client in (hot.client, reference))
                if ours == theirs:
                    break
                assert patience, (method, path, headers, ours, theirs)
            if ours[0] == 200 and method == "GET" and "X-Again" not in headers:
                asked.append(("GET", {**headers, "X-Again": "from memory"}))


@pytest.mark.checklist("R1", "R10", "R11", "R12", "R26", "T-09")
def test_the_hot_path_and_the_routes_give_the_same_answers(sqlite_registry, settings) -> None:
    """R10, R11, R12, R26: whoever asks for whatever, with any method and any header; cold, and again from memory."""
    hot = filled(sqlite_registry, settings, clocks=False)
    with sqlite_registry.database.unit_of_work() as session:
        namespaces.set_registry_credentials(session, "secret", True)
    mine, others = sqlite_registry.token("secret"), sqlite_registry.token("acme")
    reference = TestClient(sqlite_registry.app, raise_server_exceptions=False)
    sent = [{}, *({"Authorization": f"Bearer {token}"} for token in (mine, others, "tsm_" + "0" * 36))]
    sent += [{"Authorization": f"bEARER   {mine} ", "User-Agent": agent} for agent in AGENTS[1:]]
    with hot.client, reference:  # one event loop for all
        _compare(hot, reference, _corpus(hot, mine), sent, mine)
    assert all(hot.path.answered[kind] > 10 for kind in Kind), hot.path.answered
    hot.stop()


def _token_id(registry) -> str:
    with registry.database.read() as session:
        return tokens.list_all(session)[-1].id


# What is asked, the change that another process commits, and the status afterwards.
CHANGES: dict[str, tuple[str, Callable, int]] = {
    "closed": (OPEN, lambda session: namespaces.set_visibility(session, "acme", "private"), 401),
    "removed": (
        OPEN,
        lambda session: lifecycle.remove(session, Address.parse("acme/bucket/aws"), Version(1, 0, 0), "bad", "x"),
        410,
    ),
    "by hand": (OPEN, lambda session: session.execute(text("UPDATE versions SET state = 'tombstone'")), 410),
    "revoked": (CLOSED, lambda session: tokens.revoke(session, tokens.list_all(session)[-1].id), 401),
    "token deleted": (CLOSED, lambda session: session.execute(text("DELETE FROM tokens")), 401),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.checklist("T-07", "T-09")
def test_what_another_process_commits_counts_within_a_second(registry, hot, change: str) -> None:
    """T-09: a closed namespace, a removed version and a revoked token are refused, not served from memory."""
    base, commit, status = CHANGES[change]
    token = registry.token("secret") if base is CLOSED else None
    location = hot.get(f"{base}/1.0.0/download", token).json()["location"]
    for _ in "ab":
        assert hot.get(f"{base}/1.0.0/download", token).status_code == hot.get(location).status_code == 200
    other = Database(registry.database.url)
    with other.unit_of_work() as session:
        commit(session)
    other.dispose()
    # Still within the second: what was true is given without a look at the database.
    with hot.statements() as asked:
        assert hot.get(f"{base}/1.0.0/download", token).status_code == 200 and asked == []
    hot.clocks.pass_(1.0)  # and nobody looked: memory counts for nothing
    assert hot.get(f"{base}/1.0.0/download", token).status_code == status
    assert hot.get(location).status_code == 404
    assert hot.look()
    assert hot.get(f"{base}/1.0.0/download", token).status_code == status
    assert hot.get(location).status_code == 404


def test_a_look_is_enough_and_leaves_the_others_in_memory(registry, hot) -> None:
    registry.publish("acme/other/aws", "1.0.0")
    assert hot.look()
    for module in (OPEN, f"{BASE}acme/other/aws"):
        hot.get(f"{module}/versions")
    registry.publish("acme/bucket/aws", "2.0.0")
    assert hot.look()
    with hot.statements() as asked:
        assert hot.get(f"{BASE}acme/other/aws/versions").status_code == 200 and asked == []
        assert "2.0.0" in hot.get(f"{OPEN}/versions").text and len(asked) == 2
    with registry.database.unit_of_work() as session:
        session.execute(text("UPDATE versions SET verified_at = published_at, damage = 'missing'"))
        session.execute(text("UPDATE tokens SET last_used_at = created_at"))
    assert hot.look()
    with hot.statements() as asked:  # the sweeper's marks and a token's use are nobody's business here
        assert hot.get(f"{OPEN}/versions").status_code == 200 and asked == []


def test_a_renamed_namespace_is_found_under_both_names(registry, hot) -> None:
    assert hot.get(f"{OPEN}/versions").status_code == 200
    with registry.database.unit_of_work() as session:
        namespaces.bind(session, registry.accounts["acme"], "acme-new", "Organization")
    assert hot.look()
    for name in ("acme", "acme-new"):
        assert hot.get(f"{BASE}{name}/bucket/aws/versions").status_code == 200


@pytest.mark.checklist("T-14")
def test_a_token_and_a_signed_location_end_by_time_alone(registry, hot) -> None:
    """T-14: the hour of a token, and the two minutes of a location, end without any change in the database."""
    token = registry.token("secret")
    location = hot.get(f"{CLOSED}/1.0.0/download", token).json()["location"]
    assert hot.get(location).status_code == hot.get(f"{CLOSED}/versions", token).status_code == 200
    assert hot.get(location).status_code == 200
    ends = int(location.split("/")[3])
    hot.clocks.moment = hot.clocks.moment.fromtimestamp(ends - 1, hot.clocks.moment.tzinfo)
    with hot.statements() as asked:
        assert hot.get(location).status_code == 200 and asked == []
        assert hot.get(f"{CLOSED}/versions", token).status_code == 200 and asked == []
    hot.clocks.pass_(1)
    assert hot.answers.at_hand(_plain(location)) is None
    hot.clocks.moment += timedelta(days=1)
    assert hot.look()
    assert hot.answers.at_hand(_plain(f"{CLOSED}/versions", f"Bearer {token}")) is None


def _plain(path: str, authorization: str | None = None):
    from registry.api.hot import _asked

    headers = [(b"authorization", authorization.encode())] if authorization else []
    return _asked({"type": "http", "method": "GET", "raw_path": path.partition("?")[0].encode(), "headers": headers})


def test_one_token_never_gets_the_answer_of_another(registry, hot) -> None:
    registry.namespace("third", "private")
    mine, again, foreign = registry.token("secret"), registry.token("secret"), registry.token("third")
    first = hot.get(f"{CLOSED}/1.0.0/download", mine).json()["location"]
    second = hot.get(f"{CLOSED}/1.0.0/download", again).json()["location"]
    assert first != second and first == hot.get(f"{CLOSED}/1.0.0/download", mine).json()["location"]
    for _ in "ab":
        assert hot.get(f"{CLOSED}/versions", foreign).status_code == 404
        assert hot.get(f"{CLOSED}/versions").status_code == 401


def test_many_who_miss_at_once_cause_one_read(hot) -> None:
    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(hot.path)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await asyncio.gather(*(client.get(f"{OPEN}/versions") for _ in range(30)))

    with hot.statements() as asked:
        answers = asyncio.run(ask())
    assert {one.status_code for one in answers} == {200} and len({one.content for one in answers}) == 1
    assert len(asked) == 2


# Reviewed: how often the database is asked, the first time and from then on. A token not yet known costs one more.
STATEMENTS = {
    "/.well-known/terraform.json": (0, 0),
    f"{OPEN}/versions": (2, 0),
    f"{OPEN}/1.0.0/download": (2, 0),
    f"{CLOSED}/versions": (3, 0),
    f"{CLOSED}/1.0.0/download": (2, 0),
    "public archive": (1, 0),
    "signed archive": (2, 0),
    f"{BASE}acme/none/aws/versions": (2, 2),
}


def test_how_many_statements_each_answer_costs_and_each_uses_an_index(registry, hot) -> None:
    token = registry.token("secret")
    found, plans = {}, []
    paths = {path: path for path in STATEMENTS}
    for path in STATEMENTS:
        if path == "public archive":
            paths[path] = hot.get(f"{OPEN}/1.0.0/download").json()["location"]
            paths["signed archive"] = hot.get(f"{CLOSED}/1.0.0/download", token).json()["location"]
        counts = []
        for _ in range(2):
            with hot.statements() as asked:
                hot.get(paths[path], token if path.startswith(CLOSED) else None)
            counts.append(len([one for one in asked if "last_used_at=" not in one[0]]))
            plans += asked
        found[path] = tuple(counts)
    assert found == STATEMENTS
    selects = {statement: parameters for statement, parameters in plans if statement.startswith("SELECT")}
    assert len(selects) >= 6
    for statement, parameters in selects.items():
        plan = _plan(registry.database, statement, parameters)
        assert "Seq Scan" not in plan and "SCAN" not in plan, f"{statement}\n{plan}"


def _plan(database: Database, statement: str, parameters) -> str:
    """How the database finds it. Postgres may not take the short way that a small table offers."""
    with database.read() as session:
        connection = session.connection()
        explain = "EXPLAIN QUERY PLAN "
        if not database.url.startswith("sqlite"):
            connection.exec_driver_sql("SET enable_seqscan = off")
            explain = "EXPLAIN "
        return "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement, parameters))


def test_a_damaged_or_large_archive_is_the_routes_to_tell(sqlite_registry, settings) -> None:
    hot = filled(sqlite_registry, settings)
    location = hot.get(f"{OPEN}/1.0.0/download").json()["location"]
    sha256 = location.split("/")[3].partition(".")[0]
    stored = sqlite_registry.storage.root / archive_key(sha256)
    good = stored.read_bytes()
    stored.write_bytes(good[:-1])
    assert hot.get(location).status_code == 500 and not hot.path.answered[Kind.PUBLIC_ARCHIVE]
    stored.write_bytes(good)
    assert hot.get(location).content == good and hot.path.answered[Kind.PUBLIC_ARCHIVE] == 1
    stored.unlink()
    assert hot.get(location).content == good  # it stands in memory, and its digest was held to
    hot.stop()


@pytest.mark.parametrize(("delivery", "sent_on"), [("redirect-public", 1), ("redirect", 2)])
def test_archives_that_are_sent_on_to_the_storage_are_the_routes(
    sqlite_registry, settings, delivery: Delivery, sent_on: int
) -> None:
    filled(sqlite_registry, settings).stop()
    hot = Hot(sqlite_registry, settings, delivery=delivery)
    located = locations(hot, sqlite_registry.token("secret"))[:2]
    for location in located * 2:
        assert hot.get(location).status_code == 200
    answered = [hot.path.answered[kind] for kind in (Kind.PUBLIC_ARCHIVE, Kind.SIGNED_ARCHIVE)]
    assert answered == [0, 0] if sent_on == 2 else [0, 2]
    hot.stop()


def test_the_use_of_a_token_is_written_down_as_by_the_routes(registry, hot) -> None:
    token = registry.token("secret")
    for _ in "abc":
        hot.get(f"{CLOSED}/versions", token)
    hot.answers._executor.shutdown(wait=True)
    with registry.database.read() as session:
        assert tokens.list_all(session)[-1].last_used_at is not None


_REVOKE = """
import sys
from accounts import tokens
from core.db import Database
database = Database(sys.argv[1])
with database.unit_of_work() as session:
    tokens.revoke(session, sys.argv[2])
"""


@pytest.mark.checklist("T-07")
def test_a_token_that_another_process_revokes_is_refused_while_the_watcher_runs(registry, settings) -> None:
    """T-07: with the real clock, the real thread and a real second process."""
    hot = filled(registry, settings, clocks=False)
    hot.path.start()
    try:
        token = registry.token("secret")
        assert hot.get(f"{CLOSED}/versions", token).status_code == 200
        argv = [sys.executable, "-c", _REVOKE, registry.database.url, _token_id(registry)]
        subprocess.run(argv, check=True, timeout=60)
        deadline = time.monotonic() + 30
        while hot.get(f"{CLOSED}/versions", token).status_code == 200:
            assert time.monotonic() < deadline
    finally:
        hot.path.stop()


def test_a_bug_at_hand_leaves_the_request_to_the_routes(sqlite_registry, settings, monkeypatch) -> None:
    hot = filled(sqlite_registry, settings, clocks=False)

    def broken(*_asked: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(hot.path.answers, "at_hand", broken)
    scope = {"type": "http", "method": "GET", "raw_path": f"{OPEN}/versions".encode(), "headers": []}
    with capture_logs() as said:
        assert hot.path.at_once(scope) is None
    hot.stop()
    assert [(one["event"], one["error"]) for one in said] == [("the hot path failed", "KeyError: 'a bug'")]
