"""What counts as breaking, what as an addition, what as words only: one row for each rule of docs/API.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.comparison import Change, compare, refuses_more
from tfmodule.constraints import Constraints, Dialect
from tfmodule.contents import EMPTY, Contents
from tfmodule.version import Version


def _contents(code: str, **submodules: str) -> Contents:
    files = {"main.tf": code.encode()}
    files |= {f"modules/{name}/main.tf": text.encode() for name, text in submodules.items()}
    return Contents.from_files(files)


def _changes(before: str, after: str) -> list[Change]:
    return list(compare(_contents(before), _contents(after)).changes)


_OPEN, _SECRET = 'output "o" {\nvalue = 1\n}', 'output "o" {\nvalue = 1\nsensitive = true\n}'
_INPUT = 'variable "a" {{\n{}\n}}'
_TERRAFORM = "terraform {{\n{}\n}}"


def _input(body: str) -> str:
    return _INPUT.format(body)


def _provider(version: str, source: str = "hashicorp/aws") -> str:
    return _TERRAFORM.format(f'required_providers {{\naws = {{\nsource = "{source}"\nversion = "{version}"\n}}\n}}')


def _terraform(version: str) -> str:
    return _TERRAFORM.format(f'required_version = "{version}"')


def _call(source: str) -> str:
    return f'module "m" {{\nsource = "{source}"\n}}'


@pytest.mark.parametrize(
    ("before", "after", "subject", "kind", "what", "bump"),
    [
        ("", _input("type = string"), "input", "added", "", "major"),
        ("", _input("default = 1"), "input", "added", "", "minor"),
        (_input("default = 1"), "", "input", "removed", "", "major"),
        (_input("type = string"), _input("type = number"), "input", "changed", "type", "major"),
        (_input("type = number"), _input("type = string"), "input", "changed", "type", "minor"),
        (_input("type = object({a = string})"), _input("type = object({a = string, b = optional(bool)})"),
         "input", "changed", "type", "minor"),
        (_input("type = object({a = string})"), _input("type = object({a = string, b = bool})"),
         "input", "changed", "type", "major"),
        (_input("type = string"), _input("type = any"), "input", "changed", "type", "minor"),
        (_input("default = 1"), _input(""), "input", "changed", "default", "major"),
        (_input(""), _input("default = 1"), "input", "changed", "default", "minor"),
        (_input("default = 1"), _input("default = 2"), "input", "changed", "default", "minor"),
        (_input('default = "a b"'), _input('default = "ab"'), "input", "changed", "default", "minor"),
        (_input("default = 1"), _input("default = 1\nnullable = false"), "input", "changed", "nullable", "major"),
        (_input("default = 1\nnullable = false"), _input("default = 1"), "input", "changed", "nullable", "minor"),
        (_input("default = 1"), _input("default = 1\nsensitive = true"), "input", "changed", "sensitive", "minor"),
        (_input("default = 1"), _input('default = 1\ndescription = "x"'), "input", "changed", "description", "patch"),
        (
            _input("default = 1"),
            _input('default = 1\nvalidation {\ncondition = var.a > 0\nerror_message = "No."\n}'),
            "input", "changed", "validation", "major",
        ),
        ("", 'output "o" {\nvalue = 1\n}', "output", "added", "", "minor"),
        ('output "o" {\nvalue = 1\n}', "", "output", "removed", "", "major"),
        (_OPEN, _SECRET, "output", "changed", "sensitive", "major"),
        (_SECRET, _OPEN, "output", "changed", "sensitive", "minor"),
        ("", _provider(">= 5.0"), "provider", "added", "", "minor"),
        (_provider(">= 5.0"), "", "provider", "removed", "", "major"),
        (_provider(">= 5.0"), _provider(">= 5.1"), "provider", "changed", "version", "major"),
        (_provider("~> 5.0"), _provider(">= 5.0"), "provider", "changed", "version", "minor"),
        (_provider(">= 5.0"), _provider(">= 5.0", "acme/aws"), "provider", "changed", "source", "major"),
        ("", _terraform(">= 1.5"), "terraform", "changed", "version", "major"),
        (_terraform(">= 1.5"), _terraform(">= 1.3"), "terraform", "changed", "version", "minor"),
        ("", 'resource "a_b" "c" {}', "resource", "added", "", "minor"),
        ('resource "a_b" "c" {}', "", "resource", "removed", "", "major"),
        ("", 'data "a_b" "c" {}', "data source", "added", "", "patch"),
        ('data "a_b" "c" {}', "", "data source", "removed", "", "patch"),
        ("", 'module "m" {\nsource = "./x"\n}', "module call", "added", "", "minor"),
        ('module "m" {\nsource = "./x"\n}', "", "module call", "removed", "", "major"),
        (_call("./x"), _call("./y"), "module call", "changed", "source", "minor"),
    ],
)  # fmt: skip
def test_each_rule(before: str, after: str, subject: str, kind: str, what: str, bump: str) -> None:
    (change,) = _changes(before, after)
    assert (change.subject, change.kind, change.what, change.bump) == (subject, kind, what, bump)
    assert change.breaking == (bump == "major") and change.reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_input("type = object({ a = string })"), _input("type=object({\n  a = string\n})")),
        (_input('default = { b = 1, a = "x" }'), _input('default = {\n  a = "x"\n  b = 1\n}')),
        (_provider(">= 5.0, < 6.0"), _provider(">=5.0,<6.0")),
        ("locals {\na = 1\n}", "locals {\na = 2\n}"),
    ],
)
def test_layout_is_no_change(before: str, after: str) -> None:
    assert not _changes(before, after)


def test_the_largest_change_decides_and_stands_first() -> None:
    found = compare(_contents('output "o" {\nvalue = 1\n}'), _contents('output "p" {\nvalue = 1\n}'))
    assert found.bump == "major" and [one.name for one in found.changes] == ["o", "p"]
    assert [one.name for one in found.breaking] == ["o"]
    assert compare(EMPTY, EMPTY).bump is None


def test_submodules_count_with_their_paths() -> None:
    before, after = _contents("", gone="", kept=_input("default = 1")), _contents("", kept="", new="")
    found = {(one.subject, one.kind, one.path, one.name): one.bump for one in compare(before, after).changes}
    assert found == {
        ("submodule", "removed", "", "modules/gone"): "major",
        ("submodule", "added", "", "modules/new"): "minor",
        ("input", "removed", "modules/kept", "a"): "major",
    }


_BOUNDS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(lambda one: ".".join(map(str, one)))
_TERMS = st.tuples(st.sampled_from(["", "=", "!=", ">", ">=", "<", "<=", "~>"]), _BOUNDS).map(" ".join)
_CONSTRAINTS = st.lists(_TERMS, min_size=1, max_size=3).map(", ".join) | st.just("")


@given(st.sampled_from([Dialect.PROVIDER, Dialect.TERRAFORM]), _CONSTRAINTS, _CONSTRAINTS)
def test_a_constraint_that_refuses_more_is_found(dialect: Dialect, old: str, new: str) -> None:
    before, after = (Constraints.parse(dialect, text or None) for text in (old, new))
    every = [Version(a, b, c) for a in range(5) for b in range(5) for c in range(5)]
    lost = [one for one in every if before.allows(one) and not after.allows(one)]
    assert refuses_more(dialect, old, new) or not lost
    assert not refuses_more(dialect, old, "") and not refuses_more(dialect, old, old)


def test_what_cannot_be_read_counts_as_narrower() -> None:
    assert refuses_more(Dialect.PROVIDER, ">= 1.0", "about 2")


_ONE = 'resource "a_b" "c" {{\n{}\n}}'


def _resource(body: str = "", name: str = "c") -> str:
    return _ONE.format(body).replace('"c"', f'"{name}"')


def _moved(before: str, after: str) -> str:
    return f"\nmoved {{\nfrom = {before}\nto = {after}\n}}"


@pytest.mark.parametrize(
    ("before", "after", "bump"),
    [
        (_resource(), _resource(name="d"), "major"),
        (_resource(), _resource(name="d") + _moved("a_b.c", "a_b.d"), "patch"),
        (_resource(), _resource("count = 1"), None),
        (_resource("count = 2"), _resource("for_each = toset([])"), "major"),
        (_resource("count = 2"), _resource("for_each = toset([])") + _moved("a_b.c[0]", 'a_b.c["x"]'), "major"),
        (_resource(), _resource("for_each = toset([])"), "major"),
        (_resource(), _call("./x") + _moved("a_b.c", "module.m.a_b.c"), "patch"),
        (_call("./x"), _call("./x").replace('"m"', '"n"'), "major"),
        (_call("./x"), _call("./x").replace('"m"', '"n"') + _moved("module.m", "module.n"), "patch"),
        (_call("./x"), _call("./x").replace("source", "for_each = toset([])\nsource"), "major"),
    ],
)
def test_what_a_resource_made_is_kept_where_the_code_says_so(before: str, after: str, bump: str | None) -> None:
    assert compare(_contents(before), _contents(after)).bump == bump


def test_contents_of_an_earlier_release_say_nothing_of_keys() -> None:
    stored = _contents(_resource("count = 1") + _call("./x")).to_dict()
    for part in (*stored["root"]["resources"], *stored["root"]["calls"]):
        del part["key"]
    del stored["root"]["moves"]
    assert compare(Contents.from_dict(stored), _contents(_resource("for_each = {}") + _call("./x"))).changes == ()
