"""The cache: bounded, thrown away by tag, and never given what was read before a change was heard of."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cache import Flights, TaggedCache
from core.errors import Transient

_KEYS = st.integers(0, 9)
_DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _KEYS, st.integers(1, 60), st.sets(st.sampled_from("abc"))),
        st.tuples(st.just("get"), _KEYS),
        st.tuples(st.just("evict"), st.one_of(st.none(), st.sets(st.sampled_from("abc")))),
    ),
    max_size=60,
)


@given(_DEEDS)
def test_it_holds_no_more_than_it_may_and_nothing_that_was_evicted(deeds) -> None:
    cache: TaggedCache[int, int] = TaggedCache(100)
    valid: dict[int, tuple[int, set[str]]] = {}
    for number, (deed, *what) in enumerate(deeds):
        match deed:
            case "put":
                key, size, tags = what
                assert cache.put(key, number, tuple(tags), size, cache.ticket())
                valid[key] = (number, tags)
            case "get":
                found = cache.get(what[0])
                assert found is None or found == valid[what[0]][0]
            case _:
                cache.evict(what[0])
                valid = {key: kept for key, kept in valid.items() if what[0] is not None and not kept[1] & what[0]}
        assert cache.size <= 100
    for key in range(10):
        assert cache.get(key) is None or key in valid


def test_what_was_used_last_stays() -> None:
    cache: TaggedCache[str, str] = TaggedCache(2)
    for key in "ab":
        cache.put(key, key, (), 1, cache.ticket())
    assert cache.get("a") == "a"
    cache.put("c", "c", (), 1, cache.ticket())
    assert (cache.get("a"), cache.get("b"), cache.get("c"), len(cache), cache.size) == ("a", None, "c", 2, 2)
    assert not cache.put("huge", "x", (), 3, cache.ticket()) and len(cache) == 2


@pytest.mark.parametrize("change", [{"module:1"}, None])
def test_a_value_read_before_a_change_is_not_kept_after_it(change) -> None:
    cache: TaggedCache[str, str] = TaggedCache(10)
    ticket = cache.ticket()
    cache.evict(change)
    assert not cache.put("old", "x", ("module:1", "namespace:1"), 1, ticket)
    assert cache.put("other", "x", ("module:2",), 1, ticket) is (change is not None)
    assert cache.put("new", "x", ("module:1",), 1, cache.ticket()) and cache.get("old") is None


def test_changes_forgotten_for_their_number_count_as_any_change() -> None:
    cache: TaggedCache[str, str] = TaggedCache(10)
    ticket = cache.ticket()
    cache.evict({"module:1"})
    for number in range(20):
        cache.evict({f"module:{number}-{one}" for one in range(1_000)})
    assert not cache.put("old", "x", ("module:1",), 1, ticket)


def test_all_who_ask_at_once_share_one_flight_and_its_failure() -> None:
    ready, count = threading.Event(), 0

    def work() -> str:
        nonlocal count
        count += 1
        assert ready.wait(30)
        if count == 2:
            raise Transient("no")
        return "yes"

    async def many() -> list:
        joined = [asyncio.ensure_future(flights.join("key", work, 30)) for _ in range(20)]
        await asyncio.sleep(0)  # all of them are aboard
        ready.set()
        return await asyncio.gather(*joined, return_exceptions=True)

    with ThreadPoolExecutor(4) as pool:
        flights: Flights[str] = Flights(pool, joinable_seconds=30)
        assert asyncio.run(many()) == ["yes"] * 20 and count == 1
        ready.clear()
        assert {type(one) for one in asyncio.run(many())} == {Transient} and count == 2


def test_a_flight_that_takes_too_long_takes_nobody_aboard_and_is_not_waited_for() -> None:
    ready = threading.Event()

    async def one(flights: Flights[bool]) -> bool:
        return await flights.join("key", lambda: ready.wait(30), 0.01)

    with ThreadPoolExecutor(4) as pool:
        flights: Flights[bool] = Flights(pool, joinable_seconds=0)
        with pytest.raises(TimeoutError):
            asyncio.run(one(flights))
        ready.set()
        assert asyncio.run(flights.join("key", lambda: True, 30)) is True


def test_a_flight_that_waited_for_a_thread_is_not_taken_for_one_that_hangs() -> None:
    with ThreadPoolExecutor(1) as executor:
        held, flights = threading.Event(), Flights[int](executor)
        executor.submit(held.wait, 30)
        try:
            with pytest.raises(Transient, match="too much"):
                asyncio.run(flights.join("free", lambda: 1, 0.05))
        finally:
            held.set()
        assert asyncio.run(flights.join("free again", lambda: 2, 30)) == 2
