"""S3 as only S3 can be: styles, encryption, parts, and everything that can go wrong on the road to a real server."""

import json
import logging
import os
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from core import clock
from core.errors import SettingsError
from core.settings import Settings
from registry.services import publishing, sweeping
from registry.storage.opening import UnfitStorageError, examine, prove
from registry.storage.port import (
    ObjectDiffersError,
    StorageRefusedError,
    StorageUnavailableError,
)
from registry.storage.s3 import S3Storage
from tests.faulty_road import Fault, Road
from tests.s3_server import S3Server
from tfmodule.archive import Entry

Opening = Callable[..., S3Storage]
QUICK = {"timeout": 0.4, "attempts": 1}


@pytest.fixture
def far(open_s3: Opening, road: Road) -> S3Storage:
    """The bucket at the end of the bad road, for the impatient."""
    return open_s3(endpoint=road.endpoint, **QUICK)


def _pieces(number: int) -> Iterator[bytes]:
    yield from (b"%07d" % count * 50_000 for count in range(number))


def test_parts_hold_no_more_than_themselves_in_memory(open_s3: Opening) -> None:
    storage = open_s3()
    tracemalloc.start()
    assert storage.stage("incoming/big", _pieces(100)) == 35_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    with storage.open("incoming/big") as stream:
        stream.seek(34_999_999 - 6)
        assert stream.read() == b"0000099"


def test_a_stream_that_breaks_between_parts_leaves_nothing(open_s3: Opening) -> None:
    storage = open_s3()

    def broken() -> Iterator[bytes]:
        yield from _pieces(40)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.stage("incoming/a", broken())
    assert list(storage._pages("list_multipart_uploads", "Uploads", "incoming/")) == []
    assert not storage.exists("incoming/a")


def test_parts_that_a_dead_process_left_are_cleared_away(open_s3: Opening) -> None:
    storage = open_s3()
    begun = storage._client.create_multipart_upload(**storage._at("incoming/half"))["UploadId"]
    storage._client.upload_part(UploadId=begun, PartNumber=1, Body=b"half", **storage._at("incoming/half"))
    assert storage.staged(clock.now() - timedelta(hours=1)) == ()
    assert len(list(storage._pages("list_multipart_uploads", "Uploads", "incoming/"))) == 1
    assert storage.staged(clock.now() + timedelta(minutes=1)) == ()
    assert list(storage._pages("list_multipart_uploads", "Uploads", "incoming/")) == []


def test_prefixes_keep_apart(open_s3: Opening) -> None:
    one, other = open_s3(), open_s3(prefix="elsewhere/deep/")
    one.put("a", b"1")
    assert not other.exists("a") and list(other.objects()) == []


def test_encryption_is_asked_for_on_every_write(open_s3: Opening, road: Road) -> None:
    storage = open_s3(sse="AES256")
    storage.put("a", b"secret")
    storage.stage("incoming/a", _pieces(20))
    with storage.open("a") as stream:
        assert stream.read() == b"secret"
    for key in ("a", "incoming/a"):
        assert storage._head(key)["ServerSideEncryption"] == "AES256"
    # This server has no KMS: that it was asked for one is what can be seen.
    with pytest.raises(StorageUnavailableError):
        open_s3(endpoint=road.endpoint, attempts=1, sse="aws:kms", kms_key="alias/modules").put("b", b"x")
    assert road.headers["x-amz-server-side-encryption"] == "aws:kms"
    assert road.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/modules"


def test_a_bucket_may_be_a_host_of_its_own(
    open_s3: Opening, s3_server: S3Server, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No name server knows the host; a proxy finds it.
    monkeypatch.setenv("HTTP_PROXY", road.endpoint)
    storage = open_s3(endpoint=f"http://s3.localhost:{s3_server.port}", style="virtual")
    storage.put("a", b"data")
    assert all("/terrasmith-test/" not in asked for asked in road.asked) and len(road.asked) == 2
    assert road.headers["host"] == f"terrasmith-test.s3.localhost:{s3_server.port}"
    url = storage.direct_url("a", clock.now().replace(microsecond=0), 60)
    assert url and url.startswith(f"http://{road.headers['host']}/test-")
    assert httpx.get(url, proxy=road.endpoint).content == b"data"
    assert open_s3().size("a") == 4


@pytest.mark.checklist("F-17")
def test_F17_a_server_that_is_ill_for_a_moment_is_asked_again(open_s3: Opening, road: Road) -> None:
    patient = open_s3(endpoint=road.endpoint, attempts=2)
    road.faults = [Fault("PUT", answer=(503, "SlowDown")), Fault("GET", answer=(500, "InternalError"))]
    patient.put("a", b"data")
    road.faults = [Fault("HEAD", answer=(429, "TooManyRequests"))]
    assert patient.size("a") == 4
    assert [asked.split()[0] for asked in road.asked] == ["PUT", "PUT", "GET", "GET", "HEAD", "HEAD"]


@pytest.mark.checklist("F-17")
@pytest.mark.parametrize(
    "fault",
    [{"answer": (503, "SlowDown")}, {"silent": True}, {"lost": True}, {"answer": (507, "InsufficientStorage")}],
    ids=["503", "silent", "lost", "full"],
)
def test_F17_a_server_that_stays_ill_is_given_up_soon_and_in_words(far: S3Storage, road: Road, fault: dict) -> None:
    for method, use in (
        ("PUT", lambda: far.put("a", b"data")),
        ("GET", lambda: far.open("a")),
        ("HEAD", lambda: far.exists("a")),
    ):
        road.faults = [Fault(method, times=99, **fault)]
        with pytest.raises(StorageUnavailableError, match="The storage s3://terrasmith-test") as caught:
            use()
        assert not isinstance(caught.value, StorageRefusedError)
    assert len(road.asked) == 3


@pytest.mark.checklist("F-17")
def test_F17_a_cut_answer_is_read_on_from_where_it_ended(far: S3Storage, road: Road) -> None:
    data = os.urandom(900_000)
    far.put("a", data)
    road.faults = [Fault("GET", cut=True, times=3)]
    with far.open("a") as stream:
        assert stream.read() == data
    road.faults = [Fault("GET", cut=True, times=10_000)]
    with far.open("a") as stream, pytest.raises(StorageUnavailableError):
        while stream.read(100_000):
            pass


def test_whoever_seeks_back_and_forth_asks_the_server_once(far: S3Storage, road: Road) -> None:
    far.put("a", b"0123456789" * 100_000)
    road.asked.clear()
    with far.open("a") as stream:
        assert stream.seek(0, os.SEEK_END) == 1_000_000
        stream.seek(0)
        assert stream.read(10) == b"0123456789" and len(road.asked) == 1
        stream.seek(900_005)
        assert stream.read(3) == b"567" and len(road.asked) == 2
        road.faults = [Fault("GET", answer=(200, ""))]
        stream.seek(500_000)
        with pytest.raises(StorageRefusedError, match="where a part is asked for"):
            stream.read(3)


@pytest.mark.checklist("F-17")
def test_F17_an_object_that_was_replaced_meanwhile_is_no_continuation(far: S3Storage, road: Road) -> None:
    far.put("a", b"a" * 900_000)
    road.faults = [Fault("GET", cut=True)]
    with far.open("a") as stream:
        far._client.put_object(Body=b"b" * 900_000, **far._at("a"))
        with pytest.raises(ObjectDiffersError):
            stream.read()


@pytest.mark.checklist("F-17")
def test_F17_wrong_bytes_are_seen_before_anything_counts(far: S3Storage, road: Road) -> None:
    prepared = publishing.prepare([Entry("main.tf", b"# a\n")])
    road.faults = [Fault("GET", flip=True, times=9)]
    with pytest.raises(ObjectDiffersError):
        publishing.store(far, prepared)
    assert sweeping.examine(far, prepared.sha256, prepared.size) == "differs"
    road.faults = []
    publishing.store(far, prepared)
    assert sweeping.examine(far, prepared.sha256, prepared.size) is None
    assert sweeping.examine(far, "0" * 64, 5) == "missing"
    # What cannot be read now is not damaged: a sweep in an outage must not cry.
    road.faults = [Fault("GET", answer=(503, "SlowDown"), times=9)]
    with pytest.raises(StorageUnavailableError):
        sweeping.examine(far, prepared.sha256, prepared.size)


@pytest.mark.checklist("F-17")
def test_F17_bytes_that_change_on_the_way_in_are_refused_by_the_server(far: S3Storage, road: Road) -> None:
    road.faults = [Fault("PUT", flip_sent=True, times=9)]
    with pytest.raises(StorageUnavailableError):
        far.put("a", b"data")
    assert not far.exists("a")


@pytest.mark.checklist("F-17")
def test_F17_an_answer_that_was_lost_makes_nobody_a_stranger_to_his_own_bytes(open_s3: Opening, road: Road) -> None:
    far = open_s3(endpoint=road.endpoint, attempts=2)
    road.faults = [Fault("PUT", lost=True)]
    far.put("a", b"data")
    road.faults = [Fault("PUT", lost=True)]
    assert far.stage("incoming/a", [b"data"]) == 4
    road.faults = [Fault("POST", lost=True, path="uploadId=")]
    assert far.stage("incoming/b", _pieces(20)) == 7_000_000 == far.size("incoming/b")


@pytest.mark.checklist("F-12")
def test_F12_a_write_that_meets_another_waits_for_its_end(far: S3Storage, road: Road) -> None:
    road.faults = [Fault("PUT", answer=(409, "ConditionalRequestConflict"), times=2)]
    far.put("a", b"data")
    assert far.size("a") == 4
    road.faults = [Fault("POST", answer=(409, "ConditionalRequestConflict"), path="uploadId=")]
    with pytest.raises(ObjectDiffersError):
        far.stage("incoming/a", _pieces(20))


def test_a_server_that_is_not_there_is_told_as_such(open_s3: Opening) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        storage = open_s3(endpoint=f"http://127.0.0.1:{port}", **QUICK)
        with pytest.raises(StorageUnavailableError, match="does not answer"):
            storage.put("a", b"data")


def test_what_the_real_server_refuses_is_told_with_what_to_do(
    open_s3: Opening, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(StorageRefusedError, match="no such bucket: create it"):
        open_s3(name="terrasmith-none").put("a", b"data")
    with pytest.raises(StorageRefusedError, match="no profile of that name"):
        open_s3(profile="nobody")
    with pytest.raises(StorageRefusedError, match="correct its address"):
        open_s3(endpoint="http://under_score..example")
    wrong = "not-the-secret-of-this-key-but-a-long-one"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", wrong)
    storage = open_s3(attempts=1)
    for use in (
        lambda: storage.put("a", b"data"),
        lambda: storage.open("a"),
        lambda: storage.stage("incoming/a", [b"data"]),
        lambda: list(storage.objects()),
        lambda: storage.discard("incoming/a"),
    ):
        with pytest.raises(StorageRefusedError, match="signature was refused") as caught:
            use()
        assert wrong not in str(caught.value) + str(caught.value.__cause__) + caplog.text
    with pytest.raises(StorageRefusedError, match=r"rights .* or its keys are wrong"):
        storage.exists("a")
    url = storage.direct_url("a", clock.now().replace(microsecond=0), 60)
    assert url and httpx.get(url).status_code == 403
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKNOBODY")
    with pytest.raises(StorageRefusedError, match="access key is unknown"):
        open_s3(attempts=1).put("a", b"data")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for use in (lambda one: one.put("a", b"data"), lambda one: one.direct_url("a", clock.now(), 60)):
        with pytest.raises(StorageRefusedError, match="no keys"):
            use(open_s3(attempts=1))


@contextmanager
def _role(answer: dict[str, str]) -> Iterator[str]:
    """What AWS puts beside a container: an address that gives its role's keys."""

    class Giving(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_said: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Giving) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/role"
        server.shutdown()
        thread.join()


def test_the_role_of_a_container_gives_the_keys(
    open_s3: Opening, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    ends = (clock.now() + timedelta(hours=6)).isoformat()
    keys = {"AccessKeyId": s3_server.access_key, "SecretAccessKey": s3_server.secret_key}
    with _role({**keys, "Token": "", "Expiration": ends}) as address:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
        storage = open_s3(attempts=2)
        storage.put("a", b"data")
        url = storage.direct_url("a", clock.now().replace(microsecond=0), 60)
    assert url and httpx.get(url).content == b"data"


def test_a_storage_that_does_not_keep_its_word_is_found_out(far: S3Storage, road: Road) -> None:
    for fault, told in (
        (Fault("PUT", answer=(200, ""), after=1), "overwrites"),  # what it looks like where the condition is ignored
        (Fault("PUT", answer=(200, "")), "not give back"),
        (Fault("GET", flip=True, path="incoming/prb"), "other bytes"),
        (Fault("GET", answer=(200, ""), path="list-type"), "not list"),
        (Fault("DELETE", answer=(204, "")), "still holds"),
    ):
        road.faults = [fault]
        with pytest.raises(UnfitStorageError, match=told):
            examine(far)
    road.faults = []
    assert len(examine(far)) == 5


def test_a_start_wants_a_storage_that_works_or_does_not_answer_yet(
    far: S3Storage, road: Road, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = far.place
    address = f"s3://{place.name}/{place.prefix}?endpoint={place.endpoint}&region={place.region}&style=path&attempts=1"
    settings = Settings(storage=address)
    prove(settings)
    road.faults = [Fault("PUT", answer=(503, "SlowDown"))]
    prove(settings)
    assert "does not answer yet" in "".join(capsys.readouterr())
    for fault, told in (
        (Fault("PUT", answer=(200, ""), after=1), "overwrites"),
        (Fault("PUT", answer=(403, "AccessDenied")), "s3:PutObject"),
    ):
        road.faults = [fault]
        with pytest.raises(SettingsError, match=f"^TERRASMITH_STORAGE is wrong: .*{told}"):
            prove(settings)
    prove(Settings(data_dir=tmp_path))
