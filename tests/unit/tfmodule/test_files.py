"""File names: what every system reads alike passes, everything else is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.files import UnsafePathError, check_path, check_unique, fold, printable


@pytest.mark.parametrize(
    "path", ["main.tf", "modules/a-b/main.tf", "examples/é/main.tf", ".github/x.yml", "a b.md", "a..b"]
)
def test_ordinary_names_pass(path: str) -> None:
    check_path(path)


@pytest.mark.checklist("T-17", "T-20")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a/./b",
        "./a",
        "a//b",
        "a/",
        "C:/x",
        "C:x",
        "a\\b",
        "a\x00b",
        "a\nb",
        "a\x7fb",
        "a\u202eb.tf",
        "a\u200bb",
        "\ufeffmain.tf",
        "a\ud800b",
        "e\u0301.tf",
        "con.tf",
        "AUX",
        "a/nul.txt",
        "com1.tf",
        "LPT¹.md",
        "x.",
        "x ",
        " x",
        "a?b",
        "a*b",
        'a"b',
        "a<b",
        "a|b",
        "x" * 201,
        "/".join("abcdefghijklm"),
        "é" * 61,
    ],
)
def test_names_that_systems_read_differently_are_refused(path: str) -> None:
    with pytest.raises(UnsafePathError) as caught:
        check_path(path)
    assert caught.value.path == path
    assert caught.value.message.isprintable()


@given(st.text())
def test_an_accepted_name_is_itself_and_stays_inside(path: str) -> None:
    try:
        check_path(path)
    except UnsafePathError:
        return
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert path.isprintable()


@pytest.mark.checklist("T-20")
@pytest.mark.parametrize(
    "paths",
    [
        ("a.tf", "A.tf"),
        ("straße.tf", "STRASSE.tf"),
        ("a/b.tf", "A/c.tf"),
        ("a", "a/b"),
        ("A", "a/b"),
        ("ﬁ.tf", "fi.tf"),
    ],
)
def test_two_names_for_one_file_are_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(UnsafePathError):
        check_unique(paths)


def test_names_in_one_directory_are_no_clash() -> None:
    check_unique(["a/b.tf", "a/c.tf", "b.tf"])


@given(st.text())
def test_what_is_shown_is_printable_and_short(text: str) -> None:
    assert printable(text).isprintable()
    assert "`" not in printable(text)
    assert len(printable(text)) <= 120


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
