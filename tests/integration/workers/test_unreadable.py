"""Why the files of a commit cannot be had: where the finding stands, and what helps, for a repository or its part."""

import pytest

from tfmodule.archive import ArchiveError
from workers.judging import unreadable
from workers.touched import placed

LINK = "is a symbolic link"


@pytest.mark.parametrize(
    ("folder", "path", "place"),
    [
        ("", "l", "l"),
        ("net", "net/l", "net/l"),
        ("net", "network/l", None),
        ("net/a", "net", None),
        ("net", None, None),
        ("", "a\u202eb", "a\\u202eb"),
    ],
)
def test_an_entry_is_placed_once_where_it_lies(folder: str, path: str | None, place: str | None) -> None:
    report = placed(unreadable("safety", ArchiveError(LINK, path=path), folder=folder), folder)
    assert [finding.path for finding in report.findings] == [place]


def test_the_errors_own_advice_goes_first() -> None:
    def fix(error: ArchiveError) -> str:
        return unreadable("safety", error, "Remove it.", "Do it again.").findings[0].fix

    assert fix(ArchiveError(LINK, path="l", fix="Keep one.")) == "Keep one."
    assert fix(ArchiveError(LINK, path="l")) == "Remove it."
    assert fix(ArchiveError("cut off")) == "Do it again."
    assert unreadable("safety", ArchiveError("cut off")).findings[0].fix == ""
