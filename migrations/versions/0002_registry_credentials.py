"""Whether a namespace lets clients fetch private archives with their own token."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # A plain ADD COLUMN on both databases: no table is rewritten, and the old release goes on inserting.
    op.add_column(
        "namespaces", sa.Column("registry_credentials", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("namespaces", "registry_credentials")
