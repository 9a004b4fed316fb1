"""The table of checks: every line of the protocol is in it, each check once, and the page says what the table says."""

import importlib.util
from pathlib import Path

import pytest

from terrasmith.conformance.subject import newest, parse_location
from terrasmith.conformance.table import CHECKS

ROOT = Path(__file__).resolve().parents[3]


def test_every_line_is_in_the_table_in_order() -> None:
    numbers = [int(check.id.removeprefix("R")) for check in CHECKS]
    assert sorted(set(numbers)) == list(range(1, 39)) and numbers == sorted(numbers)
    keys = [check.key for check in CHECKS]
    assert len(set(keys)) == len(keys)
    assert len({check.function for check in CHECKS}) == len(CHECKS)
    assert not [check for check in CHECKS if check.by == "stub" and check.module]


def test_the_page_shows_the_table() -> None:
    spec = importlib.util.spec_from_file_location("conformance_table", ROOT / "tools" / "conformance_table.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = tool.PAGE.read_text(encoding="utf-8")
    assert page == tool.render(page), "run: .venv/bin/python tools/conformance_table.py"


@pytest.mark.parametrize(
    ("text", "url", "subdir", "arguments", "getter", "kind"),
    [
        ("/a/x.tar.gz?checksum=md5:0", "https://r.test/a/x.tar.gz", "", {"checksum": "md5:0"}, "", "tar.gz"),
        ("./x?b=2&archive=zip&a=%20", "https://r.test/v1/x?b=2&a=%20", "", {"archive": "zip"}, "", "zip"),
        ("https://e.test/x.zip//../up?q=1//2", "https://e.test/x.zip?q=1//2", "../up", {}, "", "zip"),
        ("git::https://e.test/x.git//m?ref=v1", "https://e.test/x.git?ref=v1", "m", {}, "git", None),
        ("https://e.test", "https://e.test", "", {}, "", None),
        ("x.tar.gz", "x.tar.gz", "", {}, "", "tar.gz"),
    ],
)
def test_locations_are_taken_apart_as_the_client_does(text, url, subdir, arguments, getter, kind) -> None:
    found = parse_location(text, "https://r.test/v1/download")
    assert (found.url, found.subdir, found.arguments, found.getter) == (url, subdir, arguments, getter)
    assert found.archive_type == kind


def test_the_version_that_is_installed_is_the_newest_release() -> None:
    assert newest(("1.0.0", "v1.10.0", "2.0.0-rc.1", "nonsense")) == "v1.10.0"
    assert newest(("2.0.0-rc.1",)) == "2.0.0-rc.1"
    assert newest(("nonsense", "more")) == "nonsense"
