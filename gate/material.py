"""All that a rule may look at: the files, what the screen, the engine, the scanners and the schemas said, and
evidence.

Values only. What is absent is None or empty, and a rule says what it makes of that.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gate.acceptance import Wish
from gate.conclusion import Conclusion
from gate.modules import NO_MODULES, Modules
from gate.policy import Policy
from gate.report import Finding
from tfmodule.expressions import Expression, read_expression
from tfmodule.facts import Attribute, Block, ModuleFacts, ParsedFile, Variable
from tfmodule.files import FileMap
from tfmodule.hcl import facts_of
from tfmodule.parts import is_beside
from tfmodule.schema_index import Schemas


@dataclass(frozen=True)
class Evidence:
    """What others found out about the module. None: nobody looked."""

    guarded: bool = False
    """Terrasmith's own check run judges every pull request of the repository."""
    version: str = ""
    """The version that is about to be published; empty before the release."""
    least_version: str = ""
    """The least version that the change of the interface allows."""
    upgrade: tuple[Finding, ...] | None = None
    """What an upgrade from the published version would destroy or replace without saying so."""
    open: str = ""
    """What of the upgrade nobody could find out."""
    incomparable: Finding | None = None
    """Why there is an earlier version and nobody could compare with it, and what to do."""
    wishes: tuple[Wish, ...] | None = None
    """What the request asked for, as the module's acceptance test showed it; None: no such test was run."""
    idempotent: tuple[str, ...] | None = None
    """The resources that a second plan on the same state, with mocked providers, would still change."""


NO_EVIDENCE = Evidence()


@dataclass(frozen=True)
class Scanned:
    """What the scanners said, as far as the rules weigh it."""

    verdict: Conclusion
    """Of everything critical, with all findings; undecided where nobody could scan all of it."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """By concern (encryption, exposure, iam, logging): which share of the rules that applied was kept, of 1."""
    pass_rate: float | None = None
    unreasoned: int = 0
    """Suppressions that name no rule or no reason."""


@dataclass(frozen=True)
class Part:
    """One directory of the module's own code: the root, or a submodule."""

    directory: str
    files: tuple[ParsedFile, ...]
    facts: ModuleFacts

    def blocks(self, *kinds: str) -> Iterator[Block]:
        """The top-level blocks of these kinds."""
        return (block for file in self.files for block in file.blocks if block.kind in kinds)

    @cached_property
    def expressions(self) -> tuple[tuple[Block, Attribute, Expression], ...]:
        """Every argument at any depth, with the top-level block that it stands in."""
        return tuple(
            (block, attribute, read_expression(attribute.text))
            for file in self.files
            for block in file.blocks
            for inner in block.walk()
            for attribute in inner.attributes.values()
        )

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        """The inputs by name."""
        return {one.name: one for one in self.facts.variables}

    @cached_property
    def locals(self) -> Mapping[str, Attribute]:
        """The local values by name."""
        return {name: one for block in self.blocks("locals") for name, one in block.attributes.items()}

    @cached_property
    def local_expressions(self) -> Mapping[str, Expression]:
        """What the local values hold, each read once however often it is referred to."""
        return {name: read_expression(one.text) for name, one in self.locals.items()}


@dataclass(frozen=True)
class Material:
    """One module on the table."""

    files: FileMap
    parsed: Mapping[str, ParsedFile]
    screened: tuple[Finding, ...] = ()
    modules: Modules = NO_MODULES
    policy: Policy = field(default_factory=Policy)
    engine: Mapping[str, Conclusion] = field(default_factory=dict)
    """What `init`, `validate` and `test` concluded, where an engine ran."""
    schemas: Schemas | None = None
    scan: Scanned | None = None
    evidence: Evidence = NO_EVIDENCE
    ran: tuple[str, ...] | None = None
    """The directories that an engine initialised; None: nobody counted."""

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The module's own code by directory, the root first; examples and tests are left out."""
        directories: dict[str, list[ParsedFile]] = {}
        for path, file in sorted(self.parsed.items()):
            directory = posixpath.dirname(path)
            if path.endswith(".tf") and not is_beside(path):
                directories.setdefault(directory, []).append(file)
        return tuple(Part(one, tuple(found), facts_of(found)) for one, found in sorted(directories.items()))

    @cached_property
    def root(self) -> Part:
        return next((part for part in self.parts if not part.directory), Part("", (), ModuleFacts()))

    @cached_property
    def tests(self) -> tuple[ParsedFile, ...]:
        """The test files that `terraform test` reads: at the root and in `tests/`."""
        return tuple(
            file
            for path, file in sorted(self.parsed.items())
            if path.endswith(".tftest.hcl") and posixpath.dirname(path) in ("", "tests")
        )

    @cached_property
    def runs(self) -> tuple[Block, ...]:
        return tuple(block for file in self.tests for block in file.blocks if block.kind == "run")

    @property
    def readable(self) -> bool:
        """Whether the code could be read without a problem: an error hides what follows it."""
        return not any(file.problems for file in self.parsed.values())
