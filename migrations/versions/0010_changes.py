"""What changed, for caches: triggers write it, so that no writer can forget to, not even one with a SQL shell."""

import sqlalchemy as sa
from alembic import op

from core.db import UtcDateTime

revision = "0010"
down_revision = "0009"

# Table, what happens to it, when it counts, and what it then is about. A column that comes later counts by itself; what
# the read path does not show is named: the sweeper's marks, and when a token was last used.
_SAME_MARKS = "NEW.verified_at IS {not_distinct} OLD.verified_at AND NEW.damage IS {not_distinct} OLD.damage"
_WATCHED = (
    ("namespaces", "UPDATE", "", "namespace", "NEW.id"),
    ("namespaces", "DELETE", "", "namespace", "OLD.id"),
    ("namespace_names", "INSERT", "", "namespace", "NEW.namespace_id"),
    ("namespace_names", "UPDATE", "", "namespace", "NEW.namespace_id"),
    ("namespace_names", "DELETE", "", "namespace", "OLD.namespace_id"),
    ("modules", "UPDATE", "", "module", "NEW.id"),
    ("modules", "DELETE", "", "module", "OLD.id"),
    ("versions", "INSERT", "", "module", "NEW.module_id"),
    ("versions", "UPDATE", f"NEW.state <> OLD.state OR ({_SAME_MARKS})", "module", "NEW.module_id"),
    ("tokens", "UPDATE", "NEW.last_used_at IS {not_distinct} OLD.last_used_at", "token", "NEW.id"),
    ("tokens", "DELETE", "", "token", "OLD.id"),
)


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    writer = sa.text("pg_current_xact_id()::text::bigint") if postgres else sa.text("0")
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("writer", sa.BigInteger(), server_default=writer, nullable=False),
        sa.Column("recorded_at", UtcDateTime(), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_changes_writer"), "changes", ["writer"], unique=False)
    for table, operation, when, topic, subject in _WATCHED:
        name = f"{table}_note_{operation.lower()}"
        note = f"INSERT INTO changes (topic, subject) VALUES ('{topic}', {subject});"  # noqa: S608
        if postgres:
            condition = f" WHEN ({when.format(not_distinct='NOT DISTINCT FROM')})" if when else ""
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {note} RETURN NULL; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {name} AFTER {operation} ON {table} FOR EACH ROW{condition} EXECUTE FUNCTION {name}()"
            )
        else:
            condition = f" WHEN {when.format(not_distinct='')}" if when else ""
            op.execute(f"CREATE TRIGGER {name} AFTER {operation} ON {table}{condition} BEGIN {note} END")


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for table, operation, *_ in _WATCHED:
        name = f"{table}_note_{operation.lower()}"
        op.execute(f"DROP TRIGGER {name} ON {table}" if postgres else f"DROP TRIGGER {name}")
        if postgres:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index(op.f("ix_changes_writer"), table_name="changes")
    op.drop_table("changes")
