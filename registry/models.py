"""Tables of the registry: modules, versions, archives, uploads, retention, and what was downloaded.

A version row never changes once it is published.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UtcDateTime
from core.models import Serial


class Module(Base):
    """A module address within a namespace, bound for good to where its first version came from."""

    __tablename__ = "modules"
    __table_args__ = (UniqueConstraint("namespace_id", "name_key", "system"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    namespace_id: Mapped[str] = mapped_column(ForeignKey("namespaces.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(String(64))
    system: Mapped[str] = mapped_column(String(64))
    # repository: the one with this id on GitHub. uploads: the namespace's own uploads, and the id is 0.
    source: Mapped[str] = mapped_column(String(16), server_default="repository")
    repository_id: Mapped[int] = mapped_column(BigInteger, index=True)
    path: Mapped[str] = mapped_column(String(200), default="", server_default="")  # its folder there; empty: the root
    source_url: Mapped[str] = mapped_column(String(500))
    # registry/services/latest.py keeps it; None while nothing can be installed.
    latest_version_id: Mapped[str | None] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The whole module is deprecated, every version of it, also those to come.
    deprecated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deprecation_reason: Mapped[str | None] = mapped_column(Text)
    replacement: Mapped[str | None] = mapped_column(String(400))
    hold_reason: Mapped[str | None] = mapped_column(Text)  # nothing of it may be removed


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
    state: Mapped[str] = mapped_column(String(16))  # registry/version_states.py
    state_reason: Mapped[str | None] = mapped_column(Text)
    state_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    before_quarantine: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # what a restore puts back
    replacement: Mapped[str | None] = mapped_column(String(400))  # namespace/name/system, or that and /version
    hold_reason: Mapped[str | None] = mapped_column(Text)  # it may not be removed
    commit_sha: Mapped[str] = mapped_column(String(64))  # empty, as the tag, for what was uploaded
    tag: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    h1: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of the archive
    interface: Mapped[dict[str, Any]] = mapped_column(JSON)
    readme: Mapped[str] = mapped_column(Text)
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # When its bytes were last found whole.
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    damage: Mapped[str | None] = mapped_column(String(16))  # missing | unreadable | differs
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VersionContents(Base):
    """What a version holds, as read from its archive (`tfmodule.contents`). Big, so it lies beside the version."""

    __tablename__ = "version_contents"

    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    contents: Mapped[dict[str, Any]] = mapped_column(JSON)


class Judgement(Base):
    """What the gate said, under the key of all that it depends on (`gate.reuse`): asked again, nothing runs again."""

    __tablename__ = "judgements"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    judged_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Archive(Base):
    """One archive of the storage, by its digest, from before its bytes are stored until after they are collected.

    `claim` is new each time the bytes may have to be stored anew; who publishes proves that it is still the one he
    stored under. `condemned_at` and `condemned_by` say that a collector is taking the bytes away.
    """

    __tablename__ = "archives"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    claim: Mapped[str] = mapped_column(String(32))
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    condemned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    condemned_by: Mapped[str | None] = mapped_column(String(32))


class RetentionPolicy(Base):
    """What may be removed by age: of one namespace, or of all that have no policy of their own (`default`)."""

    __tablename__ = "retention_policies"

    scope: Mapped[str] = mapped_column(String(32), primary_key=True)  # a namespace's id, or "default"
    prerelease_days: Mapped[int | None] = mapped_column(Integer)
    stable_days: Mapped[int | None] = mapped_column(Integer)
    keep_last: Mapped[int] = mapped_column(Integer)
    keep_downloaded_days: Mapped[int | None] = mapped_column(Integer)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VersionDependency(Base):
    """One thing that one directory of a version needs: a module, a provider, or a Terraform.

    What examples need is not here: whoever installs the version does not install it.
    """

    __tablename__ = "version_dependencies"

    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)  # in the order of parts and lines
    part: Mapped[str] = mapped_column(String(500))  # the directory that needs it, empty for the root
    kind: Mapped[str] = mapped_column(String(16))  # registry/services/dependencies.py
    name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(Text)
    version_constraint: Mapped[str] = mapped_column(Text)
    # Of our own modules: which one, for good, whatever its namespace is called by now.
    module_id: Mapped[str | None] = mapped_column(ForeignKey("modules.id"), index=True)
    target: Mapped[str | None] = mapped_column(String(500))  # the directory that is called, here or in the other module
    path: Mapped[str] = mapped_column(String(500))
    line: Mapped[int] = mapped_column(Integer)


class Upload(Base):
    """One archive that somebody sent, on its way to a version. States: docs/ARCHITECTURE.md, "Upload"."""

    __tablename__ = "uploads"
    __table_args__ = (UniqueConstraint("namespace_id", "idempotency_key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    namespace_id: Mapped[str] = mapped_column(ForeignKey("namespaces.id"), index=True)
    token_id: Mapped[str] = mapped_column(ForeignKey("tokens.id"))
    name: Mapped[str] = mapped_column(String(64))
    system: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(128))
    # Module and version, as they are compared, while this upload is under way or published: one of them for each.
    claim: Mapped[str | None] = mapped_column(String(300), unique=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    body_sha256: Mapped[str] = mapped_column(String(64))
    body_size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    left_out: Mapped[int | None] = mapped_column(Integer)  # files of the archive that are no part of the module
    sha256: Mapped[str | None] = mapped_column(String(64))
    h1: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None] = mapped_column(BigInteger)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    version_id: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DownloadCount(Base):
    """How often one version was installed on one day (UTC) by one version of one client."""

    __tablename__ = "download_counts"

    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True, index=True)
    client: Mapped[str] = mapped_column(String(32), primary_key=True)  # registry/services/clients.py; `other`
    client_version: Mapped[str] = mapped_column(String(32), primary_key=True)  # empty where it does not matter
    count: Mapped[int] = mapped_column(BigInteger)


class SearchDocument(Base):
    """What the search holds of a module's latest version. Its tokens lie in `search_index`, which each engine has."""

    __tablename__ = "search_documents"
    __table_args__ = (UniqueConstraint("module_id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("modules.id"))
    namespace_id: Mapped[str] = mapped_column(String(32))
    version_id: Mapped[str] = mapped_column(String(32))
    scope: Mapped[str] = mapped_column(String(16))  # registry/search/words.py: who can find it
    address: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(Text)  # words, as the next two
    keywords: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    providers: Mapped[str] = mapped_column(Text)
    resource_types: Mapped[str] = mapped_column(Text)
    quality: Mapped[int] = mapped_column(Integer)
    downloads: Mapped[int] = mapped_column(BigInteger)
    tier: Mapped[int] = mapped_column(Integer)  # registry/search/words.py: how often its tokens are there
    indexed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SearchWord(Base):
    """A word that some module is known by, as people write it: what beginnings of words are completed from."""

    __tablename__ = "search_words"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    word: Mapped[str] = mapped_column(String(64), primary_key=True)


class SearchTrigram(Base):
    """A piece of such a word: what mistyped words are compared by."""

    __tablename__ = "search_trigrams"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    trigram: Mapped[str] = mapped_column(String(3), primary_key=True)
    length: Mapped[int] = mapped_column(Integer, primary_key=True)
    word: Mapped[str] = mapped_column(String(64), primary_key=True)


class SearchPending(Base):
    """A module that changed since it was indexed. Triggers of the database write it; a module may be there often."""

    __tablename__ = "search_pending"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    module_id: Mapped[str] = mapped_column(String(32))
