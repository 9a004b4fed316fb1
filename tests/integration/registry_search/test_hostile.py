"""Whatever is asked or published, the search answers: no text of anybody's reaches an engine as it came."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from registry.services.search import QuestionError

ANY_CHARACTER = st.characters(codec=None, exclude_categories=())
ANY_TEXT = st.text(ANY_CHARACTER, max_size=60) | st.text(
    st.sampled_from("queue_AWS ß日\x00\ud800\"'\\*%&|!():<>-^~ .;{}[]$\n"), max_size=500
)
HOSTILE = (
    '"', "'", "''", '""', '"unclosed', "'unclosed", "*", "queue*", "%", "_", "____", "a AND", "AND OR NOT NEAR",
    "NEAR(a b, 5)", "name:queue", "{name}:queue", "^queue", "-queue", "queue -aws", "(", ")", "((((", "queue | aws",
    "queue & !aws", "<->", ":*", "\\", "\\'", "'; DROP TABLE modules; --", "\x00", "que\x00ue", "\ud800", "q\udfffueue",
    "\u202equeue", "日本語", "﷽" * 50, "a" * 500, "aws_" * 125, "x " * 250, "=all", "~", "%queue", "@queue", "^@queue",
    "v:yes", "r:aws_sqs_queue", "\U0010ffff", "İ", "ﬁ", "\n\t",
)  # fmt: skip


def test_hostile_questions_find_something_or_nothing(filled) -> None:
    reader = filled.reader("acme")
    for text in HOSTILE:
        for filters in ({}, {"system": text[:200]}, {"provider": text[:200], "resource_type": text[:200]}):
            found = filled.find(text, reader, **filters)
            assert found.total >= len(found.module_ids)
    with pytest.raises(QuestionError, match="longer than 500"):
        filled.find("x" * 10_000)


def test_any_question_is_answered(filled) -> None:
    @settings(
        max_examples=60, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(text=ANY_TEXT, system=st.none() | ANY_TEXT.filter(lambda one: len(one) <= 200))
    def ask(text: str, system: str | None) -> None:
        found = filled.find(text, system=system)
        assert found.total <= 5

    ask()


def test_any_module_can_be_indexed(shelf) -> None:
    """Descriptions with a NUL or half a character, names in other alphabets, sources that are none."""
    shelf.put("acme/odd/aws", {
        "main.tf": 'variable "größe" {\n  description = "a\\u0000b \\ud800 кит"\n}\nresource "aws_ß" "x" {}\n'
        'terraform {\n  required_providers {\n    a = {\n      source = "a\\u0000/\'b\\" c"\n    }\n  }\n}\n',
        "README.md": "# odd\n\nQuotes ' \" \\ and NUL \x00 and \U0010ffff and 日本語.\n",
    })  # fmt: skip
    shelf.index()
    for text in ("odd", "größe", "GRÖSSE", "кит", "日本語"):
        assert shelf.names(text) == ["acme/odd/aws"], text
