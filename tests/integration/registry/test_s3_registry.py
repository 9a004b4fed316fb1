"""The registry over a real S3 server: publishing, serving, redirecting, sweeping, and an outage as readers see it."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from core import clock
from core.db import Database
from core.settings import Settings
from registry import models
from registry.services import sweeping, uploads
from registry.storage.port import archive_key
from tests.faulty_road import Fault, Road, faulty_road
from tests.integration.registry.conftest import Registry
from tests.integration.registry.uploading import Sender, archive
from tests.s3_server import S3Server
from web.app import create_app


@pytest.fixture
def over_s3(sqlite_url: str, settings: Settings, open_s3: Any) -> Iterator[Callable[..., Registry]]:
    """`over_s3(delivery="redirect", endpoint=…)`: a registry whose archives lie in the bucket."""
    database = Database(sqlite_url)

    def make(delivery: str = "stream", **place: Any) -> Registry:
        storage = open_s3(**place)
        return Registry(
            database, storage, create_app(settings.model_copy(update={"archives": delivery}), database, storage)
        )

    yield make
    database.dispose()


@pytest.fixture
def road(s3_server: S3Server) -> Iterator[Road]:
    with faulty_road(s3_server.port) as made:
        yield made


def _client(registry: Registry) -> TestClient:
    return TestClient(registry.app, raise_server_exceptions=False, follow_redirects=False)


def _bytes(registry: Registry, sha256: str) -> bytes:
    with registry.storage.open(archive_key(sha256)) as stream:
        return stream.read()


def test_an_upload_goes_through_the_bucket_and_leaves_nothing_staged(over_s3: Callable[..., Registry]) -> None:
    sender = Sender(over_s3())
    storage = sender.registry.storage
    first = sender.send(archive(), Idempotency_Key="k")
    assert first.status_code == 202 and [one.key for one in storage.objects("incoming/")] == [
        f"incoming/{first.json()['id']}"
    ]
    assert sender.send(archive(), Idempotency_Key="k").json()["id"] == first.json()["id"]
    assert sender.send(archive("two")).status_code == 409
    assert sender.send(b"no gzip at all").status_code == 415
    too_long = b"\x1f\x8b" + os.urandom(1 << 20) * 6
    assert sender.send(too_long, Content_Digest="sha-256=:" + "A" * 43 + "=:").status_code == 400
    assert len(list(storage.objects("incoming/"))) == 1
    sender.finish(first.json()["id"])
    assert sender.send(archive()).json()["state"] == "published"
    assert [one.key.split("/")[0] for one in storage.objects()] == ["archives"]
    # What nobody needs is found by its age, and taken away.
    storage.stage("incoming/upl_forgotten", [b"x"])
    staged = storage.staged(clock.now() + timedelta(minutes=1))
    with sender.registry.database.read() as session:
        unneeded = uploads.settled(session, staged)
    assert unneeded == ("incoming/upl_forgotten",)


@pytest.mark.checklist("R26", "R27")
def test_R26_R27_head_get_and_ranges_through_us(over_s3: Callable[..., Registry]) -> None:
    registry = over_s3()
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    client, data = _client(registry), _bytes(registry, published.sha256)
    path = f"/archives/sha256/{published.sha256}.tar.gz"
    for answer in (client.head(path), client.get(path, headers={"Accept-Encoding": "gzip, br"})):
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(data)))
        assert answer.headers["content-type"] == "application/gzip" and "content-encoding" not in answer.headers
    assert answer.content == data
    part = client.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])


@pytest.mark.checklist("R17", "R26", "R29", "T-14")
@pytest.mark.parametrize("delivery", ["redirect-public", "redirect"])
def test_R17_R26_R29_T14_a_get_is_sent_on_and_everything_else_is_answered_here(
    over_s3: Callable[..., Registry], delivery: str
) -> None:
    registry = over_s3(delivery)
    registry.namespace("open")
    registry.namespace("closed", "private")
    public, private = registry.publish("open/a/aws", "1.0.0"), registry.publish("closed/a/aws", "1.0.0", "x")
    client, token = _client(registry), {"Authorization": f"Bearer {registry.token('closed')}"}
    path = f"/archives/sha256/{public.sha256}.tar.gz"
    sent = client.get(path)
    assert sent.status_code == 302 and sent.headers["cache-control"] == "private, no-store"
    assert sent.headers["location"] == client.get(path).headers["location"]
    assert httpx.get(sent.headers["location"]).content == _bytes(registry, public.sha256)
    assert "X-Amz-Expires=120" in sent.headers["location"]
    head = client.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(public.size))
    assert client.get(path, headers={"If-None-Match": head.headers["etag"]}).status_code == 304
    location = client.get("/v1/modules/closed/a/aws/1.0.0/download", headers=token).headers["x-terraform-get"]
    signed = client.get(location)
    assert signed.status_code == (302 if delivery == "redirect" else 200)
    # Whoever may not have it is not sent anywhere; a token never follows to the storage.
    assert client.get(f"/archives/sha256/{private.sha256}.tar.gz").status_code == 404
    assert client.get(location.replace("/signed/", "/signed/1")).status_code == 404
    assert client.get(f"/archives/private/{private.sha256}.tar.gz", headers=token).status_code == 200


@pytest.mark.checklist("F-18")
def test_F18_the_sweep_finds_what_went_wrong_in_a_bucket(over_s3: Callable[..., Registry]) -> None:
    registry = over_s3()
    registry.namespace("acme")
    flipped, lost, good = (registry.publish("acme/bucket/aws", f"1.{number}.0") for number in range(3))
    at, storage = registry.storage._at, registry.storage
    data = _bytes(registry, flipped.sha256)
    storage._client.put_object(Body=data[:-1] + bytes([data[-1] ^ 1]), **at(archive_key(flipped.sha256)))
    storage._client.delete_object(**at(archive_key(lost.sha256)))
    with registry.database.read() as session:
        due = sweeping.due(session, clock.now() + timedelta(seconds=1), 100)
    found = {one.sha256: sweeping.examine(storage, one.sha256, one.size) for one in due}
    assert found == {flipped.sha256: "differs", lost.sha256: "missing", good.sha256: None}
    assert _client(registry).get(f"/archives/sha256/{lost.sha256}.tar.gz").status_code == 500


@pytest.mark.checklist("F-17", "R15")
def test_F17_R15_an_outage_of_the_bucket_is_a_reason_to_come_back(
    over_s3: Callable[..., Registry], road: Road, serving: Any
) -> None:
    registry = over_s3(endpoint=road.endpoint, attempts=1, timeout=0.5)
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    client, path = _client(registry), f"/archives/sha256/{published.sha256}.tar.gz"
    road.faults = [Fault(method, answer=(503, "SlowDown"), times=99) for method in ("GET", "HEAD", "PUT")]
    for answer in (client.get(path), client.head(path)):
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
    assert client.get(path).json() == {"errors": ["Not available at the moment; try again"]}
    assert client.get("/readyz").json()["storage"] == "down"
    # What needs no bytes goes on.
    assert client.get("/v1/modules/acme/bucket/aws/1.0.0/download").status_code == 200
    token = {"Authorization": f"Bearer {registry.token('acme', 'publish')}"}
    upload = client.post("/v1/modules/acme/sent/aws/1.0.0/upload", content=archive(), headers=token)
    assert upload.status_code == 503
    road.faults = [Fault("GET", cut=True, times=99)]
    with capture_logs(), serving(registry.app) as port, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{port}{path}")
    road.faults = []
    assert client.get(path).status_code == 200 and client.get("/readyz").status_code == 200
    assert client.post("/v1/modules/acme/sent/aws/1.0.0/upload", content=archive(), headers=token).status_code == 202
    with registry.database.read() as session:
        assert len(session.scalars(select(models.Upload)).all()) == 1
