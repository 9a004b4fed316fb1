"""What a request was understood to be, what was asked back, and what its issue said when the command was given."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("requests", sa.Column("said_at", UtcDateTime(), nullable=True))
    op.add_column("requests", sa.Column("issue", sa.JSON(), nullable=True))
    op.create_table(
        "briefs",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("brief", sa.JSON(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_briefs_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_briefs")),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.String(length=100), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_questions_request_id_requests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("request_id", "number", name=op.f("uq_questions_request_id")),
    )
    op.create_index(op.f("ix_questions_request_id"), "questions", ["request_id"])


def downgrade() -> None:
    op.drop_table("questions")
    op.drop_table("briefs")
    op.drop_column("requests", "issue")
    op.drop_column("requests", "said_at")
