"""What each version needs: modules, providers, a Terraform."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "version_dependencies",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version_constraint", sa.Text(), nullable=False),
        sa.Column("module_id", sa.String(length=32), nullable=True),
        sa.Column("target", sa.String(length=500), nullable=True),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["modules.id"], name=op.f("fk_version_dependencies_module_id")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_dependencies_version_id")),
        sa.PrimaryKeyConstraint("version_id", "number", name=op.f("pk_version_dependencies")),
    )
    op.create_index(op.f("ix_version_dependencies_module_id"), "version_dependencies", ["module_id"])
