"""How often each documented question asks the database: a figure that is reviewed, the same on both databases.

What `terraform init` asks has its own, in test_hot.py; the plans of a search are held by registry_search.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import event

from core.db import Database
from registry.api.own.table import document
from tests.integration.registry.example_world import OTHERS, QUERIES, THERE, Asking, fill
from tests.integration.registry.uploading import archive

# Who asks is one of them.
STATEMENTS = {
    "dependencies_needed": 4,
    "dependencies_needing": 6,
    "dependencies_working": 8,
    "evidence_of_namespace": 3,
    "evidence_of_version": 3,
    "listing_all_modules": 4,
    "listing_downloads_summary": 4,
    "listing_latest": 8,
    "listing_latest_download": 3,
    "listing_of_name": 5,
    "listing_of_namespace": 5,
    "listing_one_version": 8,
    "listing_search": 8,
    "modules_all_modules": 4,
    "modules_downloads": 5,
    "modules_one_module": 6,
    "modules_versions": 5,
    "namespaces_listing": 3,
    "search_find": 15,
    "uploads_look": 3,
    "versions_changed": 7,
    "versions_digests": 3,
    "versions_example": 4,
    "versions_facts": 4,
    "versions_judgement": 3,
    "versions_origin": 3,
    "versions_readme": 4,
}


def _questions(asking: Asking) -> Iterator[tuple[str, str]]:
    """Every GET of the description, by its id."""
    sent = asking.ask("POST", "/v1/modules/acme/queue/aws/1.0.0/upload", content=archive()).json()["id"]
    for path, operations in document()["paths"].items():
        if "get" in operations:
            name = operations["get"]["operationId"]
            yield name, path.format(**{**THERE, **OTHERS.get(name, {}), "upload": sent}) + QUERIES.get(name, "")


def test_how_many_statements_each_answer_costs_and_none_reads_a_whole_table(registry) -> None:
    asking = Asking(fill(registry))
    asking.ask("GET", "/api/v1/namespaces")  # the use of a token is written down once an hour
    asked: list[tuple[str, Any]] = []
    event.listen(registry.database.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    found, plans = {}, {}
    for name, path in _questions(asking):
        asked.clear()
        answer = asking.ask("GET", path)
        assert answer.status_code < 400, (path, answer.text)
        said = [one for one in asked if not one[0].startswith(("BEGIN", "PRAGMA"))]
        found[name] = len(said)
        if "search" not in name:
            plans[name] = _whole_tables(registry.database, said)
    assert found == STATEMENTS
    assert not {name: lines for name, lines in plans.items() if lines}


def _whole_tables(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    """The lines of their plans that read a table from its beginning to its end, and not along an index."""
    postgres = not database.url.startswith("sqlite")
    with database.read() as session:
        connection = session.connection()
        if postgres:  # for so few rows it would read the whole table, rightly
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
        lines = [
            str(row[0] if postgres else row[3])
            for statement, parameters in statements
            for row in connection.exec_driver_sql(explain + statement, parameters)
        ]
    return [line for line in lines if "Seq Scan" in line or (line.startswith("SCAN") and "USING INDEX" not in line)]
