"""Reports of the gate, by the key of all that they depend on."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "judgements",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("judged_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_judgements")),
    )
    op.create_index(op.f("ix_judgements_judged_at"), "judgements", ["judged_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_judgements_judged_at"), table_name="judgements")
    op.drop_table("judgements")
