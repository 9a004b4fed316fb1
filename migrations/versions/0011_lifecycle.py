"""States of versions with their words, whole-module deprecation, holds, retention policies, and archives to collect."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0011"
down_revision = "0010"

_MODULES = (
    ("deprecated_at", UtcDateTime()),
    ("deprecation_reason", sa.Text()),
    ("replacement", sa.String(length=400)),
    ("hold_reason", sa.Text()),
)
_VERSIONS = (
    ("state_changed_at", UtcDateTime()),
    ("before_quarantine", sa.JSON(none_as_null=True)),
    ("replacement", sa.String(length=400)),
    ("hold_reason", sa.Text()),
)


def upgrade() -> None:
    for table, columns in (("modules", _MODULES), ("versions", _VERSIONS)):
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_table(
        "archives",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("condemned_at", UtcDateTime(), nullable=True),
        sa.Column("condemned_by", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_archives")),
    )
    op.create_index(op.f("ix_archives_claimed_at"), "archives", ["claimed_at"])
    # What was published before this table was there. Nobody publishes under this claim.
    op.execute(
        "INSERT INTO archives (sha256, claim, claimed_at) "
        "SELECT sha256, 'before', max(published_at) FROM versions GROUP BY sha256"
    )
    # Which days are old enough to fold, and since when anybody counts.
    op.create_index(op.f("ix_download_counts_day"), "download_counts", ["day"])
    op.create_table(
        "retention_policies",
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("prerelease_days", sa.Integer(), nullable=True),
        sa.Column("stable_days", sa.Integer(), nullable=True),
        sa.Column("keep_last", sa.Integer(), nullable=False),
        sa.Column("keep_downloaded_days", sa.Integer(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_retention_policies")),
    )


def downgrade() -> None:
    op.drop_table("retention_policies")
    op.drop_index(op.f("ix_download_counts_day"), table_name="download_counts")
    op.drop_table("archives")
    for table, columns in (("versions", _VERSIONS), ("modules", _MODULES)):
        for name, _kind in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
