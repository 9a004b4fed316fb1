"""Makes a brief of what was said: by Claude where there is a key, else from the built-in template that fits.

A brief that cannot be had stops nobody: then the wish alone is the brief, and says so.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from core.log import get_logger
from generator.brief import (
    MAX_ASSERTIONS,
    MAX_INPUTS,
    MAX_LINES,
    MAX_OUTPUTS,
    OPERATORS,
    Assertion,
    Brief,
    BriefInput,
    BriefOutput,
    InvalidBriefError,
    assertion_from,
    input_from,
    output_from,
)
from generator.catalogue import Template, built_in
from generator.intake import Intake, as_data
from generator.matching import Match, find, tied
from generator.request import Usage, WriterRefusedError
from generator.sanitise import sentence
from tfmodule.hcl import read_facts
from tfmodule.hcl_writer import Value

_Part = TypeVar("_Part")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SYSTEM = re.compile(r"[a-z][a-z0-9]{0,19}")
_TEXT: Mapping[str, object] = {"type": "string"}
_TEXT_OR_NULL: Mapping[str, object] = {"type": ["string", "null"]}
_TEXTS: Mapping[str, object] = {"type": "array", "items": _TEXT}
_log = get_logger(__name__)


class Briefer(Protocol):
    """Implementations: `TemplateBriefer` and `ClaudeBriefer`."""

    def brief(self, intake: Intake) -> Brief:
        """What is to be made. Raises Transient where trying again may help, UserError where an operator must act."""
        ...


class Speaker(Protocol):
    """Whoever can put one question to a model: rules and values in, text in the form out."""

    def say(self, instructions: str, values: Mapping[str, Any], form: Mapping[str, object]) -> tuple[str, Usage]: ...

    @property
    def model(self) -> str: ...


def bare(intake: Intake, why: str) -> Brief:
    """The wish as it was said, without anything that could be tested."""
    return Brief(
        title="Terraform module",
        purpose=sentence(intake.wish, 500),
        source="request",
        name=intake.name,
        system=intake.system,
        assumptions=(why,),
        unproved=_unread(intake),
    )


# Without a model


class TemplateBriefer:
    """Says what the template that fits makes, with the options that were chosen. The same intake, the same brief."""

    def __init__(self, templates: Sequence[Template] | None = None) -> None:
        self._templates = built_in() if templates is None else tuple(templates)

    def brief(self, intake: Intake) -> Brief:
        """Where templates of several systems fit a wish alike, it asks which; where none does, it says little."""
        system = intake.system or _system_named(intake, self._templates)
        systems = () if system else tied(intake.prompt, self._templates)
        match = find(intake.prompt, self._templates, system)
        if match is None:
            return bare(intake, "None of the built-in templates fits.")
        if len(systems) > 1:
            return Brief(
                match.template.title, sentence(intake.wish, 500), "request",
                question=f"For which provider shall it be: {', '.join(systems[:-1])} or {systems[-1]}?",
            )  # fmt: skip
        return _of_template(match, intake)


def _system_named(intake: Intake, templates: Iterable[Template]) -> str | None:
    """The system that an answer names."""
    known = {template.system for template in templates}
    words = [word for one in intake.answers for word in re.findall(r"[a-z0-9]+", one.text.lower())]
    return next((word for word in reversed(words) if word in known), None)


def _of_template(match: Match, intake: Intake) -> Brief:
    template = match.template
    facts = read_facts(template.files)
    changed = _changed(match)
    said = [choice.sentence for choice in match.choices if choice.effect.says]
    shown = [one for one in facts.variables if one.required or one.name in changed]
    return Brief(
        title=template.title,
        purpose=sentence(template.summary, 600),
        source=f"template:{template.folder}",
        name=intake.name or template.name,
        system=template.system,
        resources=tuple(sorted({one.type for one in facts.resources}))[:MAX_LINES],
        inputs=tuple(
            BriefInput(
                one.name,
                sentence(one.type_text or "any", 200),
                sentence(one.description or "", 200),
                None if one.required else sentence(str(_shown(changed.get(one.name))), 200),
            )
            for one in shown[:MAX_INPUTS]
        ),
        outputs=tuple(
            BriefOutput(one.name, sentence(one.description or "", 200)) for one in facts.outputs[:MAX_OUTPUTS]
        ),
        non_goals=tuple(sentence(f"The request also names: {one}.") for one in match.left_out[:MAX_LINES]),
        assumptions=tuple(dict.fromkeys((*template.assumptions, *said)))[:MAX_LINES],
        assertions=tuple(_asserted(match))[:MAX_ASSERTIONS],
        unproved=_unread(intake),
    )


def _unread(intake: Intake) -> tuple[str, ...]:
    """Sentences that must hold, in people's own words: nobody reads them here, so none counts as tested."""
    return tuple(line for text in intake.wanted if (line := sentence(text)))[:MAX_LINES]


def _asserted(match: Match) -> Iterator[Assertion]:
    """What the chosen options promise, then what the template always does, then what it makes and hands out."""
    template = match.template
    for choice in match.choices:
        yield from choice.effect.holds
    required = {name for choice in match.choices for name in choice.effect.require}
    for name, value in _changed(match).items():
        if isinstance(value, str | int | float | bool) and name not in required:
            yield Assertion(f"The default of {name} is {_shown(value)}.", f"var.{name}", "", "equals", value)
    yield from template.holds
    facts = read_facts(template.files)
    always = [
        block.labels
        for block in facts.blocks
        if block.kind == "resource" and len(block.labels) == 2 and not {"count", "for_each"} & set(block.attributes)
    ]
    for kind, name in always[:2]:
        yield Assertion(f"There is one {kind}.", f"{kind}.{name}", "", "count", 1)
    for one in facts.outputs:
        if one.name in ("id", "arn", "name"):
            yield Assertion(f"The output {one.name} has a value.", f"output.{one.name}", "", "present")


def _changed(match: Match) -> dict[str, Value]:
    """The defaults that the wish chose; of two choices for one the last stands, as it does in the files."""
    return {name: value for choice in match.choices for name, value in choice.defaults.items()}


def _shown(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


# With Claude


class ClaudeBriefer:
    """Asks the model once, checks every value of what it says, and keeps what has the form."""

    def __init__(self, speaker: Speaker, instructions: str) -> None:
        self._speaker = speaker
        self._instructions = instructions

    def brief(self, intake: Intake) -> Brief:
        """A model that declines or answers in another form leaves the wish as it is."""
        try:
            text, usage = self._speaker.say(self._instructions, as_data(intake), FORM)
        except WriterRefusedError as error:
            return bare(intake, f"There is no brief: {sentence(error.message, 200)}")
        try:
            brief = _read(json.loads(text), intake, f"claude:{self._speaker.model}")
        except (ValueError, RecursionError, InvalidBriefError) as error:
            _log.warning("brief_malformed", error=type(error).__name__)
            return bare(intake, "There is no brief: the model's answer could not be read.")
        _log.info("brief_written", input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        return brief


def _read(values: object, intake: Intake, source: str) -> Brief:
    """The brief in a model's answer. What of it breaks the form becomes a sentence without a proof, or is left out."""
    if not isinstance(values, dict):
        raise InvalidBriefError("That is no brief.")
    assertions, unproved = _assertions(values.get("assertions"))
    name, system = values.get("name"), values.get("system")
    return Brief(
        title=sentence(_text(values, "title"), 80) or "Terraform module",
        purpose=sentence(_text(values, "purpose"), 600),
        source=source,
        name=intake.name or (name if isinstance(name, str) and len(name) <= 50 and _NAME.fullmatch(name) else None),
        system=intake.system or (system if isinstance(system, str) and _SYSTEM.fullmatch(system) else None),
        resources=_lines(values, "resources", 100),
        inputs=tuple(_valid(values.get("inputs"), input_from))[:MAX_INPUTS],
        outputs=tuple(_valid(values.get("outputs"), output_from))[:MAX_OUTPUTS],
        non_goals=_lines(values, "non_goals"),
        assumptions=_lines(values, "assumptions"),
        assertions=assertions,
        unproved=(*unproved, *_lines(values, "unproved"))[:MAX_LINES],
        question=sentence(_text(values, "question"), 300),
    )


def _assertions(items: object) -> tuple[tuple[Assertion, ...], tuple[str, ...]]:
    """Those that a test can be made of, and the sentences of the others: none vanishes."""
    kept: list[Assertion] = []
    others: list[str] = []
    for item in items if isinstance(items, list) else ():
        try:
            one = assertion_from(item)
            if len(kept) == MAX_ASSERTIONS:
                raise InvalidBriefError("There are more than ten.")
            kept.append(one)
        except InvalidBriefError:
            says = item.get("says") if isinstance(item, dict) else None
            others.append(
                sentence(says if isinstance(says, str) and says.strip() else "A sentence that nobody can read.")
            )
    return tuple(kept), tuple(others)


def _valid(items: object, read: Callable[[object], _Part]) -> Iterator[_Part]:
    for item in items if isinstance(items, list) else ():
        try:
            yield read(item)
        except InvalidBriefError:
            continue


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _lines(values: Mapping[str, Any], key: str, limit: int = 300) -> tuple[str, ...]:
    items = values.get(key)
    found = [sentence(item, limit) for item in items if isinstance(item, str)] if isinstance(items, list) else []
    return tuple(line for line in found if line)[:MAX_LINES]


def _object(properties: Mapping[str, object]) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "required": [*properties], "properties": dict(properties)}


FORM = _object(
    {
        "title": _TEXT,
        "purpose": _TEXT,
        "name": _TEXT_OR_NULL,
        "system": _TEXT_OR_NULL,
        "resources": _TEXTS,
        "inputs": {
            "type": "array",
            "items": _object(
                {"name": _TEXT, "type": _TEXT, "description": _TEXT, "default": _TEXT_OR_NULL, "constraint": _TEXT}
            ),
        },
        "outputs": {"type": "array", "items": _object({"name": _TEXT, "description": _TEXT})},
        "non_goals": _TEXTS,
        "assumptions": _TEXTS,
        "assertions": {
            "type": "array",
            "items": _object(
                {
                    "says": _TEXT,
                    "address": _TEXT,
                    "path": _TEXT,
                    "operator": {"type": "string", "enum": [*OPERATORS]},
                    "value": {"type": ["string", "number", "boolean", "null"]},
                }
            ),
        },
        "unproved": _TEXTS,
        "question": _TEXT,
    }
)
"""What a model is asked to answer in."""
