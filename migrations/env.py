"""Runs migrations on the database that `core.migrate` names. Offline SQL is not supported."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import text

from core.db import Database, UtcDateTime
from migrations.tables import metadata

_LOCK = 7_238_114  # any number, the same in every process: one migration at a time


def _render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen.imports.add("from core.db import UtcDateTime")
        return "UtcDateTime()"
    return False


database = Database(context.config.attributes["url"])
try:
    with database.engine.connect().execution_options(terrasmith_write=True) as connection:
        milliseconds = round(context.config.attributes["lock_seconds"] * 1000)
        if connection.dialect.name == "sqlite":
            connection.connection.cursor().execute(f"PRAGMA busy_timeout = {milliseconds:d}")
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = 0"))  # a migration takes as long as it takes
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            # Whoever waits for a table makes all others wait behind it: rather give up, and be run again.
            connection.execute(text(f"SET lock_timeout = {milliseconds:d}"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            transactional_ddl=True,  # on SQLite too: half a migration would be worse than a slow one
            transaction_per_migration=True,  # Postgres locks a table until its own transaction ends
            render_item=_render,
        )
        with context.begin_transaction():
            context.run_migrations()
finally:
    database.dispose()  # with its lock: whoever tries again in this process would wait for it
