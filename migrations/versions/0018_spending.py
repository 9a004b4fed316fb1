"""The ledger: every call of a model, on whose account, and what it came to."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime
from core.models import Serial

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "spending",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("job", sa.String(64), nullable=False),
        sa.Column("person", sa.String(100), nullable=False),
        sa.Column("repository", sa.String(200), nullable=False),
        sa.Column("organisation", sa.String(100), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("prompt_sha256", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reserved_micros", sa.BigInteger(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("stop_reason", sa.String(64), nullable=True),
        sa.Column("api_request_id", sa.String(100), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("reserved_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
    )
    op.create_index("ix_spending_job", "spending", ["job"])
    op.create_index("ix_spending_reserved_at", "spending", ["reserved_at"])
    op.create_index("ix_spending_ended_at", "spending", ["ended_at"])


def downgrade() -> None:
    op.drop_table("spending")
