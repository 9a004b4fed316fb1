"""How each draft came to be: the candidates that were judged, and why they were kept or not."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("drafts", sa.Column("trajectory", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("drafts", "trajectory")
