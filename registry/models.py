"""Tables of the registry: modules and their versions. A version row never changes once it is published."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UtcDateTime


class Module(Base):
    """A module address within a namespace, bound to the numeric id of the repository it came from."""

    __tablename__ = "modules"
    __table_args__ = (UniqueConstraint("namespace_id", "name_key", "system"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    namespace_id: Mapped[str] = mapped_column(ForeignKey("namespaces.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(String(64))
    system: Mapped[str] = mapped_column(String(64))
    repository_id: Mapped[int] = mapped_column(BigInteger, index=True)
    source_url: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Version(Base):
    """One published version: the digest of its archive, where it came from, and what the gate said.

    Triggers of the database refuse to change its identity, its digests or its provenance, and to delete it.
    """

    __tablename__ = "versions"
    __table_args__ = (
        UniqueConstraint("module_id", "version_key"),
        Index(
            "ix_versions_damage",
            "damage",
            sqlite_where=text("damage IS NOT NULL"),
            postgresql_where=text("damage IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("modules.id"), index=True)
    version: Mapped[str] = mapped_column(String(128))
    version_key: Mapped[str] = mapped_column(String(128))  # without build metadata: equal precedence, same version
    state: Mapped[str] = mapped_column(String(16))  # registry/services/lifecycle.py
    state_reason: Mapped[str | None] = mapped_column(Text)
    commit_sha: Mapped[str] = mapped_column(String(64))
    tag: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    h1: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of the archive
    interface: Mapped[dict[str, Any]] = mapped_column(JSON)
    readme: Mapped[str] = mapped_column(Text)
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    verified_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, index=True
    )  # when its bytes were last found whole
    damage: Mapped[str | None] = mapped_column(String(16))  # missing | unreadable | differs
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
