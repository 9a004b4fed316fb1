"""The writer that asks Claude: what it is told, and what of its answer is kept. Knows no wire (`generator.messages`).

Of the files in an answer only allowed paths are kept; the words are neutralised.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import UserError
from gate.report import Report
from generator import instructions
from generator.brief import to_dict
from generator.edits import EditError, applied
from generator.messages import Claude, StoppedError
from generator.paths import accept
from generator.repair_request import EDIT_FORM, read_edits, repair_request
from generator.request import Ask, Proposal, UnfitRepairError, WriterRefusedError
from generator.sanitise import sentence
from generator.spending import BudgetError
from generator.writing import Writer

_ANSWER_FORM: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "system", "title", "summary", "assumptions", "files"],
    "properties": {
        "name": {"type": "string"},
        "system": {"type": "string"},
        "title": {"type": "string"},
        "summary": {"type": "string"},
        "assumptions": {"type": "array", "items": {"type": "string"}},
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "content"],
                "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
            },
        },
    },
}


@dataclass(frozen=True)
class _Answer:
    name: str
    system: str
    title: str
    summary: str
    assumptions: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


class ClaudeWriter:
    """Implements `generator.writing.Writer`."""

    def __init__(self, claude: Claude, fallback: Writer | None = None) -> None:
        """`fallback` writes where every model refused, or where a cap stands in the way."""
        self._claude = claude
        self._fallback = fallback

    def propose(self, ask: Ask) -> Proposal:
        """A module written from scratch. Raises WriterRefusedError, UserError (key, credit) or Transient."""
        try:
            return self._written(ask)
        except WriterRefusedError as error:
            refused = isinstance(error, StoppedError) and error.stop == "refusal"
            if self._fallback is None or not (refused or isinstance(error, BudgetError)):
                raise
            return self._instead(self._fallback, ask, error)

    def _instead(self, fallback: Writer, ask: Ask, error: WriterRefusedError) -> Proposal:
        """The built-in template, where one fits, and it says so; else the honest reason."""
        try:
            proposal = fallback.propose(ask)
        except UserError:
            raise error from None
        said = sentence(f"A built-in template wrote this module, because Claude did not: {error.message}")
        return replace(proposal, assumptions=(said, *proposal.assumptions), usage=error.usage)

    def _written(self, ask: Ask) -> Proposal:
        request = {
            "request": ask.prompt,
            "namespace": ask.namespace,
            "name": ask.name,
            "system": ask.system,
            "brief": to_dict(ask.brief) if ask.brief is not None else None,
        }
        answered = self._claude.converse(
            purpose="write",
            rules=(instructions.text("system.md"),),
            fields={key: value for key, value in request.items() if value is not None},
            form=_ANSWER_FORM,
            read=_read,
        )
        answer = answered.value
        files, refused = accept(answer.files)
        if not any(path.endswith(".tf") and "/" not in path for path in files):
            raise WriterRefusedError(
                "Claude answered without a single Terraform file that I may keep."
                + "".join(f"\n- {reason}" for reason in refused[:10]),
                answered.usage,
            )
        system = ask.system or _system(answer.system)
        return Proposal(
            name=ask.name or _slug(answer.name, system),
            system=system,
            title=sentence(answer.title, 80) or "Terraform module",
            summary=sentence(answer.summary, 600),
            files=files,
            source=f"claude:{answered.model}",
            assumptions=tuple(text for line in answer.assumptions[:30] if (text := sentence(line))),
            usage=answered.usage,
            refused_paths=refused,
            instructions_sha256=instructions.digest("brief.md", "repair.md", "system.md"),
        )

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> Proposal | None:
        """The proposal with Claude's edits in it. Raises WriterRefusedError, or UnfitRepairError for another round."""
        if not proposal.source.startswith("claude:"):
            return None
        text, usage = self._claude.text(
            purpose="repair",
            rules=(instructions.text("system.md"), instructions.text("repair.md")),
            fields=repair_request(ask, proposal, report, told),
            form=EDIT_FORM,
            spent=proposal.usage,
        )
        edits = read_edits(text)
        if edits is None:
            raise UnfitRepairError("The answer was not of the form: `edits` with path, old and new.", usage)
        try:
            edited = applied(proposal.files, edits)
        except EditError as error:
            raise UnfitRepairError(str(error), usage) from None
        changed, refused = accept(
            (path, data.decode(errors="replace")) for path, data in edited.items() if proposal.files.get(path) != data
        )
        files = {path: data for path, data in {**proposal.files, **changed}.items() if path in edited and data}
        if files == dict(proposal.files):
            raise UnfitRepairError("The edits changed nothing that may be changed.", usage)
        return replace(
            proposal,
            files=files,
            usage=usage,
            refused_paths=tuple(dict.fromkeys((*proposal.refused_paths, *refused))),
        )


def _read(values: Any) -> _Answer | None:
    """The answer, or None where it is not of the form."""
    files = tuple((item["path"], item["content"]) for item in values["files"])
    assumptions = tuple(values["assumptions"])
    fields = [values[key] for key in ("name", "system", "title", "summary")]
    texts: list[Any] = [*fields, *assumptions, *(part for file in files for part in file)]
    if not files or not all(isinstance(part, str) for part in texts):
        return None
    return _Answer(fields[0], fields[1], fields[2], fields[3], assumptions, files)


def _slug(name: str, system: str) -> str:
    name = name.lower().removeprefix("terraform-").removeprefix(f"{system}-")
    return re.sub(r"[^a-z0-9]+", "-", name[:200]).strip("-")[:50].strip("-") or "module"


def _system(system: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", system.lower()[:200])[:20] or "terraform"
