"""What a pull request says of the money."""

from bot.pull_text import cost


def test_the_cost_stands_beside_what_was_set_aside() -> None:
    usage = {
        "model": "claude-opus-5-5", "calls": 2, "input_tokens": 9_000, "output_tokens": 20_000,
        "cache_read_tokens": 1_000, "cost_micros": 440_000, "reserved_micros": 1_400_000,
    }  # fmt: skip
    text = cost(usage)
    assert text.startswith("**$0.44** for 2 calls of `claude-opus-5-5`; at most $1.40 had been set aside")
    assert "10,000 tokens in, 1,000 of them from the cache, and 20,000 out" in text


def test_nothing_is_said_where_no_model_was_asked() -> None:
    assert cost(None) == cost({"calls": 0}) == ""
