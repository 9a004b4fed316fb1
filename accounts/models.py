"""Tables of who may do what: namespaces, tokens, and the audit of every change."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, String, false
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


class AuditRow(Base):
    """Who changed what, written in the transaction of the change. Never updated."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(200))  # github:LOGIN, token:ID, operator, system
    action: Mapped[str] = mapped_column(String(64))  # namespace.bind, token.create, version.publish …
    subject: Mapped[str] = mapped_column(String(200), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
