"""The counter: what is installed is counted, a crash costs a batch, and an absent database costs nothing."""

import subprocess
import sys
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry import download_counter
from registry.download_counter import DownloadCounter
from registry.services import download_counts
from registry.services.clients import OTHER, Client
from tests.integration.registry.hot import Hot

TERRAFORM = "Terraform/1.11.4 (+https://www.terraform.io)"


def _published(registry) -> str:
    registry.namespace("acme")
    return registry.publish("acme/bucket/aws", "1.0.0").id


def _total(registry, version_id: str) -> int:
    with registry.database.read() as session:
        return download_counts.of_versions(session, [version_id])[version_id].total


def _rows(registry) -> set[tuple[str, str, int]]:
    with registry.database.read() as session:
        rows = session.execute(text("SELECT client, client_version, count FROM download_counts"))
        return {(client, version, count) for client, version, count in rows}


@pytest.mark.checklist("R16", "R17")
def test_R17_only_a_client_that_gets_a_location_is_counted(registry, settings) -> None:
    """R17: downloads are installs. Neither HEAD, nor a refusal, nor the list of versions is one."""
    version_id = _published(registry)
    hot = Hot(registry, settings)
    download = "/v1/modules/acme/bucket/aws/1.0.0/download"
    for _ in "abc":
        location = hot.get(download, user_agent=TERRAFORM).json()["location"]
    hot.get(download, user_agent="curl/8")
    hot.get(download, user_agent=f"{TERRAFORM} terrasmith-conformance")
    for path in (location, "/v1/modules/acme/bucket/aws/versions", download.replace("1.0.0", "9.9.9")):
        hot.get(path, user_agent=TERRAFORM)
    hot.client.head(download)
    assert hot.counter.flush() and _total(registry, version_id) == 4
    assert _rows(registry) == {("terraform", "1.11.4", 3), ("other", "", 1)}
    hot.stop()


def test_the_routes_count_as_the_hot_path_does(registry, settings) -> None:
    from starlette.testclient import TestClient

    from web.app import create_app

    version_id, counter = _published(registry), DownloadCounter(registry.database)
    client = TestClient(create_app(settings, registry.database, registry.storage, counter=counter))
    for method in ("GET", "HEAD", "GET"):
        client.request(method, "/v1/modules/acme/bucket/aws/1.0.0/download", headers={"User-Agent": TERRAFORM})
    assert counter.flush() and _total(registry, version_id) == 2
    assert _rows(registry) == {("terraform", "1.11.4", 2)}


def test_counts_of_many_threads_wait_out_a_database_that_is_away(sqlite_registry) -> None:
    version_id, counter = _published(sqlite_registry), DownloadCounter(sqlite_registry.database)

    def count() -> None:
        for _ in range(1_000):
            counter.count(version_id, OTHER)

    def counting() -> None:
        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            counter.flush()
        for thread in threads:
            thread.join()

    counting()
    with sqlite_registry.database.unit_of_work() as session:
        session.execute(text("ALTER TABLE download_counts RENAME TO elsewhere"))
    counter.count(version_id, OTHER)
    assert not counter.flush() and not counter.flush()
    counting()
    with sqlite_registry.database.unit_of_work() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO download_counts"))
    assert counter.flush() and _total(sqlite_registry, version_id) == 8_001


def test_a_batch_that_can_never_be_written_does_not_stop_the_next_one(registry) -> None:
    version_id, counter = _published(registry), DownloadCounter(registry.database)
    counter.count(version_id, Client("x" * 40 if registry.database.url.startswith("postgres") else None, ""))
    with pytest.raises(DBAPIError):
        counter.flush()
    counter.count(version_id, OTHER)
    assert counter.flush() and _total(registry, version_id) == 1


_COUNTING = """
import sys, time
from core.db import Database
from registry.download_counter import DownloadCounter
from registry.services import download_counts
from registry.services.clients import OTHER
url, version_id = sys.argv[1:]
database = Database(url)
counter = DownloadCounter(database)
counter.start()
for _ in range(100):
    counter.count(version_id, OTHER)
while True:
    with database.read() as session:
        if download_counts.of_versions(session, [version_id])[version_id].total == 100:
            break
    time.sleep(0.02)
for _ in range(7):
    counter.count(version_id, OTHER)
print("ready", flush=True)
time.sleep(60)
"""


def test_a_kill_costs_no_more_than_the_batch_it_met(sqlite_registry) -> None:
    """A real process, killed without warning: what its last batch held may be gone, nothing else, nothing twice."""
    version_id = _published(sqlite_registry)
    argv = [sys.executable, "-c", _COUNTING, sqlite_registry.database.url, version_id]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.kill()
    assert _total(sqlite_registry, version_id) in {100, *range(101, 108)}
    assert download_counter.BATCH >= 7


def test_a_graceful_stop_writes_what_is_left(sqlite_registry) -> None:
    version_id, counter = _published(sqlite_registry), DownloadCounter(sqlite_registry.database)
    counter.start()
    for _ in range(download_counter.BATCH + 3):
        counter.count(version_id, OTHER)
    counter.stop()
    assert _total(sqlite_registry, version_id) == download_counter.BATCH + 3
