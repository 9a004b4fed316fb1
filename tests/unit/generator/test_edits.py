"""Edits by exact text: all or none, and nothing else changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.edits import Edit, EditError, applied

_FILES = {"main.tf": b"a = 1\nb = 2\nb = 2\n", "x.tf": b"# x\n"}


def test_what_is_named_changes_and_nothing_else() -> None:
    edits = [Edit("main.tf", "a = 1", "a = 3"), Edit("new.tf", "", "# new\n"), Edit("x.tf", "", "")]
    assert applied(_FILES, edits) == {"main.tf": b"a = 3\nb = 2\nb = 2\n", "new.tf": b"# new\n"}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Edit("main.tf", "c = 1", "d"), "stands there 0 times"),
        (Edit("main.tf", "b = 2", "d"), "stands there 2 times"),
        (Edit("none.tf", "a", "b"), "no such file"),
        (Edit("none.tf", "", ""), "no such file to remove"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_was_changed(edit: Edit, told: str) -> None:
    with pytest.raises(EditError, match=told):
        applied(_FILES, [Edit("main.tf", "a = 1", "a = 9"), edit])
    assert _FILES["main.tf"].startswith(b"a = 1")


@given(st.text(min_size=1, max_size=40), st.text(max_size=20), st.data())
def test_the_bytes_around_an_edit_stay(text: str, new: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    old = text[start:end]
    if text.count(old) != 1:
        return
    found = (
        applied({"f": text.encode("utf-8", "surrogateescape")}, [Edit("f", old, new)]) if _plain(text, new) else None
    )
    assert found is None or found["f"] == (text[:start] + new + text[end:]).encode()


def _plain(*texts: str) -> bool:
    return all(text.isascii() for text in texts)
