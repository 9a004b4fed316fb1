"""How the index keeps up: by notes of triggers, in parts, at any scale, without reading whole tables."""

from types import SimpleNamespace
from typing import Any

from sqlalchemy import event, text

from accounts import namespaces
from core import jobs
from registry import models
from registry.search import words
from registry.services import indexing, lifecycle, search, search_standing
from registry.services.search import Question
from tfmodule.address import Address
from tfmodule.version import Version
from workers import execution
from workers.jobs import JOBS
from workers.schedule import SCHEDULE

OURS = ("search_documents", "search_words", "search_trigrams", "search_pending", "search_index", "namespaces")


def _run(database, name: str) -> str:
    environment: Any = SimpleNamespace(
        settings=SimpleNamespace(lease_seconds=30.0), database=database, redact=lambda text: text
    )
    with database.unit_of_work() as session:
        jobs.create(session, key=f"test:{name}", name=name, queue=JOBS[name].queue, subject="test", args={})
        view = jobs.views(session, subject="test")[0]
    return execution.run(environment, view.id)


def test_the_job_indexes_what_was_noted_and_is_made_only_when_something_was(shelf) -> None:
    due = next(tick.due for tick in SCHEDULE if tick.job == "index_modules")
    shelf.put("acme/queue/aws", {"main.tf": ""})
    with shelf.database.read() as session:
        assert due(session)
    assert _run(shelf.database, "index_modules") == jobs.DONE
    assert shelf.names("queue") == ["acme/queue/aws"]
    with shelf.database.read() as session:
        assert not due(session)


def test_a_rebuild_repairs_what_is_wrong_and_forgets_what_is_gone(filled) -> None:
    with filled.database.unit_of_work() as session:
        session.execute(text("DELETE FROM search_index"))
        session.add(models.SearchWord(scope="", word="forgotten"))
        session.add(models.SearchTrigram(scope="", trigram="for", length=9, word="forgotten"))
    assert filled.names("queue") == []
    rebuilt = indexing.Rebuilt()
    with filled.database.unit_of_work() as session:
        ids = indexing.all_modules(session)
        for start in range(0, len(ids), 2):
            indexing.index_modules(session, ids[start : start + 2], rebuilt)
    filled.put("acme/late/aws", {"main.tf": ""})  # while the rebuild is under way
    filled.index()
    with filled.database.unit_of_work() as session:
        assert indexing.finish_rebuild(session, rebuilt) == 1
    assert filled.names("queue")[0] == "acme/queue/aws"
    assert filled.names("lat") == ["acme/late/aws"]
    assert filled.names("bukcet")[0] == "acme/s3-bucket/aws"


def test_what_is_installed_more_often_comes_first(filled) -> None:
    with filled.database.unit_of_work() as session:
        ids = {row.address: row.module_id for row in session.query(models.SearchDocument)}
        changes = search_standing.changes(session, {ids["acme/worker/aws"]: 50_000})
        search_standing.write(session, changes)
    assert [one.downloads for one in changes] == [50_000]
    assert filled.names("aws_sqs_queue")[0] == "acme/worker/aws"
    assert filled.names("queue")[0] == "acme/queue/aws"
    assert _run(filled.database, "rank_modules") == jobs.DONE
    assert filled.names("aws_sqs_queue")[0] == "acme/queue/aws"  # nobody has really installed it


def test_words_that_are_everywhere_are_answered_from_the_upper_tiers(filled) -> None:
    """The best two of five, and the best one of these, hold their tokens once more."""
    for wanted in ({0: 4, 1: 1, 2: 1}, {0: 6}):
        sizes = (2, 1) if 2 in wanted else (100, 50)
        with filled.database.unit_of_work() as session:
            search_standing.write(session, search_standing.changes(session, {}, sizes))
        filled.index()
        with filled.database.read() as session:
            tiers = [row.tier for row in session.query(models.SearchDocument)]
            assert {tier: tiers.count(tier) for tier in tiers} == wanted
            marked = [search.expression((words.PUBLIC_SCOPE,), [], [], tier=one) for one in ("", *words.TIERS)]
            counts = [len(found) for found in search.matching(session, [(one, 10) for one in marked])]
        assert counts == ([5, 2, 1] if 2 in wanted else [5, 0, 0])
        assert len(filled.names("queue")) == 4


def test_every_statement_of_a_search_uses_an_index(filled) -> None:
    said: list[tuple[str, Any]] = []
    with filled.database.read() as session:
        connection = session.connection()

        def note(_connection, _cursor, statement, parameters, *_more) -> None:
            said.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        for asked in ("queue bukcet", "que", "aws_sqs_queue", ""):
            search.search(session, Question(text=asked, system="aws"), None)
        assert indexing.is_behind(session) is False
        event.remove(connection, "before_cursor_execute", note)
        postgres = connection.dialect.name == "postgresql"
        if postgres:  # for so few rows it would read the whole table, rightly
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            # What the function of the schema does, as it plans it.
            said.append(("SELECT document_id FROM search_index WHERE terms @@ 'queue & aws' LIMIT 5", ()))
        plans = []
        for statement, parameters in said:
            if statement.startswith(("SELECT", "WITH")):
                explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
                rows = connection.exec_driver_sql(explain + statement, parameters)
                plans += [str(row[0] if postgres else row[3]) for row in rows]
    assert len(plans) > 10
    assert not postgres or any("ix_search_index_terms" in line for line in plans)
    whole = [f"{kind} {name}" for kind in ("Seq Scan on", "SCAN") for name in OURS]
    scanned = [line for line in plans if any(one in line for one in whole) and "VIRTUAL TABLE INDEX" not in line]
    assert not [line for line in scanned if "pending" not in line], scanned


def test_a_verified_namespace_is_found_as_such(filled) -> None:
    with filled.database.unit_of_work() as session:
        assert namespaces.set_verified(session, "acme", on=True).verified
    assert filled.find().facets["verified"][0].value == "true"  # shown at once, found as such when indexed
    filled.index()
    assert len(filled.names(verified=True)) == 5


def test_what_is_deprecated_comes_later_and_what_is_revoked_is_found_no_more(filled) -> None:
    queue, worker = Address.parse("acme/queue/aws"), Address.parse("acme/worker/aws")
    words_ = lifecycle.Words("Use another.")
    assert filled.names(resource_type="aws_sqs_queue") == [str(queue), str(worker)]
    with filled.database.unit_of_work() as session:
        lifecycle.change_module(session, "deprecate", queue, words_, lifecycle.OPERATOR)
    filled.index()
    assert filled.names(resource_type="aws_sqs_queue") == [str(worker), str(queue)]
    with filled.database.unit_of_work() as session:
        lifecycle.change(session, "revoke", worker, Version.parse("1.0.0"), words_, lifecycle.OPERATOR)
    filled.index()
    assert filled.names(resource_type="aws_sqs_queue") == [str(queue)]
