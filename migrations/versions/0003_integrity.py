"""Provenance, the sweeper's marks, moved tags; and triggers that keep a published version as it is, for good."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0003"
down_revision = "0002"

# What a version is. Neither our own code nor an operator's SQL changes it; the state `tombstone` is left by nothing.
_FIXED = (
    "id", "module_id", "version", "version_key", "commit_sha", "tag", "sha256", "h1", "size", "published_at",
)  # fmt: skip
_CHANGED = "a published version never changes"
_DELETED = "a version is never deleted: it becomes a tombstone"


def upgrade() -> None:
    op.add_column("versions", sa.Column("provenance", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("versions", sa.Column("state_reason", sa.Text(), nullable=True))
    op.add_column("versions", sa.Column("verified_at", UtcDateTime(), nullable=True))
    op.add_column("versions", sa.Column("damage", sa.String(length=16), nullable=True))
    op.execute("UPDATE versions SET verified_at = published_at")
    op.create_index("ix_versions_verified_at", "versions", ["verified_at"])
    found = sa.text("damage IS NOT NULL")
    op.create_index("ix_versions_damage", "versions", ["damage"], sqlite_where=found, postgresql_where=found)
    op.add_column("releases", sa.Column("moved_to", sa.String(length=64), nullable=True))
    op.add_column("releases", sa.Column("released_by_id", sa.BigInteger(), nullable=True))
    op.add_column("releases", sa.Column("released_by_login", sa.String(length=100), nullable=True))
    op.add_column("drafts", sa.Column("instructions_sha256", sa.String(length=64), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgres()
    else:
        _refuse_on_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER versions_never_change ON versions")
        op.execute("DROP TRIGGER versions_never_go ON versions")
        op.execute("DROP TRIGGER versions_never_truncated ON versions")
        op.execute("DROP FUNCTION versions_refuse_change()")
        op.execute("DROP FUNCTION versions_refuse_delete()")
    else:
        op.execute("DROP TRIGGER versions_never_change")
        op.execute("DROP TRIGGER versions_never_go")
    op.drop_index("ix_versions_damage", "versions")
    op.drop_index("ix_versions_verified_at", "versions")
    for column in ("damage", "verified_at", "state_reason", "provenance"):
        op.execute(f"ALTER TABLE versions DROP COLUMN {column}")
    for column in ("released_by_login", "released_by_id", "moved_to"):
        op.execute(f"ALTER TABLE releases DROP COLUMN {column}")
    op.execute("ALTER TABLE drafts DROP COLUMN instructions_sha256")


def _refuse_on_sqlite() -> None:
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _FIXED)
    op.execute(
        "CREATE TRIGGER versions_never_change BEFORE UPDATE ON versions "
        f"WHEN {changed} OR (OLD.provenance IS NOT NULL AND NEW.provenance IS NOT OLD.provenance) "
        "OR (OLD.state = 'tombstone' AND NEW.state IS NOT 'tombstone') "
        f"BEGIN SELECT RAISE(ABORT, '{_CHANGED}'); END"
    )
    op.execute(
        f"CREATE TRIGGER versions_never_go BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, '{_DELETED}'); END"
    )


def _refuse_on_postgres() -> None:
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FIXED)
    for name, text in (("change", _CHANGED), ("delete", _DELETED)):
        op.execute(
            f"CREATE FUNCTION versions_refuse_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN RAISE EXCEPTION '{text}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    op.execute(
        "CREATE TRIGGER versions_never_change BEFORE UPDATE ON versions FOR EACH ROW "
        f"WHEN ({changed} OR (OLD.provenance IS NOT NULL "
        "AND NEW.provenance::text IS DISTINCT FROM OLD.provenance::text) "
        "OR (OLD.state = 'tombstone' AND NEW.state IS DISTINCT FROM 'tombstone')) "
        "EXECUTE FUNCTION versions_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER versions_never_go BEFORE DELETE ON versions "
        "FOR EACH ROW EXECUTE FUNCTION versions_refuse_delete()"
    )
    op.execute(
        "CREATE TRIGGER versions_never_truncated BEFORE TRUNCATE ON versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION versions_refuse_delete()"
    )
