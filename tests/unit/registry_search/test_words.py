"""Words: whatever text comes in, tokens come out that no engine can misread, the same for index and question."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.search import postgres, sqlite, words
from registry.search.expression import expression
from registry.search.known_words import distance
from registry.search.question import LONGEST_TEXT, MOST_WORDS, Question, QuestionError

# Every kind of character that an engine, a driver or a parser may stumble over.
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=80) | st.text(
    st.sampled_from("aß_é日\x00\ud800\u200b\"'\\*%&|!():<>-^~ .;{}[]$\n")
)
TOKEN = re.compile(r"[0-9a-z_=:/.@%^~-]+")


@given(ANY_TEXT)
def test_tokens_hold_no_syntax(text: str) -> None:
    found = [*words.tokens(text), *words.scoped("abc", words.tokens(text), "^@")]
    assert all(TOKEN.fullmatch(one) for one in found)
    assert all(len(word) <= words.LONGEST for word in words.surfaces(text))


@given(ANY_TEXT, ANY_TEXT)
def test_a_word_of_a_text_is_found_by_asking_for_it(text: str, other: str) -> None:
    indexed = words.tokens(f"{text} {other}")
    for run in Question(text=text[:LONGEST_TEXT]).runs():
        assert words.token(run) in indexed


@given(st.lists(ANY_TEXT, max_size=4), ANY_TEXT)
def test_both_engines_are_asked_in_balanced_words(texts: list[str], value: str) -> None:
    groups = [found for text in texts if (found := words.tokens(text))]
    required = Question(system=value, provider=value).filter_tokens() or ()
    wanted = expression(("", "f00d"), groups, required, tier="^", head=True)
    for engine, quote in ((sqlite, '"'), (postgres, "'")):
        said = engine.expression_text(wanted)
        bare = re.sub(f"{quote}[^{quote}]*{quote}", "t", said)
        assert re.fullmatch(r"[t()&| ANDOR]+", bare), said


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Queues", {"queue"}),
        ("policies", {"policy"}),
        ("access status redis aws", {"access", "status", "redis", "aws"}),
        ("aws_sqs_queue", {"aws_sqs_queue", "aws", "sqs", "queue"}),
        ("S3-Bucket", {"s3", "bucket"}),
        ("Café", {"cafe"}),
        ("", set()),
        ("\x00 \ud800 '\";--", set()),
    ],
)
def test_words_are_folded_and_split(text: str, tokens: set[str]) -> None:
    assert words.tokens(text) == tokens


def test_words_of_other_alphabets_are_words_too() -> None:
    (token,) = words.tokens("очередь")
    assert token.startswith("u=")
    assert words.tokens("ОЧЕРЕДЬ") == {token}


def test_how_somebody_asks_counts_only_where_nothing_else_is_said() -> None:
    assert Question(text="which modules create `aws_sqs_queue`?").runs() == ("aws_sqs_queue",)
    assert Question(text="module").runs() == ("module",)
    assert len(Question(text=" ".join(f"word{n}" for n in range(50))).runs()) == MOST_WORDS


def test_a_question_nobody_can_mean_is_refused() -> None:
    with pytest.raises(QuestionError, match="500 characters"):
        Question(text="x" * (LONGEST_TEXT + 1))
    with pytest.raises(QuestionError, match="`provider` is longer"):
        Question(provider="x" * 201)


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("queue", "queue", 0), ("quue", "queue", 1), ("bukcet", "bucket", 1), ("netwrok", "network", 1), ("", "abc", 3)],
)
def test_the_distance_counts_letters(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps


def test_a_stranger_and_a_reader_ask_in_different_tokens() -> None:
    closed = words.scope_of("ns_1", public=False)
    assert words.scope_of("ns_1", public=True) == words.PUBLIC_SCOPE != closed
    assert not set(words.scoped("", ["queue"])) & set(words.scoped(closed, ["queue"]))
