"""Steps of a version that a maintainer allows although a comparison asks for a larger one."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "step_allowances",
        sa.Column("module_id", sa.String(length=32), nullable=False),
        sa.Column("version_key", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("allowed_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["module_id"], ["modules.id"], name=op.f("fk_step_allowances_module_id_modules")),
        sa.PrimaryKeyConstraint("module_id", "version_key", name=op.f("pk_step_allowances")),
    )


def downgrade() -> None:
    op.drop_table("step_allowances")
