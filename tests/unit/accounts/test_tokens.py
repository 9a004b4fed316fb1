"""Tokens without a database: their shape, their checksum, and what is refused before anybody is asked."""

import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import tokens


class _NoSession:
    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was asked: {name}")


@pytest.mark.checklist("T-07")
def test_T07_a_new_secret_is_well_formed_and_never_the_same() -> None:
    made = {tokens._new_secret() for _ in range(200)}
    assert len(made) == 200
    for secret in made:
        assert secret.startswith("tsm_") and len(secret) == 40 and secret[4:].isalnum()
        assert tokens.is_well_formed(secret)


@given(st.integers(0, 39), st.sampled_from(tokens._BASE62))
@pytest.mark.checklist("T-07")
def test_T07_one_wrong_character_is_refused_without_the_database(position: int, character: str) -> None:
    secret = "tsm_" + "a" * 30
    secret += tokens._checksum(secret)
    typed = secret[:position] + character + secret[position + 1 :]
    assert tokens.is_well_formed(typed) == (typed == secret)
    if typed != secret:
        assert tokens.authenticate(_NoSession(), typed) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "tsm_", "ghp_" + "a" * 36, "tsm_" + "a" * 36 + "\n", "tsm_" + "é" * 36, "\x00" * 40]
)
@pytest.mark.checklist("T-07")
def test_T07_what_is_no_token_of_ours_is_refused_without_the_database(text: str) -> None:
    assert tokens.authenticate(_NoSession(), text) is None  # type: ignore[arg-type]


def test_T07_random_strings_of_the_right_shape_fail_the_checksum() -> None:
    passed = sum(
        tokens.is_well_formed("tsm_" + "".join(secrets.choice(tokens._BASE62) for _ in range(36))) for _ in range(1000)
    )
    assert passed == 0
