"""The simulator's one SQLite connection: rows in, rows out, one transaction per request.

It knows no GitHub rule. Everything runs on the event loop's thread, so a transaction without an await inside is atomic.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .schema import SCHEMA

Row = dict[str, Any]
FIRST_ID = 1_001


class Store:
    """Rows are plain dictionaries; ids come from one sequence, so an id of one kind never fits another kind."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process keeps every commit under NORMAL in WAL mode; only a power cut could lose the last ones.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.executescript(SCHEMA)
        self._db.execute("INSERT OR IGNORE INTO counters VALUES ('id', ?)", (FIRST_ID,))

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def next_id(self) -> int:
        row = self._db.execute("UPDATE counters SET value = value + 1 WHERE name = 'id' RETURNING value").fetchone()
        return int(row[0])

    def execute(self, sql: str, *args: Any) -> int:
        return self._db.execute(sql, args).rowcount

    def all(self, sql: str, *args: Any) -> list[Row]:
        return [dict(row) for row in self._db.execute(sql, args)]

    def first(self, sql: str, *args: Any) -> Row | None:
        row = self._db.execute(sql, args).fetchone()
        return None if row is None else dict(row)

    def count(self, sql: str, *args: Any) -> int:
        return int(self._db.execute(sql, args).fetchone()[0])

    def get(self, table: str, row_id: int) -> Row | None:
        return self.first(f"SELECT * FROM {table} WHERE id = ?", row_id)

    def must(self, table: str, row_id: int) -> Row:
        row = self.get(table, row_id)
        if row is None:
            raise LookupError(f"{table} {row_id}")
        return row

    def insert(self, table: str, **values: Any) -> Row:
        values.setdefault("id", None)
        if values["id"] is None:
            values["id"] = self.next_id()
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))
        return self.must(table, values["id"])

    def put(self, table: str, **values: Any) -> None:
        """Insert or replace in a table without an id of its own."""
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))

    def update(self, table: str, row_id: int, **values: Any) -> Row:
        if values:
            assignments = ", ".join(f"{column} = ?" for column in values)
            self._db.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", (*values.values(), row_id))
        return self.must(table, row_id)

    def delete(self, table: str, row_id: int) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE id = ?", (row_id,))
