"""The port through which a module gets written: built-in templates without a key, Claude with one.

A writer proposes files; it never judges them and never decides whether they are handed over.
"""

from collections.abc import Sequence
from typing import Protocol

from gate.report import Report
from generator.request import Ask, Proposal


class Writer(Protocol):
    """Implementations: `generator.template_writer.TemplateWriter` and `generator.claude.ClaudeWriter`."""

    def propose(self, ask: Ask) -> Proposal:
        """A first candidate. Raises UserError where none can be made, Transient where trying again may help."""
        ...

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> Proposal | None:
        """The candidate with the report's errors mended, or None where this writer cannot do better.

        `told` says why earlier answers were thrown away. Raises WriterRefusedError, or UnfitRepairError where telling
        it again may help.
        """
        ...
