"""Publishing over HTTP on both databases: who may, what is refused before and while it streams, keys, bytes, races."""

import base64
import gzip
import hashlib
import http.client
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from accounts import namespaces, tokens
from core import clock
from core.models import OutboxRow
from registry import models
from registry.services import staging, uploads
from registry.services.refusals import SourceMixedError
from tests.integration.registry.uploading import PATH, REPORT, Sender, archive, repacked


@pytest.fixture
def sender(registry: Any) -> Sender:
    return Sender(registry)


@pytest.fixture
def sqlite_sender(sqlite_registry: Any) -> Sender:
    return Sender(sqlite_registry)


def test_an_archive_is_taken_in_and_can_be_followed(sender: Sender) -> None:
    data = archive()
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    answer = sender.send(data, Content_Digest=f"sha-256=:{digest}:", Content_Type="application/gzip")
    assert answer.status_code == 202 and answer.headers["retry-after"] == "1"
    location, body = answer.headers["location"], answer.json()
    assert location == f"/v1/uploads/{body['id']}"
    assert (body["state"], body["under_way"], body["address"], body["version"]) == (
        "received", True, "acme/bucket/aws", "1.0.0",
    )  # fmt: skip
    assert body["body"] == {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    with sender.registry.storage.open(f"incoming/{body['id']}") as stream:
        assert stream.read() == data
    with sender.registry.database.read() as session:
        event = session.scalars(select(OutboxRow)).one()
    assert (event.event, event.payload) == ("UploadReceived", {"upload_id": body["id"]})
    sender.finish(body["id"])
    done = sender.look(location)
    assert done.status_code == 200 and done.json()["state"] == "published" and "retry-after" not in done.headers
    assert done.json()["published"]["sha256"] and done.json()["report"] == json.loads(json.dumps(REPORT))
    versions = sender.client.get("/v1/modules/acme/bucket/aws/versions").json()
    assert versions["modules"][0]["versions"] == [{"version": "1.0.0"}]
    page = sender.client.get("/modules/acme/bucket/aws", headers={"Accept": "text/html"})
    assert page.status_code == 200 and "by an upload, which names no commit" in page.text


def test_an_upload_names_the_module_as_it_is_spelled(sender: Sender) -> None:
    sender.finish(sender.send(archive()).json()["id"])
    body = sender.send(archive("two"), path="/v1/modules/ACME/Bucket/aws/1.1.0/upload").json()
    assert body["address"] == "acme/bucket/aws"
    sender.finish(body["id"])
    assert sender.look(f"/v1/uploads/{body['id']}").json()["address"] == "acme/bucket/aws"


def test_the_same_again_gets_the_first_answer(sender: Sender) -> None:
    first = sender.send(archive(), Idempotency_Key="build-7")
    for key in ("build-7", "build-8"):
        again = sender.send(archive(), Idempotency_Key=key)
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    sender.finish(first.json()["id"])
    for key in ("build-7", "build-9"):
        again = sender.send(archive(), Idempotency_Key=key)
        assert (again.status_code, again.json()["id"], again.json()["state"]) == (200, first.json()["id"], "published")
    packed_otherwise = sender.send(repacked(archive()))
    assert repacked(archive()) != archive()
    assert (packed_otherwise.status_code, packed_otherwise.json()["id"]) == (200, first.json()["id"])
    assert sender.rows() == 1 and sender.staged() == []


def test_a_key_stands_for_one_archive_and_one_version(sender: Sender) -> None:
    sender.send(archive(), Idempotency_Key="build-7")
    other_bytes = sender.send(archive("two"), Idempotency_Key="build-7")
    other_version = sender.send(archive(), PATH.replace("1.0.0", "1.1.0"), Idempotency_Key="build-7")
    for answer in (other_bytes, other_version):
        assert answer.status_code == 422 and "used before" in answer.json()["errors"][0]
    assert sender.rows() == 1 and len(sender.staged()) == 1
    assert sender.send(archive(), Idempotency_Key="two words").status_code == 400
    assert sender.send(archive(), Idempotency_Key="x" * 201).status_code == 400


@pytest.mark.checklist("P-02")
def test_P02_other_bytes_for_one_version_are_a_conflict_before_and_after(sender: Sender) -> None:
    first = sender.send(archive())
    under_way = sender.send(archive("two"))
    assert under_way.status_code == 409 and first.json()["id"] in under_way.json()["errors"][0]
    sender.finish(first.json()["id"])
    for path in (PATH, PATH.replace("1.0.0", "1.0.0%2Bbuild.1")):
        taken = sender.send(archive("two"), path)
        assert taken.status_code == 409 and "never changes" in taken.json()["errors"][0]
    assert sender.send(gzip.compress(b"no tar in it")).status_code == 409
    assert sender.rows() == 1 and sender.staged() == []


def test_a_refused_version_is_free_again(sender: Sender) -> None:
    first = sender.send(archive(), Idempotency_Key="k").json()["id"]
    with sender.registry.database.unit_of_work() as session:
        uploads.refuse(session, first, "The gate said no.", REPORT)
    replayed = sender.send(archive(), Idempotency_Key="k")
    assert (replayed.status_code, replayed.json()["state"], replayed.json()["id"]) == (200, "refused", first)
    second = sender.send(archive("two"))
    assert second.status_code == 202 and second.json()["id"] != first


@pytest.mark.checklist("T-09", "T-11")
def test_T09_T11_only_a_publishing_token_of_that_namespace_may(sender: Sender) -> None:
    sender.registry.namespace("other", "private")
    reading, foreign = sender.registry.token("acme", "read"), sender.registry.token("other", "publish")
    assert sender.client.post(PATH, content=archive()).status_code == 401
    assert sender.send(archive(), token="tsm_wrong").status_code == 401
    assert sender.send(archive(), token=reading).status_code == 403
    answers = [sender.send(archive(), PATH.replace("acme", name), token=sender.token) for name in ("other", "nobody")]
    assert [one.status_code for one in answers] == [403, 403]
    assert answers[0].json()["errors"][0].replace("other", "X") == answers[1].json()["errors"][0].replace("nobody", "X")
    assert sender.rows() == 0 and sender.staged() == []
    location = sender.send(archive()).headers["location"]
    assert sender.look(location, foreign).status_code == 404
    assert sender.look(location, reading).status_code == 403
    assert sender.look("/v1/uploads/upl_none").status_code == 404
    assert sender.look("/v1/uploads/%00").status_code == 404
    assert sender.client.get(location).status_code == 401


def test_a_closed_namespace_and_a_module_of_a_repository_take_nothing(sender: Sender) -> None:
    sender.registry.publish("acme/fromgit/aws", "1.0.0")
    mixed = sender.send(archive(), PATH.replace("bucket", "fromgit"))
    assert mixed.status_code == 409 and "published from a repository" in mixed.json()["errors"][0]
    sender.finish(sender.send(archive()).json()["id"])
    with pytest.raises(SourceMixedError, match="published from uploads"):
        sender.registry.publish("acme/bucket/aws", "2.0.0")
    with sender.registry.database.unit_of_work() as session:
        namespaces.suspend(session, sender.registry.accounts["acme"])
    closed = sender.send(archive(), PATH.replace("1.0.0", "1.1.0"))
    assert closed.status_code == 409 and "suspended" in closed.json()["errors"][0]


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        (PATH.replace("1.0.0", "v1.0.0"), 422, "not a version"),
        (PATH.replace("1.0.0", "1.0"), 422, "not a version"),
        (PATH.replace("aws", "AWS"), 404, "not found"),
        (PATH.replace("bucket", "..%2Fbucket"), 404, "not found"),
        (PATH.replace("bucket", "%00"), 404, "not found"),
    ],
)
def test_an_impossible_address_or_version_is_told(sqlite_sender: Sender, path: str, status: int, word: str) -> None:
    answer = sqlite_sender.send(archive(), path)
    assert answer.status_code == status and word in answer.json()["errors"][0]


@pytest.mark.parametrize(
    ("body", "headers", "status", "word"),
    [
        (b"", {}, 415, "empty"),
        (b"\x1f", {}, 415, "not a .tar.gz"),
        (b"PK\x03\x04zip", {}, 415, "zip"),
        (b"--boundary", {"Content_Type": "multipart/form-data; boundary=x"}, 415, "raw bytes"),
        (archive(), {"Content_Encoding": "gzip"}, 415, "raw bytes"),
        (archive(), {"Content_Digest": "sha-256=:" + "A" * 43 + "=:"}, 400, "does not match"),
        (archive(), {"Content_Digest": "md5=:AAAA:"}, 400, "SHA-256"),
        (archive(), {"Content_Length": str(101 << 20)}, 413, "100 MiB"),
    ],
)
def test_a_body_that_cannot_be_one_is_refused_and_not_kept(sqlite_sender, body, headers, status, word) -> None:
    answer = sqlite_sender.send(body, **headers)
    assert answer.status_code == status and word in answer.json()["errors"][0]
    assert sqlite_sender.rows() == 0 and sqlite_sender.staged() == []


@pytest.mark.parametrize("kinds", [1, 5])
@pytest.mark.checklist("F-12")
def test_F12_fifty_publishers_of_one_version_over_http(sender: Sender, serving, kinds: int) -> None:
    bodies = [archive(str(number % kinds)) for number in range(50)]
    barrier, answers, lock = threading.Barrier(50), [], threading.Lock()

    def publish(port: int, body: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        barrier.wait()
        connection.request("POST", PATH, body, {"Authorization": f"Bearer {sender.token}"})
        answer = connection.getresponse()
        found = (answer.status, json.loads(answer.read()), body)
        connection.close()
        with lock:
            answers.append(found)

    with serving(sender.registry.app) as port:
        threads = [threading.Thread(target=publish, args=(port, body)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        accepted = [one for one in answers if one[0] == 202]
        assert len(answers) == 50 and len(accepted) == 50 // kinds
        assert {one[0] for one in answers if one not in accepted} <= {409}
        assert len({one[1]["id"] for one in accepted}) == 1 and len({one[2] for one in accepted}) == 1
        sender.finish(accepted[0][1]["id"])
        for body in set(bodies):
            assert sender.send(body).status_code == (200 if body == accepted[0][2] else 409)
    assert sender.rows() == 1 and sender.staged() == []


# Upkeep


def test_staged_bytes_go_when_nobody_needs_them(sender: Sender) -> None:
    kept = sender.send(archive()).json()["id"]
    gone = sender.send(archive(), PATH.replace("1.0.0", "2.0.0")).json()["id"]
    failed = sender.send(archive(), PATH.replace("1.0.0", "3.0.0")).json()["id"]
    storage, database = sender.registry.storage, sender.registry.database
    storage.stage("incoming/upl_rowless", [b"the process died before the row"])
    with database.unit_of_work() as session:
        uploads.refuse(session, gone, "no")
        uploads.fail(session, failed, "no engine")
    keys = [f"incoming/{one}" for one in (kept, gone, failed, "upl_rowless")]
    with database.read() as session:
        assert set(uploads.settled(session, keys)) == {keys[1], keys[3]}
        assert uploads.settled(session, []) == ()
    with database.unit_of_work() as session:
        assert uploads.give_up(session, clock.now() - timedelta(days=7)) == 0
        assert uploads.give_up(session, clock.now() + timedelta(seconds=1)) == 1
        uploads.prune(session, clock.now() + timedelta(seconds=1))
    assert sender.rows() == 1
    assert sender.look(f"/v1/uploads/{kept}").json()["state"] == "received"


def test_a_failed_upload_starts_anew_unless_its_version_is_gone(sender: Sender) -> None:
    first = sender.send(archive()).json()["id"]
    database = sender.registry.database
    with database.unit_of_work() as session:
        uploads.fail(session, first, "no engine")
    with database.unit_of_work() as session:
        assert uploads.resume(session, first).state == "received"
        uploads.fail(session, first, "again")
    second = sender.send(archive("two")).json()["id"]
    assert second != first
    with database.unit_of_work() as session:
        resumed = uploads.resume(session, first)
    assert resumed.state == "refused" and "taken this version" in (resumed.reason or "")
    sender.finish(second)


def test_a_publisher_who_may_not_any_more(sender: Sender) -> None:
    upload_id = sender.send(archive()).json()["id"]
    database = sender.registry.database
    with database.read() as session:
        token_id = session.scalars(select(models.Upload.token_id)).one()
        upload = uploads.find(session, upload_id, tokens.holder(session, token_id))
    with database.unit_of_work() as session:
        tokens.revoke(session, token_id)
    with database.read() as session, pytest.raises(uploads.PublisherGoneError, match="revoked"):
        uploads.require_publisher(session, upload)
    other = sender.registry.token("acme", "read")
    with database.read() as session:
        reader = tokens.authenticate(session, other)
        with pytest.raises(uploads.PublisherGoneError, match="revoked"):
            uploads.require_publisher(session, replace(upload, token_id=reader.token_id))


def test_the_digest_header_and_its_inverse() -> None:
    sha256 = hashlib.sha256(b"x").hexdigest()
    assert staging.declared_sha256(staging.content_digest(sha256)) == sha256
    assert staging.declared_sha256(f"sha-512=:AAAA:, {staging.content_digest(sha256)}") == sha256
    assert staging.declared_sha256(None) is None
