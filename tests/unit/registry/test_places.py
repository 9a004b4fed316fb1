"""Addresses of storages: what they may say, and that a wrong one is told without repeating what it holds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import Settings
from registry.storage.opening import open_storage, place_of
from registry.storage.places import Bucket, Folder, InvalidPlaceError, parse_place
from registry.storage.port import StorageRefusedError, StorageUnavailableError
from registry.storage.presigning import Signer, presigned_get
from registry.storage.s3_failures import failure_of


def test_a_folder_and_a_bucket_with_everything() -> None:
    assert parse_place("file:///var/lib/terra%20smith") == Folder(Path("/var/lib/terra smith"))
    assert parse_place("s3://modules") == Bucket("modules")
    whole = (
        "s3://modules/prod/eu/?endpoint=https://s3.example.com:9000/&region=eu-central-1&style=path&sse=aws:kms"
        "&kms_key=arn:aws:kms:eu-central-1:111122223333:key/1234abcd&profile=ops&timeout=5&attempts=2"
    )
    assert parse_place(whole) == Bucket(
        "modules", "prod/eu/", "https://s3.example.com:9000", "eu-central-1", "path", "aws:kms",
        "arn:aws:kms:eu-central-1:111122223333:key/1234abcd", "ops", 5.0, 2,
    )  # fmt: skip
    assert str(parse_place(whole)) == "s3://modules/prod/eu at https://s3.example.com:9000"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "neither s3:// nor file:///"),
        ("modules", "neither"),
        ("https://s3.example.com/modules", "neither"),
        ("file://relative/path", "file:///ABSOLUTE"),
        ("file:///a?x=1", "no options"),
        ("s3://", "no bucket name"),
        ("s3://b_", "no bucket name"),
        ("s3://modules/../other", "prefix"),
        ("s3://modules/a//b", "prefix"),
        ("s3://modules/.hidden", "prefix"),
        ("s3://AKIAEXAMPLE:hunter2secret@modules", "keys do not belong"),
        ("s3://modules?secret=hunter2secret", "not known; the options are endpoint, region"),
        ("s3://modules#x", "not known"),
        ("s3://modules?region=a&region=b", "twice"),
        ("s3://modules?region=", "cannot be one"),
        ("s3://modules?endpoint=s3.example.com", "http(s) address"),
        ("s3://modules?endpoint=https://hunter2secret@s3.example.com", "http(s) address"),
        ("s3://modules?endpoint=http://[::1", "no address"),
        ("s3://modules?style=host", "auto, path, virtual"),
        ("s3://modules?sse=aes", "AES256, aws:kms"),
        ("s3://modules?kms_key=1234", "needs sse=aws:kms"),
        ("s3://modules?timeout=soon", "from 0.1 to 600"),
        ("s3://modules?timeout=nan", "from 0.1 to 600"),
        ("s3://modules?attempts=0", "from 1 to 10"),
        ("s3://mo\ndules", "no address"),
        ("s3://[x", "no address"),
    ],
)
def test_a_wrong_address_is_told(text: str, told: str) -> None:
    with pytest.raises(InvalidPlaceError) as caught:
        parse_place(text)
    assert told in caught.value.message and "hunter2secret" not in caught.value.message


def test_the_settings_name_the_variable(tmp_path: Path) -> None:
    assert place_of(Settings(data_dir=tmp_path)) == Folder(tmp_path / "storage")
    with pytest.raises(
        SettingsError, match=r"^TERRASMITH_STORAGE is wrong: style is one of .*; it expects s3://BUCKET"
    ):
        open_storage(Settings(storage="s3://modules?style=x"))
    with pytest.raises(
        SettingsError, match=r"^TERRASMITH_STORAGE is wrong: file:///dev/null/x: not a directory; it exp"
    ):
        open_storage(Settings(storage="file:///dev/null/x"))
    with pytest.raises(SettingsError, match=r"^TERRASMITH_ARCHIVES is wrong: a folder has no address"):
        open_storage(Settings(data_dir=tmp_path, archives="redirect"))


@pytest.mark.checklist("R17", "R21")
def test_R17_R21_a_signed_address_is_that_of_the_signatures_own_specification() -> None:
    """The example of S3's documentation for a query signature, and its one correct end."""
    signer = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, "us-east-1")
    begins = datetime(2013, 5, 24, tzinfo=UTC)
    url = presigned_get("https://examplebucket.s3.amazonaws.com/test.txt", signer, begins, 86400)
    assert url.endswith("=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    names = [part.split("=")[0] for part in url.partition("?")[2].split("&")]
    assert names[:-1] == sorted(names[:-1]) and names[-1] == "X-Amz-Signature"
    assert "wJalr" not in repr(signer) and "AKIA" not in repr(signer)
    passing = Signer("AK", "secret", "a token/with+signs", "eu-west-1")
    assert "X-Amz-Security-Token=a%20token%2Fwith%2Bsigns" in presigned_get("https://h/b/k", passing, begins, 60)


class _AnswerError(Exception):
    def __init__(self, status: int, code: str, **headers: str) -> None:
        about = {
            "HTTPStatusCode": status,
            "HTTPHeaders": {name.replace("_", "-"): one for name, one in headers.items()},
        }
        self.response = {"Error": {"Code": code, "Message": "<script>"}, "ResponseMetadata": about}


@pytest.mark.parametrize(
    ("answer", "told", "final"),
    [
        (_AnswerError(403, "AccessDenied"), "s3:GetObject", True),
        (_AnswerError(403, "QuotaExceeded"), "raise its quota", False),
        (_AnswerError(400, "AuthorizationHeaderMalformed"), "region=", True),
        (_AnswerError(301, "301"), "region=", True),
        (_AnswerError(403, "RequestTimeTooSkewed"), "clocks", True),
        (_AnswerError(501, "NotImplemented"), "If-None-Match", True),
        (_AnswerError(400, "KMS.DisabledException"), "400 KMS.DisabledException", True),
        (_AnswerError(400, "BadDigest"), "ill or busy", False),
        (_AnswerError(503, "503"), "(503)", False),
        (OSError("x"), "does not answer (OSError)", False),
    ],
)
def test_a_failure_says_what_to_do(answer: Exception, told: str, final: bool) -> None:
    error = failure_of(answer, "the storage s3://modules", "writing")
    assert told in error.message and error.message.startswith("The storage s3://modules failed at writing: ")
    assert isinstance(error, StorageRefusedError) is final and "<script>" not in error.message


def test_a_server_may_say_when_to_come_back() -> None:
    assert failure_of(_AnswerError(503, "SlowDown", retry_after="17"), "x", "y").retry_after == 17
    for odd in ("soon", "-1", "99999999"):
        told = failure_of(_AnswerError(503, "SlowDown", retry_after=odd), "x", "y")
        assert isinstance(told, StorageUnavailableError) and told.retry_after == 5
