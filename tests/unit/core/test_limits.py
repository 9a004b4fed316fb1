"""Budgets: how many in how long, counted in a sliding window, in bounded memory, and added up over processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.limits import Budget, Limiter, budget


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


def _of(text: str) -> Budget:
    found = budget("reads", text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [("600/minute", 600, 60), ("3000/10 seconds", 3000, 10), ("5 per 2 hours", 5, 7200), (" 1/second ", 1, 1)],
)
def test_what_an_operator_may_write(text: str, amount: int, seconds: int) -> None:
    found = _of(text)
    assert (found.amount, found.seconds, found.namespace) == (amount, seconds, "reads")


@pytest.mark.parametrize(
    "text", ["", "many", "600", "0/minute", "-5/minute", "1e9/minute", "5/fortnight", "1/s;2/minute"]
)
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(ValueError):
        budget("reads", text)


@pytest.mark.parametrize("text", ["off", "OFF", "0", " 0 "])
def test_off_is_no_limit(text: str) -> None:
    assert budget("reads", text) is None


def test_it_says_how_long_and_that_is_long_enough(hands: Hands) -> None:
    limiter, three = Limiter(hands), _of("3/10 seconds")
    assert [limiter.take(three, "a") for _ in range(4)] == [0, 0, 0, 11]
    assert limiter.take(three, "b") == 0, "another one has a budget of their own"
    hands.now += 11
    assert limiter.take(three, "a") == 0
    assert limiter.take(three, "a") == limiter.wait(three, "a") > 0
    hands.now += limiter.wait(three, "a")
    assert limiter.wait(three, "a") == 0, "asking takes nothing"
    assert limiter.take(three, "a") == 0
    hands.now += 100
    assert [limiter.take(three, "a") for _ in range(3)] == [0, 0, 0]


@given(
    st.integers(1, 20),
    st.integers(1, 60),
    st.lists(st.tuples(st.floats(0, 70, allow_nan=False), st.integers(1, 30)), max_size=30),
)
def test_who_waits_as_told_is_let_in_and_no_window_lets_in_more_than_twice(
    amount: int, seconds: int, visits: list[tuple[float, int]]
) -> None:
    hands = Hands()
    limiter, allowed = Limiter(hands), _of(f"{amount}/{seconds} seconds")
    admitted: list[float] = []
    for pause, asked in visits:
        hands.now += pause
        for _ in range(asked):
            wait = limiter.take(allowed, "a")
            if wait:
                assert 1 <= wait <= 2 * seconds + 1
                hands.now += wait
                assert limiter.take(allowed, "a") == 0
            admitted.append(hands.now)
    # A sliding window of two counters is an estimate: never worse than two full windows beside each other.
    for moment in admitted:
        assert sum(moment <= other < moment + seconds for other in admitted) <= 2 * amount


def test_memory_is_bounded_and_the_busy_are_remembered(hands: Hands) -> None:
    limiter, two = Limiter(hands, keep=100), _of("2/10 seconds")
    assert [limiter.take(two, "busy") for _ in range(3)] == [0, 0, 11]
    for one in range(5000):
        limiter.take(two, f"stranger {one}")
        if one % 50 == 0:
            assert limiter.take(two, "busy") == 11
    windows = limiter.windows
    assert len(windows._young) + len(windows._old) <= 200 and len(windows._seconds_of) <= 200


def test_what_others_counted_counts(hands: Hands) -> None:
    """Two processes that tell each other; a shared memory that forgot everything takes nothing back."""
    here, there, ten = Limiter(hands), Limiter(hands), _of("10/10 seconds")
    for _ in range(6):
        here.take(ten, "a")
        there.take(ten, "a")
    (first,), (second,) = here.windows.untold(10), there.windows.untold(10)
    assert (first.amount, second.amount) == (6, 6) and first.key == second.key
    here.take(ten, "a")  # between asking and hearing
    here.windows.learn(first, 12)
    there.windows.learn(second, 12)
    assert here.take(ten, "a") and there.take(ten, "a")
    assert [one.amount for one in here.windows.untold(10)] == [1] and there.windows.untold(10) == []
    here.windows.learn(first, 1)
    assert here.take(ten, "a")
    hands.now += 100
    assert here.take(ten, "a") == 0
    here.windows.learn(first, 1000)  # news of a window that is over
    assert here.take(ten, "a") == 0
