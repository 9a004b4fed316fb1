"""Words that no module of a scope has any more: told to nobody, whether it closed, was withdrawn, or says less."""

import pytest
from sqlalchemy import select

from accounts import namespaces
from registry import models
from registry.search import words
from registry.services import lifecycle
from tfmodule.address import Address
from tfmodule.version import Version

SECRET = "zephyrquartz"
ADDRESS = "open/zephyrquartz/aws"
FILES = {
    "main.tf": 'resource "aws_sqs_queue" "this" {}\n',
    "README.md": "# zephyrquartz\n\nQueues of the mergerproject and проектслияние, for factories.\n",
}
ASKED = ("bucket mergerprojcet", "bucket проектслияине", "bucket zephyrqartz", "mergerprojcet", "bucket factoryes")


def _known(shelf, scope: str = words.PUBLIC_SCOPE) -> set[str]:
    with shelf.database.read() as session:
        tables = (models.SearchWord, models.SearchTrigram)
        first, second = (set(session.scalars(select(one.word).where(one.scope == scope))) for one in tables)
    assert second <= first
    return first


@pytest.fixture
def told(filled):
    """A public module beside the others, whose words are told as corrections and complete what is typed."""
    filled.namespace("open")
    filled.put(ADDRESS, FILES)
    filled.index()
    for text in ASKED[:3]:
        assert filled.find(text).corrections, text
    assert filled.names("mergerp") == [ADDRESS]
    assert {"mergerproject", "проектслияние", SECRET, "factories"} <= _known(filled)
    return filled


def _assert_forgotten(shelf, before: set[str]) -> None:
    shelf.index()
    assert _known(shelf) == before
    for text in ASKED:
        assert not shelf.find(text).corrections, text
    assert shelf.find("mergerp").module_ids == ()


@pytest.mark.checklist("T-09")
def test_the_words_of_a_namespace_that_closed_are_told_to_no_stranger(filled) -> None:
    before = _known(filled)
    filled.namespace("open")
    filled.put(ADDRESS, FILES)
    filled.index()
    assert filled.find("bucket mergerprojcet").corrections == {"mergerprojcet": "mergerproject"}
    with filled.database.unit_of_work() as session:
        namespaces.set_visibility(session, "open", "private")
    for text in ASKED:  # with that very commit
        assert not filled.find(text).corrections, text
    _assert_forgotten(filled, before)
    mine = filled.reader("open")
    assert filled.find("bucket mergerprojcet", mine).corrections == {"mergerprojcet": "mergerproject"}
    assert filled.names("mergerp", mine) == [ADDRESS]
    with filled.database.unit_of_work() as session:
        scope = words.scope_of(namespaces.set_visibility(session, "open", "public").id, public=False)
    filled.index()
    assert "mergerproject" in _known(filled) and _known(filled, scope) == set()


@pytest.mark.parametrize("verb", ["revoke", "quarantine"])
def test_the_words_of_what_was_withdrawn_are_forgotten(told, verb: str) -> None:
    with told.database.unit_of_work() as session:
        lifecycle.change(
            session, verb, Address.parse(ADDRESS), Version.parse("1.0.0"), lifecycle.Words("No."), lifecycle.OPERATOR
        )
    told.index()
    assert not {"mergerproject", "проектслияние", SECRET, "factories"} & _known(told)
    assert {"queue", "bucket"} <= _known(told)
    for text in ASKED:
        assert not told.find(text).corrections, text


def test_a_word_stays_while_one_module_has_it_and_goes_with_the_last(told) -> None:
    told.put("acme/merger/aws", {"README.md": "# merger\n\nFor the mergerproject too.\n", "main.tf": ""})
    told.put(ADDRESS, {**FILES, "README.md": "# zephyrquartz\n\nQueues.\n"}, version="1.1.0")
    told.index()
    assert "mergerproject" in _known(told) and not {"проектслияние", "factories"} & _known(told)
    assert SECRET in _known(told)
    told.put("acme/merger/aws", {"README.md": "# merger\n\nFor nothing.\n", "main.tf": ""}, version="1.1.0")
    told.index()
    assert not {w for w in _known(told) if w.startswith("mergerp")}


@pytest.mark.checklist("T-09")
def test_until_a_closed_namespace_is_indexed_no_answer_depends_on_its_words(filled) -> None:
    """Two namespaces with other words close: whoever tries beginnings and misspellings is answered alike."""
    asked = ("queue_buk", "buket", "buket queue", "buketwer", "buketwerk", "queue_zephyr", "zephyr queue")
    answers = []
    for name, word in (("one", "buketwerk"), ("two", "zephyrquartz")):
        filled.namespace(name)
        filled.put(
            f"{name}/{word}/aws", {"main.tf": "", "README.md": f"# x\n\nA {word} of queue_{word}, bucket_{word}."}
        )
        filled.index()
        assert filled.names(word[:6]) == [f"{name}/{word}/aws"]
        with filled.database.unit_of_work() as session:
            namespaces.set_visibility(session, name, "private")
        answers.append([filled.find(text) for text in asked])
        assert filled.names("queue") and filled.names("aws_sqs_queue")  # the words themselves are still found
        filled.index()
        assert filled.find("bukcet").corrections == {"bukcet": "bucket"}
    assert answers[0] == answers[1]
    with filled.database.unit_of_work() as session:  # who may read it is told as before, though nothing is indexed yet
        namespaces.set_visibility(session, "two", "public")
    filled.index()
    with filled.database.unit_of_work() as session:
        namespaces.set_visibility(session, "two", "private")
    assert filled.names("zephyr", filled.reader("two")) == ["two/zephyrquartz/aws"]
