"""Events: written as plain values and read back the same, also by an older process."""

import dataclasses

import pytest

from core.events import EVENTS, Event, from_payload, to_payload

_SAMPLES = {"int": 7, "str": "text", "int | None": 7, "str | None": "text"}


def _sample(kind: type[Event]) -> Event:
    return kind(
        **{field.name: _SAMPLES[str(getattr(field.type, "__name__", field.type))] for field in dataclasses.fields(kind)}
    )


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_survives_the_outbox(name: str) -> None:
    event = _sample(EVENTS[name])
    payload = to_payload(event)
    assert from_payload(name, payload) == event
    assert from_payload(name, payload | {"added_in_a_later_release": 1}) == event
    assert event.subject


def test_events_are_frozen() -> None:
    event = _sample(EVENTS["CommandReceived"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.request_id = "other"  # type: ignore[attr-defined]
