"""Redaction: known values and every shape of token, without touching what merely looks alike."""

import json
import logging
from io import StringIO

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import log
from core.secrets import MASK, Redactor
from core.settings import load

CANARIES = [
    "ghs_" + "a1B2" * 9,
    "ghs_" + "x" * 520,
    "ghp_0123456789abcdefghij",
    "github_pat_11ABCDEFG0123456789_abcdef",
    "sk-ant-api03-AbCdEfGhIjKlMnOp-123",
    "tsm_abcdefghijklmnopqrstuvwxyz0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    "/archives/signed/1790000000/tok_abc/0123abcd/deadbeef.tar.gz",
]


@pytest.mark.checklist("S23", "T-37")
@pytest.mark.parametrize("canary", CANARIES)
def test_S23_tokens_of_every_shape_and_length_are_masked(canary: str) -> None:
    text = Redactor()(f"before {canary} after")
    assert canary not in text
    assert MASK in text
    assert text.startswith("before ")
    assert text.endswith(" after")


def test_a_password_in_an_address_is_masked() -> None:
    assert "hunter2" not in Redactor()("redis://user:hunter2@localhost:6379/0")


@given(st.text(min_size=8).filter(lambda value: value.strip() == value), st.text(), st.text())
def test_a_known_value_never_survives(value: str, before: str, after: str) -> None:
    masked = Redactor([value])(before + value + after)
    assert value not in masked.replace(MASK, "\0")


@pytest.mark.parametrize("harmless", ["sha256:" + "ab" * 32, "v1.2.3", "the token bucket", "eyJ is a prefix", "gh_x"])
def test_what_is_no_secret_stays(harmless: str) -> None:
    assert Redactor()(harmless) == harmless


@pytest.mark.checklist("T-37")
def test_T37_nothing_reaches_the_log_unredacted(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "not-a-known-shape-but-a-known-value"
    settings = load("check", {"TERRASMITH_SECRET_KEY": secret})
    log.configure(settings, "test")
    try:
        logger = log.get_logger("test")
        for canary in [*CANARIES, secret]:
            logger.warning(f"message {canary}", field=canary, deep={"list": [canary, {"inner": canary}]})
            logging.getLogger("library").warning("library says %s", canary)
            try:
                raise ValueError(canary)
            except ValueError:
                logger.exception("it failed")
        printed = capsys.readouterr().err
        assert [
            canary for canary in [*CANARIES, secret] if canary in printed or json.dumps(canary)[1:-1] in printed
        ] == []
        assert all(json.loads(line)["role"] == "test" for line in printed.splitlines())
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        logging.getLogger().handlers = [logging.StreamHandler(StringIO())]
