"""What each version holds: its root, submodules and examples."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "version_contents",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_contents_version_id")),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_version_contents")),
    )
