"""How long a token is used, and that it hides itself. Sharing is tested with a real Valkey, among the slower tests."""

from datetime import timedelta

from bot.github.tokens import Token, TokenCache
from core import clock
from core.settings import Settings


def token(value: str, seconds: float) -> Token:
    return Token(value, clock.now() + timedelta(seconds=seconds))


def test_a_token_is_used_until_a_minute_before_its_end(settings: Settings) -> None:
    """G8."""
    cache = TokenCache(None, settings)
    minted = iter([token("ghs_a", 59), token("ghs_b", 3600), token("ghs_c", 3600)])
    assert [cache.get("x", lambda: next(minted)) for _ in range(3)] == ["ghs_a", "ghs_b", "ghs_b"]


def test_names_are_kept_apart(settings: Settings) -> None:
    cache = TokenCache(None, settings)
    assert cache.get("a", lambda: token("ghs_a", 3600)) == "ghs_a"
    assert cache.get("b", lambda: token("ghs_b", 3600)) == "ghs_b"


def test_only_the_refused_token_is_forgotten(settings: Settings) -> None:
    cache = TokenCache(None, settings)
    cache.get("x", lambda: token("ghs_new", 3600))
    cache.evict("x", "ghs_old")
    assert cache.get("x", lambda: token("ghs_newer", 3600)) == "ghs_new"
    cache.evict("x", "ghs_new")
    assert cache.get("x", lambda: token("ghs_newer", 3600)) == "ghs_newer"


def test_a_failed_mint_leaves_nothing_behind(settings: Settings) -> None:
    cache = TokenCache(None, settings)

    def fail() -> Token:
        raise RuntimeError

    for _ in range(2):
        try:
            cache.get("x", fail)
        except RuntimeError:
            continue
    assert cache.get("x", lambda: token("ghs_x", 3600)) == "ghs_x"


def test_a_token_does_not_show_itself() -> None:
    assert "ghs_" not in repr(token("ghs_x", 3600))
