"""The search: documents, the words they are known by, the index of each engine, and triggers that note what changed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("search_pending", "search_trigrams", "search_words", "search_index", "search_documents")
_TRIGGERS = (
    ("search_module_made", "INSERT", "modules", ""),
    ("search_module_moved", "UPDATE", "modules", "latest_version_id, name, namespace_id, deprecated_at"),
    ("search_version_moved", "UPDATE", "versions", "state"),
    ("search_namespace_moved", "UPDATE", "namespaces", "name, visibility, verified"),
)
_NOTED = {
    "modules": "INSERT INTO search_pending (module_id) VALUES (NEW.id)",
    "versions": "INSERT INTO search_pending (module_id) VALUES (NEW.module_id)",
    "namespaces": "INSERT INTO search_pending (module_id) SELECT id FROM modules WHERE namespace_id = NEW.id",
}


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    op.add_column("namespaces", sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False))
    _documents()
    _words(sa.String(length=64, collation="C") if postgres else sa.String(length=64))
    if postgres:
        _index_on_postgres()
    else:
        _index_on_sqlite()
    # What is there already is indexed by the same job as what comes.
    op.execute("INSERT INTO search_pending (module_id) SELECT id FROM modules")


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for name, _, table, _ in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}" if postgres else f"DROP TRIGGER {name}")
    if postgres:
        op.execute("DROP FUNCTION search_matching(tsquery, integer)")
        for table in _NOTED:
            op.execute(f"DROP FUNCTION search_note_{table}()")
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE namespaces DROP COLUMN verified")


def _documents() -> None:
    op.create_table(
        "search_documents",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("module_id", sa.String(length=32), nullable=False),
        sa.Column("namespace_id", sa.String(length=32), nullable=False),
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("providers", sa.Text(), nullable=False),
        sa.Column("resource_types", sa.Text(), nullable=False),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("downloads", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["modules.id"], name=op.f("fk_search_documents_module_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_documents")),
        sa.UniqueConstraint("module_id", name=op.f("uq_search_documents_module_id")),
    )
    op.create_table(
        "search_pending",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("module_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_pending")),
    )


def _words(word: sa.String) -> None:
    op.create_table(
        "search_words",
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.PrimaryKeyConstraint("scope", "word", name=op.f("pk_search_words")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_trigrams",
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("trigram", sa.String(length=3), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.PrimaryKeyConstraint("scope", "trigram", "length", "word", name=op.f("pk_search_trigrams")),
        sqlite_with_rowid=False,
    )


def _index_on_sqlite() -> None:
    # No positions are kept: ranking looks at the documents. These characters are those of registry/search/words.py.
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(terms, detail=none, columnsize=0, "
        "tokenize=\"ascii tokenchars '%@^~=:/.-_'\")"
    )
    for name, moment, table, columns in _TRIGGERS:
        when = f"{moment} OF {columns}" if columns else moment
        op.execute(f"CREATE TRIGGER {name} AFTER {when} ON {table} BEGIN {_NOTED[table]}; END")


def _index_on_postgres() -> None:
    op.execute(
        "CREATE TABLE search_index (document_id BIGINT NOT NULL, terms TSVECTOR NOT NULL, "
        "CONSTRAINT pk_search_index PRIMARY KEY (document_id))"
    )
    # Without a list of pending entries, which every search would have to read through.
    op.execute("CREATE INDEX ix_search_index_terms ON search_index USING gin (terms) WITH (fastupdate = off)")
    # The planner thinks of our tokens as independent, and would now and then read the whole table.
    op.execute(
        "CREATE FUNCTION search_matching(wanted tsquery, most integer) RETURNS SETOF bigint "
        "LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$ "
        "BEGIN RETURN QUERY SELECT document_id FROM search_index WHERE terms @@ wanted LIMIT most; END $$"
    )
    for table, statement in _NOTED.items():
        op.execute(
            f"CREATE FUNCTION search_note_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {statement}; RETURN NULL; END $$"
        )
    for name, moment, table, columns in _TRIGGERS:
        when = f"{moment} OF {columns}" if columns else moment
        op.execute(f"CREATE TRIGGER {name} AFTER {when} ON {table} FOR EACH ROW EXECUTE FUNCTION search_note_{table}()")
