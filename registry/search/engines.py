"""Which engine holds the index: that of the session's database. Both have the same functions, and one test suite."""

from types import ModuleType

from sqlalchemy.orm import Session

from registry.search import postgres, sqlite


def engine_of(session: Session) -> ModuleType:
    """The engine's file."""
    return postgres if session.get_bind().dialect.name == "postgresql" else sqlite
