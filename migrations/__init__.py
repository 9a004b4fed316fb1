"""The schema's history: Alembic, one linear line, the same on SQLite and Postgres."""
