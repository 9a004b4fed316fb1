"""Storage in an S3 bucket: AWS, MinIO, Ceph, SeaweedFS. The only file that knows boto3.

Nothing is replaced: every write carries `If-None-Match: *` and a digest of its bytes, and is read back where it must
last. Refuses nothing on its own account: what the server refuses is told with what the operator can do.
"""

import base64
import contextlib
import hashlib
import io
import itertools
import random
import secrets
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO

import boto3.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from registry.storage.places import Bucket
from registry.storage.port import (
    INCOMING,
    ObjectDiffersError,
    ObjectMissingError,
    StorageRefusedError,
    StorageUnavailableError,
    Stored,
    check_archive,
    check_incoming,
    check_key,
)
from registry.storage.presigning import Signer, presigned_get
from registry.storage.s3_failures import failure_of, status_of
from registry.storage.s3_reading import Opened, ResumingReader

# The least that S3 takes as a part: what one upload holds in memory, twice for a moment.
_PART = 5 * 1024 * 1024
_BUFFER = 256 * 1024
_CONNECTIONS = 64
_CONFLICTS = 5
_THERE_ALREADY, _IN_CONFLICT = 412, 409
# Marks who wrote an object: an answer that was lost on the way makes our own write look like another's.
_WRITER = "terrasmith-writer"


class S3Storage:
    """Keeps each object under the bucket's prefix. May be used by many threads; never across a fork."""

    def __init__(self, place: Bucket) -> None:
        self.place = place
        with self._telling("the start"):
            try:
                self._session = boto3.session.Session(profile_name=place.profile, region_name=place.region)
                self._client: Any = self._session.client("s3", endpoint_url=place.endpoint, config=_config(place))
            except ValueError as error:  # the SDK's word for an endpoint that it cannot use
                raise StorageRefusedError(f"{self._name} cannot be used: {error}; correct its address.") from None
        self._encryption = {"ServerSideEncryption": place.sse} if place.sse else {}
        if place.kms_key:
            self._encryption["SSEKMSKeyId"] = place.kms_key
        self._base_url: str | None = None

    def put(self, key: str, data: bytes) -> None:
        check_key(key)
        self._write(key, data)
        if not self._holds(key, data):
            raise ObjectDiffersError(key)

    def open(self, key: str) -> BinaryIO:
        check_key(key)
        return io.BufferedReader(ResumingReader(lambda start, etag: self._get(key, start, etag)), _BUFFER)

    def size(self, key: str) -> int:
        return int(self._head(key)["ContentLength"])

    def exists(self, key: str) -> bool:
        try:
            self._head(key)
        except ObjectMissingError:
            return False
        return True

    def objects(self, prefix: str = "") -> Iterator[Stored]:
        for item in self._pages("list_objects_v2", "Contents", prefix):
            key = str(item["Key"]).removeprefix(self.place.prefix)
            yield Stored(key, int(item["Size"]), item["LastModified"])

    def direct_url(self, key: str, begins: datetime, seconds: int) -> str | None:
        check_key(key)
        with self._telling("signing"):
            found = self._session.get_credentials()
            if found is None:
                raise StorageRefusedError(f"{self._name}: there are no keys to sign with.")
            frozen = found.get_frozen_credentials()
            region = self._client.meta.region_name
            signer = Signer(frozen.access_key, frozen.secret_key, frozen.token, _plain_region(region))
            return presigned_get(self._url() + self.place.prefix + key, signer, begins, seconds)

    def stage(self, key: str, chunks: Iterable[bytes]) -> int:
        check_incoming(key)
        parts = _parts(chunks)
        begun = list(itertools.islice(parts, 2))
        if len(begun) == 2:
            return self._stage_in_parts(key, _chained(begun, parts))
        data = begun[0] if begun else b""
        if not self._write(key, data):
            raise ObjectDiffersError(key)
        return len(data)

    def discard(self, key: str) -> None:
        check_incoming(key)
        with self._telling("discarding"):
            self._client.delete_object(**self._at(key))

    def remove(self, key: str) -> None:
        check_archive(key)
        with self._telling("removing"):
            self._client.delete_object(**self._at(key))

    def staged(self, before: datetime) -> tuple[str, ...]:
        for begun in self._pages("list_multipart_uploads", "Uploads", INCOMING):
            if begun["Initiated"] < before:
                self._abort(str(begun["Key"]).removeprefix(self.place.prefix), begun["UploadId"])
        return tuple(sorted(one.key for one in self.objects(INCOMING) if one.modified < before))

    @property
    def _name(self) -> str:
        return f"the storage {self.place}"

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.place.name, "Key": self.place.prefix + key}

    def _telling(self, doing: str) -> contextlib.AbstractContextManager[None]:
        return _telling(self._name, doing)

    def _write(self, key: str, data: bytes) -> bool:
        """Write what is not there yet; False where somebody else's bytes stand."""
        mark = secrets.token_hex(16)
        for attempt in range(_CONFLICTS):
            with self._telling("writing"):
                try:
                    self._client.put_object(IfNoneMatch="*", **_body(data), **self._new(key, mark))
                except ClientError as error:
                    if status_of(error) == _THERE_ALREADY:
                        return self._is_marked(key, mark)
                    if status_of(error) != _IN_CONFLICT:
                        raise
                else:
                    return True
            # Another writer is at this very key, now: wait for its end.
            time.sleep(random.uniform(0.05, 0.1) * 2**attempt)  # noqa: S311  (jitter)
        raise StorageUnavailableError(f"{self._name} is being written to under {key} by somebody else.", 5.0)

    def _stage_in_parts(self, key: str, parts: Iterator[bytes]) -> int:
        mark, size = secrets.token_hex(16), 0
        with self._telling("writing"):
            upload = self._client.create_multipart_upload(**self._new(key, mark))["UploadId"]
        try:
            etags: list[str] = []
            for part in parts:
                etags.append(self._write_part(key, upload, len(etags) + 1, part))
                size += len(part)
                del part  # or it would be held while the next one is gathered
            self._complete(key, upload, etags, mark)
        except BaseException:
            # What stays behind, should this fail too, `staged` takes away.
            with contextlib.suppress(StorageUnavailableError):
                self._abort(key, upload)
            raise
        return size

    def _write_part(self, key: str, upload: str, number: int, part: bytes) -> str:
        with self._telling("writing"):
            answer = self._client.upload_part(PartNumber=number, UploadId=upload, **_body(part), **self._at(key))
            return str(answer["ETag"])

    def _complete(self, key: str, upload: str, etags: list[str], mark: str) -> None:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        with self._telling("writing"):
            try:
                self._client.complete_multipart_upload(
                    UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*", **self._at(key)
                )
            except ClientError as error:
                if status_of(error) not in (_THERE_ALREADY, _IN_CONFLICT, 404):
                    raise
        # Also where it seemed to succeed: not every server keeps two ends apart that come at the same moment.
        if not self._is_marked(key, mark):
            raise ObjectDiffersError(key)

    def _abort(self, key: str, upload: str) -> None:
        with self._telling("clearing away"):
            try:
                self._client.abort_multipart_upload(UploadId=upload, **self._at(key))
            except ClientError as error:
                if status_of(error) != 404:
                    raise

    def _new(self, key: str, mark: str) -> dict[str, Any]:
        # No Content-Encoding, ever: a client would unwrap the archive and then fail (R27).
        described = {"ContentType": "application/gzip", "Metadata": {_WRITER: mark}}
        return {**self._at(key), **described, **self._encryption}

    def _is_marked(self, key: str, mark: str) -> bool:
        try:
            return bool(self._head(key).get("Metadata", {}).get(_WRITER) == mark)
        except ObjectMissingError:
            return False

    def _holds(self, key: str, data: bytes) -> bool:
        seen = 0
        with self.open(key) as stream:
            while piece := stream.read(_BUFFER):
                if piece != data[seen : seen + len(piece)]:
                    return False
                seen += len(piece)
        return seen == len(data)

    def _head(self, key: str) -> Any:
        check_key(key)
        with self._telling("asking"):
            try:
                return self._client.head_object(**self._at(key))
            except ClientError as error:
                if status_of(error) == 404:
                    raise ObjectMissingError(key) from None
                raise

    def _get(self, key: str, start: int, etag: str | None) -> Opened:
        wanted: dict[str, str] = {"Range": f"bytes={start}-"} if start else {}
        if etag is not None:
            wanted["IfMatch"] = etag
        with self._telling("reading"):
            try:
                answer = self._client.get_object(**wanted, **self._at(key))
            except ClientError as error:
                if error.response["Error"].get("Code") == "NoSuchKey":
                    raise ObjectMissingError(key) from None
                if status_of(error) == _THERE_ALREADY:
                    raise ObjectDiffersError(key) from None
                raise
        part = answer.get("ContentRange", "")
        if start and not part.startswith(f"bytes {start}-"):
            answer["Body"].close()
            raise StorageRefusedError(f"{self._name} gives the whole of an object where a part is asked for.")
        total = part.rpartition("/")[2] or answer["ContentLength"]
        return Opened(answer["Body"], int(total), answer["ETag"], lambda: self._telling("reading"))

    def _pages(self, operation: str, field: str, prefix: str) -> Iterator[Any]:
        with self._telling("listing"):
            pages = self._client.get_paginator(operation).paginate(
                Bucket=self.place.name, Prefix=self.place.prefix + prefix
            )
            for page in pages:
                yield from page.get(field, ())

    def _url(self) -> str:
        """The address of the bucket, as the SDK would write it."""
        if self._base_url is None:
            asked = {"Bucket": self.place.name, "Key": "x"}
            made = self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=60)
            self._base_url = str(made).partition("?")[0].removesuffix("x")
        return self._base_url


def _config(place: Bucket) -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": place.style, "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": place.attempts},
        connect_timeout=min(place.timeout, 5.0),
        read_timeout=place.timeout,
        max_pool_connections=_CONNECTIONS,
        user_agent_extra="terrasmith",
    )


def _body(data: bytes) -> dict[str, Any]:
    # Every S3 server there is compares this one with what arrived; not all look at the signature of a body.
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    return {"Body": data, "ContentMD5": base64.b64encode(digest).decode()}


def _plain_region(region: str | None) -> str:
    return "us-east-1" if region in (None, "aws-global") else str(region)


@contextlib.contextmanager
def _telling(name: str, doing: str) -> Iterator[None]:
    """What the SDK raises, as what the rest of the house knows."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise failure_of(error, name, doing) from error


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The stream in pieces of the size of a part; the last one may be smaller."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while size + len(rest) >= _PART:
            cut = _PART - size
            held.append(bytes(rest[:cut]))
            part, held, size, rest = b"".join(held), [], 0, rest[cut:]
            yield part
            del part
        if rest:
            held.append(bytes(rest))
            size += len(rest)
    if held:
        yield b"".join(held)


def _chained(begun: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    while begun:
        yield begun.pop(0)
    yield from rest
