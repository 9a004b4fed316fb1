"""A command that died says what the engine said last, and what to do."""

from gate.phases import stopped
from gate.process import Completed


def test_a_panic_is_told_by_its_first_line() -> None:
    halt = stopped(Completed(2, "", "panic: bad `thing` at 0xc0001\n\ngoroutine 1 [running]:\n", 1.0), "test")
    assert halt is not None
    assert halt.outcome == "undecided"
    assert "crashed with `panic" not in halt.findings[0].message
    assert "crashed with `bad 'thing' at …`" in halt.findings[0].message
    assert halt.findings[0].fix


def test_a_death_without_words_says_what_to_do() -> None:
    halt = stopped(Completed(None, "", "", 1.0), "test")
    assert halt is not None
    assert "died without an answer" in halt.findings[0].message
    assert halt.findings[0].fix
