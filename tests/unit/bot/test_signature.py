"""T-01, S2: who may speak as GitHub. Nothing here touches a database."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake import Intake, RefusedError, read_json, verify

OLD, NEW = "o" * 32, "n" * 32
BODY = b'{"zen": "x"}'
JSON = [(b"content-type", b"application/json")]


def sign(secret, body=BODY, digest=hashlib.sha256):
    return hmac.new(secret.encode(), body, digest).hexdigest()


def signed(value):
    return [(b"x-hub-signature-256", value if isinstance(value, bytes) else value.encode())]


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_s3_two_secrets_hold_while_one_replaces_the_other(secret):
    verify([OLD, NEW], signed(f"sha256={sign(secret)}"), BODY)


GOOD = f"sha256={sign(OLD)}"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        signed(""),
        signed(sign(OLD)),
        signed(f"sha1={sign(OLD, digest=hashlib.sha1)}"),
        [(b"x-hub-signature", f"sha1={sign(OLD, digest=hashlib.sha1)}".encode())],
        signed(f"sha256={sign('another secret, long enough, too')}"),
        signed(f"sha256={sign('')}"),
        signed(f"sha256={sign(OLD).upper()}"),
        signed(f"SHA256={sign(OLD)}"),
        signed(GOOD[:-1]),
        signed(GOOD + "0"),
        signed(GOOD + "\n"),
        signed(GOOD + " "),
        signed(GOOD.replace("=", "= ")),
        signed(f"sha256={sign(OLD)[:-1]}é".encode()),
        signed(b"sha256=" + b"\xff" * 64),
        signed("sha256=" + "０" * 64),
        signed(GOOD) * 2,
        signed(GOOD) + signed("sha256=" + "0" * 64),
        signed(f"{GOOD},{GOOD}"),
    ],
)
def test_t01_s2_any_other_signature_is_refused(headers):
    with pytest.raises(RefusedError) as refused:
        verify([OLD, NEW], headers, BODY)
    assert refused.value.answer.status == 401


def test_t01_a_body_written_anew_is_refused():
    with pytest.raises(RefusedError):
        verify([OLD], signed(GOOD), json.dumps(json.loads(BODY), separators=(",", ":")).encode())


@given(st.binary(max_size=100))
def test_s2_no_header_makes_it_fail_otherwise(value):
    with pytest.raises(RefusedError):
        verify([OLD], signed(value), BODY)


@pytest.mark.parametrize("secrets", [[], [""], [OLD, ""]])
def test_s1_no_door_without_a_secret(secrets):
    with pytest.raises(ValueError, match="no webhook secret"):
        Intake(None, secrets)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ([], b"{}", 415),
        ([(b"content-type", b"application/x-www-form-urlencoded")], b"payload=%7B%7D", 415),
        ([(b"content-type", b"text/plain; a=application/json")], b"{}", 415),
        (JSON * 2, b"{}", 415),
        (JSON, b"", 400),
        (JSON, b"[]", 400),
        (JSON, b'"x"', 400),
        (JSON, b"null", 400),
        (JSON, b"{", 400),
        (JSON, b'{"a": NaN}', 400),
        (JSON, b'{"a": "\xff"}', 400),
        (JSON, '{"a": 1}'.encode("utf-16"), 400),
        (JSON, b'{"a": ' + b"1" * 5000 + b"}", 400),
        (JSON, b'{"a":' * 100 + b"1" + b"}" * 100, 400),
        (JSON, b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}", 400),
    ],
)
def test_s4_only_a_shallow_json_object_is_read(headers, body, status):
    with pytest.raises(RefusedError) as refused:
        read_json(headers, body)
    assert refused.value.answer.status == status


@pytest.mark.parametrize("kind", [b"application/json", b"application/json; charset=utf-8", b"Application/JSON"])
def test_json_is_read(kind):
    assert read_json([(b"content-type", kind)], b'{"a": [{"b": 1}]}') == {"a": [{"b": 1}]}
