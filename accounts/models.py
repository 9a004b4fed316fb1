"""Tables of who may do what: namespaces, tokens, policies, and the audit of every change; who spent what."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UtcDateTime
from core.models import Serial


class Namespace(Base):
    """The first part of a module's address. Born when the app is installed, and bound to the account's numeric id."""

    __tablename__ = "namespaces"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(String(64), unique=True)  # case-folded, `_` as `-`: confusable names collide
    github_account_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    account_type: Mapped[str] = mapped_column(String(20))  # Organization | User
    visibility: Mapped[str] = mapped_column(String(16))  # private | public
    registry_credentials: Mapped[bool] = mapped_column(Boolean, server_default=false())  # archives by token, not by URL
    # Whether the operator vouches for the account behind it.
    verified: Mapped[bool] = mapped_column(Boolean, server_default=false())
    state: Mapped[str] = mapped_column(String(16))  # active | suspended | removed
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class NamespaceName(Base):
    """A name that a namespace has or had. Never deleted: what was one account's name never becomes another's."""

    __tablename__ = "namespace_names"

    name_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    spelling: Mapped[str] = mapped_column(String(64))  # case-folded, `-` and `_` as they were
    namespace_id: Mapped[str] = mapped_column(ForeignKey("namespaces.id"), index=True)


class Token(Base):
    """A registry token. Only its SHA-256 is kept."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    namespace_id: Mapped[str] = mapped_column(ForeignKey("namespaces.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    allow: Mapped[str] = mapped_column(String(16))  # read | publish
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PolicySet(Base):
    """An organisation's policies, whole. One that is replaced or removed is kept: versions were judged by it."""

    __tablename__ = "policy_sets"
    __table_args__ = (
        Index(
            "ix_policy_sets_active",
            "namespace_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    namespace_id: Mapped[str] = mapped_column(ForeignKey("namespaces.id"))
    digest: Mapped[str] = mapped_column(String(64))
    files: Mapped[dict[str, str]] = mapped_column(JSON)  # text by path
    actor: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PolicyOverride(Base):
    """Somebody decided that a module need not keep a soft policy. Kept after it ends. The module need not exist yet."""

    __tablename__ = "policy_overrides"
    __table_args__ = (Index("ix_policy_overrides_module", "namespace_id", "module_key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    namespace_id: Mapped[str] = mapped_column(ForeignKey("namespaces.id"))
    module_key: Mapped[str] = mapped_column(String(200))  # name/system, the name folded as in `modules`
    policy: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(200))


class Spending(Base):
    """One call of a model: whose, for what, and what it came to. Money in millionths of a dollar. Never deleted."""

    __tablename__ = "spending"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    job: Mapped[str] = mapped_column(String(64), index=True)  # the run it was made for
    person: Mapped[str] = mapped_column(String(100))
    repository: Mapped[str] = mapped_column(String(200))
    organisation: Mapped[str] = mapped_column(String(100))
    purpose: Mapped[str] = mapped_column(String(16))  # brief | write | repair | review
    model: Mapped[str] = mapped_column(String(100))
    prompt_sha256: Mapped[str] = mapped_column(String(64))  # of the whole request
    number: Mapped[int]  # tells calls of one job with the same prompt apart
    state: Mapped[str] = mapped_column(String(16))  # accounts.spending.SPENDING_TRANSITIONS
    reserved_micros: Mapped[int] = mapped_column(BigInteger)
    cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    usage: Mapped[dict[str, int] | None] = mapped_column(JSON)
    stop_reason: Mapped[str | None] = mapped_column(String(64))
    api_request_id: Mapped[str | None] = mapped_column(String(100))
    answer: Mapped[str | None] = mapped_column(Text)  # until `prune_rows` forgets it
    reserved_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class AuditRow(Base):
    """Who changed what, written in the transaction of the change. Never updated."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(200))  # github:LOGIN, token:ID, operator, system
    action: Mapped[str] = mapped_column(String(64))  # namespace.bind, token.create, version.publish …
    subject: Mapped[str] = mapped_column(String(200), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
