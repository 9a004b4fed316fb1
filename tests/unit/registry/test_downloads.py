"""Locations of archives: signed ones live two minutes at most, are one within a window, and open one object only."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.services.downloads import UnknownArchiveError, check_signature, signed_path, signing_key

KEY = signing_key("k" * 32)
DIGEST = "ab" * 32
START = datetime(2026, 1, 1, tzinfo=UTC)


def _parts(path: str) -> tuple[str, str, str, str]:
    _, _, _, expires, token, signature, file = path.split("/")
    return expires, token, signature, file.removesuffix(".tar.gz")


def _accepted(path: str, now: datetime, key: bytes = KEY) -> bool:
    expires, token, signature, digest = _parts(path)
    try:
        check_signature(key, expires, token, signature, digest, now)
    except UnknownArchiveError:
        return False
    return True


@given(st.floats(0, 59.999))
@pytest.mark.checklist("R17")
def test_R17_a_signed_location_is_the_same_within_a_window(seconds: float) -> None:
    assert signed_path(KEY, "tok_1", DIGEST, START) == signed_path(
        KEY, "tok_1", DIGEST, START + timedelta(seconds=seconds)
    )


@given(st.floats(0, 10_000), st.floats(0, 300))
@pytest.mark.checklist("T-14")
def test_T14_a_signed_location_lives_between_60_and_120_seconds(offset: float, age: float) -> None:
    made = START + timedelta(seconds=offset)
    path = signed_path(KEY, "tok_1", DIGEST, made)
    alive = _accepted(path, made + timedelta(seconds=age))
    if age < 59.9:
        assert alive
    if age > 120.1:
        assert not alive


@given(st.integers(0, 250), st.sampled_from(string.hexdigits.lower() + "/_."))
@pytest.mark.checklist("T-14")
def test_T14_any_change_of_a_signed_location_closes_it(position: int, character: str) -> None:
    path = signed_path(KEY, "tok_1", DIGEST, START)
    position %= len(path)
    changed = path[:position] + character + path[position + 1 :]
    if changed == path or changed.count("/") != path.count("/"):
        return
    prefix = "/archives/signed/"
    if changed.startswith(prefix) and changed.endswith(".tar.gz"):
        assert not _accepted(changed, START)


@pytest.mark.checklist("T-14")
def test_T14_another_key_another_token_another_object() -> None:
    path = signed_path(KEY, "tok_1", DIGEST, START)
    assert _accepted(path, START)
    assert not _accepted(path, START, signing_key("x" * 32))
    assert not _accepted(path.replace("tok_1", "tok_2"), START)
    assert not _accepted(path.replace(DIGEST, "cd" * 32), START)


@pytest.mark.parametrize("expires", ["", "-1", "1e9", "٣", "9" * 40, "1 "])
@pytest.mark.checklist("T-14")
def test_T14_a_strange_expiry_is_refused(expires: str) -> None:
    with pytest.raises(UnknownArchiveError):
        check_signature(KEY, expires, "tok_1", "00", DIGEST, START)
