"""What a handler may answer: a change to make in the delivery's transaction, or that there is nothing to do, and why.

Handlers look at the body without a database; only what acts costs a transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from bot.payloads import Payload


@dataclass(frozen=True)
class Ignored:
    """Nothing to do. Such a delivery leaves no row, so it cannot stand in the way of anything."""

    reason: str


@dataclass(frozen=True)
class Hearing:
    """Who we are: the number of our own app, where it is known."""

    app_id: int | None = None


Change = Callable[[Session], Ignored | None]
"""Runs inside the delivery's transaction: calls services, records events, and may still find nothing to do."""


@dataclass(frozen=True)
class Handler:
    """The body that an event has, and the function that reads it."""

    payload: type[Payload]
    handle: Callable[[Any, Hearing], Change | Ignored]
