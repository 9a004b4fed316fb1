"""Paths in code: what is absolute or leads out is seen, what stays inside or is computed is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.hcl import parse
from tfmodule.path_literals import PathLiteral, path_literals


def outside(expression: str, path: str = "main.tf") -> list[tuple[str, int]]:
    file = parse(path, f"locals {{\n  x = {expression}\n}}\n".encode())
    directory = path.rpartition("/")[0]
    return [(one.user, one.line) for one in path_literals(file) if one.absolute or one.leaves(directory)]


@pytest.mark.parametrize(
    ("expression", "line"),
    [
        ('file("/etc/passwd")', 2),
        ('file("~/.ssh/id_rsa")', 2),
        ('file(pathexpand("~/.ssh/id_rsa"))', 2),
        ('file(\n  # why\n  ("/etc/passwd"))', 2),
        ('file ("/etc/passwd")', 2),
        (r'file("\u002fetc/passwd")', 2),
        ('file("../other")', 2),
        ('file("a/../../other")', 2),
        ('file("${path.module}/../other")', 2),
        ('file("/home/${var.user}/x")', 2),
        ('file("../${var.name}")', 2),
        ('filebase64sha256("/x.zip")', 2),
        ('fileset("/etc", "*")', 2),
        ('fileset(path.module, "../*")', 2),
        ('[\n  1,\n  { a = templatefile("/x.tpl", {}) },\n]', 4),
        ('"a ${file("/etc/passwd")} b"', 2),
        ('core::file("/etc/passwd")', 2),
        (r'file("C:\\x")', 2),
    ],
)
def test_what_is_outside_is_seen_at_its_line(expression: str, line: int) -> None:
    assert {at for _, at in outside(expression)} == {line}


@pytest.mark.parametrize(
    "expression",
    [
        'file("a.txt")',
        'file("./files/../a.txt")',
        'file("${path.module}/files/a.txt")',
        'file("${path.root}/a.txt")',
        "file(var.path)",
        'file("${var.path}/../../x")',
        'file("a/..${var.x}")',
        '"file(\\"/etc/passwd\\")"',
        'fileset(path.module, "files/*")',
        'join("/", ["/etc"])',
        'profile("/etc")',
    ],
)
def test_what_is_inside_or_computed_is_left_alone(expression: str) -> None:
    assert not outside(expression)


def test_an_example_may_reach_the_rest_of_the_archive() -> None:
    assert not outside('file("${path.module}/../../a.txt")', "examples/basic/main.tf")
    assert outside('file("${path.module}/../../../a.txt")', "examples/basic/main.tf")


@pytest.mark.parametrize("name", ["source_file", "source_dir", "output_path"])
def test_arguments_that_are_paths_count(name: str) -> None:
    file = parse("main.tf", f'data "archive_file" "a" {{\n  {name} = "/tmp/x"\n  type = "/zip"\n}}\n'.encode())
    assert [(one.user, one.line, one.absolute) for one in path_literals(file)] == [(name, 2, True)]


@given(st.lists(st.sampled_from(["..", ".", "a", "b", ""]), max_size=12), st.integers(0, 3))
def test_leaving_is_what_walking_up_too_far_is(parts: list[str], deep: int) -> None:
    standing = ["d"] * deep
    left = False
    for part in parts:
        if part == "..":
            left = left or not standing
            standing = standing[:-1]
        elif part not in ("", "."):
            standing = [*standing, part]
    one = PathLiteral("file", "/".join(parts), anchored=False, whole=True, path="x", line=1)
    assert one.leaves("/".join(["d"] * deep)) == left


@given(st.text(alphabet='file("/.~${}\\,) \npath.module#*', max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    list(path_literals(parse("main.tf", f"locals {{\n  x = {text}\n}}\n".encode())))
