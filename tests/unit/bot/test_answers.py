"""Answers: as a command of two words, or beside a quoted question."""

import pytest

from bot import answers, commands

QUESTION = "Which region, `eu-central-1` or us-east-1?"


@pytest.mark.parametrize(
    ("body", "prompt"),
    [
        ("/generate answer eu-central-1", "eu-central-1"),
        ("/generate Answer  eu-central-1\nand nothing else", "eu-central-1\nand nothing else"),
        ("/tf generate answer `--repo x`", "`--repo x`"),
        ("> Which region?\n\n/generate answer eu", "eu"),
    ],
)
def test_an_answer_is_a_command_of_two_words(body: str, prompt: str) -> None:
    command = commands.parse(body)
    assert command == commands.Command(commands.ANSWER, prompt)


def test_an_answer_without_words_is_asked_for() -> None:
    command = commands.parse("/generate answer")
    assert command is not None and "What is the answer?" in (command.problem or "")


@pytest.mark.parametrize(
    "body", ["/generate answering machine for calls", "/generate an answer bot", "/generate answers"]
)
def test_a_module_about_answers_is_no_answer(body: str) -> None:
    command = commands.parse(body)
    assert command is not None and command.name == "generate"


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (f"> **{QUESTION}**\n\nThe first.", True),
        ("> which region eu-central-1 or us-east-1\n> more\n\nThe first.", True),
        (f"> ### I have a question\n>\n> {QUESTION}\nThe first.", True),
        ("> Which region?\n\nThe first.", False),
        ("> Xwhich region, `eu-central-1` or us-east-1?\n\nThe first.", False),
        (QUESTION, False),
        ("", False),
    ],
)
def test_only_the_quoted_question_is_answered(body: str, meant: bool) -> None:
    assert answers.is_quoted(QUESTION, answers.quoted(body)) == meant


def test_a_question_without_words_is_never_meant() -> None:
    assert not answers.is_quoted("?!", "?!")


def test_the_answer_is_what_is_not_quoted() -> None:
    assert answers.command("> Why?\n>\n> So.\n\nBecause.  \n\nReally.\u202e").prompt == "Because.\n\nReally."
    assert "no answer below" in (answers.command("> Why?\n\n \n").problem or "")
    assert "longer than" in (answers.command("> Why?\n\n" + "a " * 9000).problem or "")
