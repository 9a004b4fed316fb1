"""Several modules in one repository: the folder of a module, what a release is of, and which repositories declare."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("modules", sa.Column("path", sa.String(length=200), server_default="", nullable=False))
    op.add_column("releases", sa.Column("module", sa.String(length=130), nullable=True))
    op.add_column("releases", sa.Column("path", sa.String(length=200), server_default="", nullable=False))
    op.create_table(
        "declaring_repositories",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_declaring_repositories")),
    )


def downgrade() -> None:
    op.drop_table("declaring_repositories")
    op.drop_column("releases", "path")
    op.drop_column("releases", "module")
    op.drop_column("modules", "path")
