"""The kernel's tables: the outbox of events, the jobs they cause, and what changed under the caches."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UtcDateTime

# SQLite only counts up an INTEGER primary key by itself.
Serial = BigInteger().with_variant(Integer, "sqlite")


class OutboxRow(Base):
    """One event, recorded in the transaction that made it true. `relayed_at` is set once its jobs exist."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    event: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    relayed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class Job(Base):
    """One piece of work. States and who moves them: docs/ARCHITECTURE.md, "Job"."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_run_after", "state", "run_after"), Index("ix_jobs_subject", "subject"))

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    # What makes a second row for the same cause impossible: `event:12:acknowledge`, `tick:redeliver:28471233`.
    key: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(200))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    pushes: Mapped[int] = mapped_column(Integer, default=0)
    run_after: Mapped[datetime] = mapped_column(UtcDateTime)
    pushed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Change(Base):
    """Something that a cache may hold has changed. Written by triggers of the database, whoever makes the change."""

    __tablename__ = "changes"
    # Without it SQLite gives the number of a deleted row to the next one, and a watcher would not notice that one.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    topic: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    # Postgres: which transaction wrote it. Rows become visible in another order than they are numbered.
    writer: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), index=True)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
