"""The writer without a key: picks a built-in template and lets the prompt's words change its defaults.

No text of the prompt reaches a file. What no template fits is refused with a list of what can be made.
"""

import re
from collections.abc import Iterable, Sequence

from gate.report import Report
from generator import scaffold
from generator.catalogue import Template, built_in
from generator.matching import Match, find
from generator.request import Ask, NothingFitsError, Proposal
from generator.sanitise import sentence
from tfmodule.files import FileMap
from tfmodule.hcl import read_facts
from tfmodule.hcl_writer import Value, literal


class TemplateWriter:
    """Implements `generator.writing.Writer`."""

    def __init__(self, templates: Sequence[Template] | None = None) -> None:
        self._templates = built_in() if templates is None else tuple(templates)

    def propose(self, ask: Ask) -> Proposal:
        """The module of the template that fits; raises NothingFitsError."""
        match = find(ask.prompt, self._templates, ask.system)
        if match is None:
            raise NothingFitsError(_nothing_fits(self._templates, ask.system))
        template = match.template
        name = ask.name or template.name
        return Proposal(
            name=name,
            system=template.system,
            title=template.title,
            summary=template.summary,
            files=_files(match, name),
            source=f"template:{template.folder}",
            assumptions=(*template.assumptions, *_sentences(match)),
            notes=template.notes,
        )

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> None:
        """A template is as good as it gets: nothing to mend here."""
        _ = ask, proposal, report, told


def _files(match: Match, name: str) -> FileMap:
    template = match.template
    files = dict(template.files)
    minimal = dict(template.minimal)
    for choice in match.choices:
        for variable, value in choice.defaults.items():
            files["variables.tf"] = with_default(files["variables.tf"], variable, value)
        for variable in choice.effect.require:
            files["variables.tf"] = without_default(files["variables.tf"], variable)
        minimal |= choice.effect.minimal
    files["versions.tf"] = scaffold.versions_file(template.required_version, template.providers)
    outputs = (output.name for output in read_facts(files).outputs if not output.sensitive)
    return files | dict(scaffold.minimal_example(name, minimal, outputs))


def with_default(variables: bytes, variable: str, value: Value) -> bytes:
    """The same `variables.tf` with another default, which must stand on one line; ValueError where there is none."""
    return _edit_default(variables, variable, rf"\g<1>{_escaped(literal(value))}\n")


def without_default(variables: bytes, variable: str) -> bytes:
    """The same `variables.tf` with this input required."""
    return _edit_default(variables, variable, "")


def _edit_default(variables: bytes, variable: str, replacement: str) -> bytes:
    text = variables.decode()
    block = re.search(rf'^variable "{re.escape(variable)}" {{\n.*?^}}$', text, re.MULTILINE | re.DOTALL)
    if block is None:
        raise ValueError(f"no variable {variable}")
    changed, count = re.subn(r"^(  default += ).*\n", replacement, block[0], flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"the variable {variable} has no default on one line")
    return (text[: block.start()] + changed + text[block.end() :]).encode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")


def _sentences(match: Match) -> Iterable[str]:
    said = dict.fromkeys(choice.sentence for choice in match.choices if choice.effect.says)
    if match.left_out:
        said[f"Not part of this module, although the request names it: {', '.join(match.left_out)}."] = None
    return said


def _nothing_fits(templates: Sequence[Template], system: str | None) -> str:
    if system is not None and not any(template.system == system for template in templates):
        first = f"I have no built-in template for the system `{sentence(system, 40)}`."
    else:
        first = "None of my built-in templates fits this request."
    lines = [f"- **{template.title}** (`{template.system}`): `/generate {template.example}`" for template in templates]
    return "\n".join(
        [
            f"{first} Without a Claude key I can make:",
            "",
            *lines,
            "",
            "When whoever runs me sets `TERRASMITH_ANTHROPIC_API_KEY`, Claude writes other modules too.",
        ]
    )
