"""The latest version of each module, in its row."""

import sqlalchemy as sa
from alembic import op

from tfmodule.version import Version, latest

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # No foreign key: the two tables would point at each other, and a version is never deleted.
    op.add_column("modules", sa.Column("latest_version_id", sa.String(length=32), nullable=True))
    op.create_index("ix_modules_latest_version_id", "modules", ["latest_version_id"])
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    versions: dict[str, dict[Version, str]] = {}
    rows = connection.execute(sa.text("SELECT id, module_id, version FROM versions WHERE state = 'published'"))
    for version_id, module_id, text in rows:
        versions.setdefault(module_id, {})[Version.parse(text)] = version_id
    for module_id, found in versions.items():
        highest = latest(found)
        assert highest is not None
        connection.execute(
            sa.text("UPDATE modules SET latest_version_id = :version_id WHERE id = :module_id"),
            {"version_id": found[highest], "module_id": module_id},
        )


def downgrade() -> None:
    op.drop_index("ix_modules_latest_version_id", table_name="modules")
    op.drop_column("modules", "latest_version_id")
