"""The brief: what a module must be, as typed values that people confirm and tests are made of.

Whatever comes in from outside is bounded and checked here; what breaks the form is refused with the reason.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar, get_args

from core.errors import UserError
from generator.sanitise import sentence, visible

Scalar = str | int | float | bool | None
Operator = Literal["equals", "not_equals", "contains", "excludes", "at_least", "at_most", "present", "absent", "count"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)

MAX_ASSERTIONS = 10
MAX_INPUTS = MAX_OUTPUTS = 60
MAX_LINES = 30
"""Resources, non-goals, assumptions and sentences without a proof: of each so many at most."""
_TEXT, _TYPE, _VALUE = 300, 500, 500

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_ADDRESS = re.compile(
    r"(?:(?:data\.)?[a-z][a-z0-9_]{0,99}\.(?:\*|[A-Za-z_][A-Za-z0-9_-]{0,63})|(?:output|var)\.[A-Za-z_][A-Za-z0-9_-]{0,63})"
)
_PATH = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z_][A-Za-z0-9_-]{0,63}){0,7})?")
_PLACE_IN_LIST = re.compile(r"\[(?:\*|[0-9]{1,4})\]")
_WORDS: Mapping[Operator, str] = {
    "equals": "is",
    "not_equals": "is not",
    "contains": "contains",
    "excludes": "does not contain",
    "at_least": "is at least",
    "at_most": "is at most",
}
_T = TypeVar("_T")


class InvalidBriefError(UserError):
    """Not a brief; the text says where and why."""


@dataclass(frozen=True)
class BriefInput:
    """An input: `type` and `default` as HCL writes them; no default means that callers must give it."""

    name: str
    type: str
    description: str = ""
    default: str | None = None
    constraint: str = ""

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name), f"`{sentence(self.name, 80)}` is no name of an input")
        _texts(self.type, limit=_TYPE)
        _texts(self.description, self.constraint, self.default or "")


@dataclass(frozen=True)
class BriefOutput:
    """An output of the module."""

    name: str
    description: str = ""

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name), f"`{sentence(self.name, 80)}` is no name of an output")
        _texts(self.description)


@dataclass(frozen=True)
class Assertion:
    """One sentence that must be true of the planned values, and how to see it.

    `address` is `TYPE.NAME`, `TYPE.*` for every resource of a type, `data.TYPE.NAME`, `output.NAME` or `var.NAME`;
    `path` leads to an attribute through nested blocks, all of them (`rule.status`). `count` counts the instances.
    """

    says: str
    address: str
    path: str
    operator: Operator
    value: Scalar = None

    def __post_init__(self) -> None:
        _texts(self.says)
        _require(self.says.strip(), "it has no sentence that says what must hold")
        _require(
            _ADDRESS.fullmatch(self.address), f"`{sentence(self.address, 80)}` is no address that a test can look at"
        )
        _require(_PATH.fullmatch(self.path), f"`{sentence(self.path, 80)}` is no path to an attribute")
        _require(self.operator in OPERATORS, f"`{sentence(str(self.operator), 40)}` is no operator")
        _require(_is_scalar(self.value), "its value is no string, number, true or false")
        _require(bool(self.path) or self.is_whole, "it does not say which attribute")
        self._check_value()

    @property
    def is_whole(self) -> bool:
        """Whether it speaks of the thing at the address itself: an output, an input, or how many there are."""
        return self.operator == "count" or self.address.startswith(("output.", "var."))

    def _check_value(self) -> None:
        number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if self.operator == "count":
            _require(not self.path, "a count has no path")
            _require(not self.address.startswith(("output.", "var.")), "only resources are counted")
            _require(isinstance(self.value, int) and number and 0 <= self.value <= 1000, "a count is a whole number")
        elif self.operator in ("at_least", "at_most"):
            _require(number, f"`{self.operator}` compares with a number")
        elif self.operator in ("present", "absent"):
            _require(self.value is None, f"`{self.operator}` has no value")
        else:
            _require(
                self.value is not None, f"`{self.operator}` wants a value; for none there are `present` and `absent`"
            )


@dataclass(frozen=True)
class Brief:
    """What is to be made. `source` says who wrote it: `template:FOLDER`, `claude:MODEL`, or `request`: the wish alone.

    `question` is what must be known before work begins; `unproved` are sentences that nobody could make a test of.
    """

    title: str
    purpose: str
    source: str
    name: str | None = None
    system: str | None = None
    resources: tuple[str, ...] = ()
    inputs: tuple[BriefInput, ...] = ()
    outputs: tuple[BriefOutput, ...] = ()
    non_goals: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    unproved: tuple[str, ...] = ()
    question: str = ""

    def __post_init__(self) -> None:
        _texts(self.title, self.source, self.name or "", self.system or "", self.question)
        _texts(self.purpose, limit=2 * _TEXT)
        for lines in (self.resources, self.non_goals, self.assumptions, self.unproved):
            _few("lines", lines, MAX_LINES)
            _texts(*lines)
        _few("inputs", self.inputs, MAX_INPUTS)
        _few("outputs", self.outputs, MAX_OUTPUTS)
        _few("assertions", self.assertions, MAX_ASSERTIONS)


def to_dict(brief: Brief) -> dict[str, Any]:
    """Plain JSON values."""
    return asdict(brief)


def from_dict(values: object) -> Brief:
    """The brief again. Raises InvalidBriefError for anything that is not one, however it was made."""
    given = _mapping(values, "a brief")
    return Brief(
        title=_text(given, "title"),
        purpose=_text(given, "purpose"),
        source=_text(given, "source"),
        name=_text_or_none(given, "name"),
        system=_text_or_none(given, "system"),
        resources=_lines(given, "resources"),
        inputs=_each(given, "inputs", MAX_INPUTS, input_from),
        outputs=_each(given, "outputs", MAX_OUTPUTS, output_from),
        non_goals=_lines(given, "non_goals"),
        assumptions=_lines(given, "assumptions"),
        assertions=_each(given, "assertions", MAX_ASSERTIONS, assertion_from),
        unproved=_lines(given, "unproved"),
        question=_text(given, "question", ""),
    )


def input_from(values: object) -> BriefInput:
    """An input out of plain values."""
    given = _mapping(values, "an input")
    name, kind, description = _text(given, "name"), _text(given, "type"), _text(given, "description", "")
    return BriefInput(name, kind, description, _text_or_none(given, "default"), _text(given, "constraint", ""))


def output_from(values: object) -> BriefOutput:
    """An output out of plain values."""
    given = _mapping(values, "an output")
    return BriefOutput(_text(given, "name"), _text(given, "description", ""))


def assertion_from(values: object) -> Assertion:
    """An assertion out of plain values. A place in a list (`rule[0].status`) is dropped: all of them are looked at."""
    given = _mapping(values, "an assertion")
    operator: Any = given.get("operator")
    _require(isinstance(operator, str), "it has no operator")
    path = _PLACE_IN_LIST.sub("", _text(given, "path", "")[:_TEXT])
    value: Any = given.get("value")
    return Assertion(_text(given, "says"), _text(given, "address"), path, operator, value)


# For people


def expected(assertion: Assertion) -> str:
    """`aws_s3_bucket.this: force_destroy is false`: what a test will look at, in words."""
    place = assertion.address + (f": {assertion.path}" if assertion.path else "")
    match assertion.operator:
        case "count":
            return f"{place}: {assertion.value} of it"
        case "present" | "absent":
            return f"{place} is {'set' if assertion.operator == 'present' else 'not set'}"
        case operator:
            return f"{place} {_WORDS[operator]} {_shown(assertion.value)}"


def markdown(brief: Brief) -> str:
    """The brief for the living comment: what will be made, what was assumed, and what will be tested."""
    address = " / ".join(f"`{part}`" for part in (brief.name, brief.system) if part)
    parts = [f"**{sentence(brief.title, 80)}**{f' ({address})' if address else ''}: {sentence(brief.purpose, 600)}"]
    if brief.resources:
        parts.append("Made of " + ", ".join(f"`{sentence(one, 80)}`" for one in brief.resources) + ".")
    parts += _listed("Inputs", [_input_line(one) for one in brief.inputs])
    parts += _listed("Outputs", [_named(one.name, one.description) for one in brief.outputs])
    parts += _listed("Assumed", [sentence(one) for one in brief.assumptions])
    parts += _listed("Not part of it", [sentence(one) for one in brief.non_goals])
    parts += _listed(
        "Accepted when",
        [f"{sentence(one.says)} (`{sentence(expected(one), 200)}`)" for one in brief.assertions],
    )
    parts += _listed("Wanted, but no test can show it", [sentence(one) for one in brief.unproved])
    return "\n\n".join(parts)


def _input_line(one: BriefInput) -> str:
    default = "required" if one.default is None else f"default `{sentence(one.default, 80)}`"
    told = ", ".join(part for part in (f"`{sentence(one.type, 80)}`", default, sentence(one.constraint, 120)) if part)
    return _named(one.name, one.description, f" ({told})")


def _named(name: str, description: str, told: str = "") -> str:
    return f"`{name}`{told}" + (f": {sentence(description, 160)}" if description else "")


def _listed(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"**{heading}**\n" + "\n".join(f"- {line}" for line in lines)] if lines else []


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


# Checking


def _require(holds: object, why: str) -> None:
    if not holds:
        raise InvalidBriefError(f"That is no brief: {why}.")


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _VALUE and value == visible(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 2**53
    return value is None or isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value))


def _texts(*texts: str, limit: int = _TEXT) -> None:
    for text in texts:
        _require(isinstance(text, str), "a text is missing")
        _require(len(text) <= limit, f"a text of {len(text):,} characters is longer than {limit}")


def _few(what: str, items: Sequence[object], most: int) -> None:
    _require(len(items) <= most, f"{len(items)} {what} are more than {most}")


def _mapping(values: object, what: str) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise InvalidBriefError(f"That is no brief: {what} is made of named values.")
    return values


def _text(given: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = given.get(key, default)
    if not isinstance(value, str):
        raise InvalidBriefError(f"That is no brief: `{key}` is no text.")
    return value


def _text_or_none(given: Mapping[str, Any], key: str) -> str | None:
    return None if given.get(key) is None else _text(given, key)


def _lines(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return _each(given, key, MAX_LINES, lambda line: _text({key: line}, key))


def _each(given: Mapping[str, Any], key: str, most: int, read: Callable[[Any], _T]) -> tuple[_T, ...]:
    items = given.get(key, ())
    if not isinstance(items, list | tuple):
        raise InvalidBriefError(f"That is no brief: `{key}` is no list.")
    _few(key, items, most)
    return tuple(read(item) for item in items)
