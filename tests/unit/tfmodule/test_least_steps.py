"""Pairs of versions and the least step between them, as far as declarations show it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.comparison import compare
from tfmodule.conditions import lets_through, with_locals
from tfmodule.contents import Contents


def _step(before: str, after: str) -> str | None:
    return compare(*(Contents.from_files({"main.tf": one.encode()}) for one in (before, after))).bump


def _out(value: str, more: str = "") -> str:
    return f'output "o" {{\nvalue = {value}\n{more}\n}}\n'


def _rule(condition: str, more: str = "") -> str:
    body = f'validation {{\ncondition = {condition}\nerror_message = "No."\n}}'
    return f'variable "a" {{\ntype = string\n{body}\n}}\n{more}'


def _locals(value: str) -> str:
    return f"locals {{\nknown = {value}\n}}\n"


def _input(body: str) -> str:
    return f'variable "a" {{\n{body}\n}}\n'


def _aliases(names: str) -> str:
    entry = f'aws = {{\nsource = "hashicorp/aws"\nconfiguration_aliases = [{names}]\n}}'
    return f"terraform {{\nrequired_providers {{\n{entry}\n}}\n}}\n"


def _moved(before: str, after: str) -> str:
    return f"moved {{\nfrom = {before}\nto = {after}\n}}\n"


def _demand(condition: str) -> str:
    return f'resource "x_y" "z" {{\nlifecycle {{\nprecondition {{\ncondition = {condition}\n}}\n}}\n}}\n'


_ONE, _TWO = 'resource "x_y" "c" {\n}\n', 'resource "x_y" "d" {\n}\n'
_COUNT = 'resource "x_y" "c" {\ncount = var.on ? 1 : 0\n}\n'
_EACH = 'resource "x_y" "c" {\nfor_each = var.names\n}\n'
_MANY = 'resource "x_y" "c" {\ncount = var.many\n}\n'
_CALL = 'module "a" {\nsource = "./x"\n}\n'


@pytest.mark.parametrize(
    ("before", "after", "least"),
    [
        (_out("x_y.z.name"), _out("[x_y.z.name]"), "major"),
        (_out("[x_y.z.name]"), _out("x_y.z.name"), "major"),
        (_out("x_y.z[0].name"), _out("x_y.z[*].name"), "major"),
        (_out('"a"'), _out("1"), "major"),
        (_out('"a"'), _out('["a"]'), "major"),
        (_out("tolist(var.x)"), _out("toset(var.x)"), "major"),
        (_out("{\na = 1\nb = 2\n}"), _out("{\na = 1\n}"), "major"),
        (_out("{\na = 1\n}"), _out("{ a = 1, b = 2 }"), None),
        (_out("{\na = 1\n}"), _out("[1]"), "major"),
        (_out('"a"'), _out('"b"'), None),
        (_out("local.known") + _locals('"a"'), _out("local.known") + _locals('["a"]'), "major"),
        (_out("x_y.z.name"), _out("x_y.w.name"), None),
        (_out('"a"'), _out('"a"', "ephemeral = true"), "major"),
        (_out('"a"', "ephemeral = true"), _out('"a"'), "minor"),
        (_input("default = 1"), _input("default = 1\nephemeral = true"), "minor"),
        (_input("default = 1\nephemeral = true"), _input("default = 1"), "major"),
        (_aliases("aws.a"), _aliases("aws.a, aws.b"), "major"),
        (_aliases("aws.a"), _aliases("aws.b"), "major"),
        (_aliases("aws.a, aws.b"), _aliases("aws.a"), "major"),
        (_aliases("aws.a, aws.b"), _aliases("aws.b,\naws.a"), None),
        ("", _aliases("aws.a"), "major"),
        (_rule('contains(["a"], var.a)'), _rule('contains(["a", "b"], var.a)'), "minor"),
        (_rule('contains(["a", "b"], var.a)'), _rule('contains(["a"], var.a)'), "major"),
        (_rule('contains(["a b"], var.a)'), _rule('contains(["ab"], var.a)'), "major"),
        (_rule('contains(["a"], var.a)'), _rule('contains([ "a" ],var.a)'), None),
        (_rule("var.a > 3"), _rule("var.a > 2"), "minor"),
        (_rule("var.a > 2"), _rule("var.a > 3"), "major"),
        (_rule("var.a > 2"), _rule("var.a >= 2"), "minor"),
        (_rule("var.a >= 2"), _rule("var.a > 2"), "major"),
        (_rule("var.a > 1 && var.a < 5"), _rule("var.a > 0 && var.a < 9"), "minor"),
        (_rule("var.a > 1 && var.a < 5"), _rule("var.a > 1 && var.a < 4"), "major"),
        (_rule("var.a > 1 && var.a < 5"), _rule("var.a > 1"), "minor"),
        (_rule("var.a > 1"), _rule("var.a > 1 || var.a == null"), "minor"),
        (_rule("var.a > 1 || var.a == null"), _rule("var.a > 1"), "major"),
        (_rule('can(regex("a", var.a))'), _rule('can(regex("b", var.a))'), "major"),
        (_rule("contains(local.known, var.a)", _locals('["a", "b"]')),
         _rule("contains(local.known, var.a)", _locals('["a"]')), "major"),
        (_rule("contains(local.known, var.a)", _locals('["a"]')),
         _rule("contains(local.known, var.a)", _locals('["a", "b"]')), "minor"),
        (_demand("var.a > 1"), _demand("var.a > 2"), "major"),
        ('resource "x_y" "z" {\n}\n', _demand("var.a > 2"), "major"),
        (_demand("var.a > 2"), _demand("var.a > 1"), None),
        (_input('type = object({ a = optional(string, "a b") })'),
         _input('type = object({ a = optional(string, "ab") })'), "minor"),
        (_ONE, _TWO, "major"),
        (_ONE, _TWO + _moved("x_y.c", "x_y.d"), "patch"),
        (_ONE, _moved("x_y.c", "x_y.d"), "major"),
        (_ONE, _TWO + _moved("x_y.c", "x_y.b") + _moved("x_y.b", "x_y.d"), "patch"),
        (_ONE + _TWO, _ONE.replace('"c"', '"e"') + _moved("x_y.c", "x_y.e") + _moved("x_y.d", "x_y.e"), "major"),
        (_rule("!(var.a > 5)"), _rule("!(var.a > 4)"), "major"),
        (_rule('var.a == "x||y"'), _rule('var.a == "x"'), "major"),
        (_rule("var.b ? var.a > 5 : true"), _rule("var.b ? var.a > 4 : true"), "major"),
        (_out("x_y.z.id"), _out("one(x_y.z[*].id)"), None),
        (_out("{\n  # a (\n  a = 1\n  b = [\n1,\n2\n]\n}"), _out("{ a = 1, b = [1, 2] }"), None),
        (_out("<<EOT\na,b\nEOT"), _out('"a,b"'), None),
        (_COUNT, _EACH + _moved("x_y.c[0]", 'x_y.c["a"]'), "patch"),
        (_MANY, _EACH + _moved("x_y.c[0]", 'x_y.c["a"]'), "major"),
        (_MANY, _TWO + _moved("x_y.c[0]", "x_y.d"), "major"),
        (_ONE, _EACH + _moved("x_y.c", 'x_y.c["a"]'), "patch"),
        (_EACH, _ONE, "major"),
        (_CALL, _TWO + _moved("module.a.x_y.c", "x_y.d"), "major"),
        (_CALL, _CALL.replace('"a"', '"b"') + _moved("module.a", "module.b"), "patch"),
    ],
)  # fmt: skip
def test_the_least_step(before: str, after: str, least: str | None) -> None:
    assert _step(before, after) == least


_TERMS = st.builds(
    lambda sign, number, turned: f"{number} {sign} a" if turned else f"a {sign} {number}",
    st.sampled_from(["<", "<=", ">", ">="]), st.integers(-3, 3), st.booleans(),
)  # fmt: skip
_ENUMS = st.lists(st.integers(-3, 3), max_size=4).map(lambda values: f"contains({values}, a)")
_RULES = st.recursive(
    _TERMS | _ENUMS,
    lambda inner: st.builds(
        lambda one, sign, two: f"({one}) {sign} ({two})", inner, st.sampled_from(["&&", "||"]), inner
    ),
    max_leaves=4,
)


def _passes(rule: str, value: float) -> bool:
    python = rule.replace("&&", " and ").replace("||", " or ")
    return bool(eval(python, {"a": value, "contains": lambda values, one: one in values}))  # our own text


@given(_RULES, _RULES)
def test_what_is_called_wider_refuses_nothing_that_was_right(old: str, new: str) -> None:
    assert lets_through([old], [old])
    if lets_through([old], [new]):
        for half in range(-10, 11):
            assert _passes(new, half / 2) or not _passes(old, half / 2)


def test_no_text_is_too_large() -> None:
    wide = ["&&".join(f"var.a{n} > {bound}" for n in range(3000)) for bound in (1, 0)]
    assert not lets_through(wide[:1], wide[1:]) and lets_through(wide, wide)
    known = {"a": "[" + ", ".join(["local.b"] * 1000) + "]", "b": "x" * 10_000, "c": "local.c"}
    assert len(with_locals("local.a", known)) < 20_000 and "local.c" in with_locals("local.c", known)
