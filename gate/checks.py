"""The checks of the gate, in order: one table. What each does lives in the file that its function comes from.

A number is that of the rubric (docs/GATE.md); 0 stands for what is no part of it. One number may have several rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gate.conclusion import Conclusion, gated
from gate.material import Material
from gate.phases import Bench, check_format, check_init, check_tests, check_validate
from gate.report import CheckResult, Kind, Profile
from gate.rules import (
    documents,
    grants,
    inputs,
    layout,
    literals,
    outputs,
    proof,
    references,
    repetition,
    resources,
    schema,
    secrecy,
    style,
    versions,
    workflows,
)
from gate.scanning.secrets import find_secrets
from gate.sources import UNRESOLVED


@dataclass(frozen=True)
class Check:
    """`profile` says when it runs: "safety" always, "house" for the house profile only. Exactly one function is set.

    `of` is what it is worth in points, 0 for a gate; `rules` are the rules of its findings, where not its own id
    alone.
    """

    number: int
    id: str
    title: str
    profile: Profile
    look: Callable[[Material], Conclusion] | None = None
    run: Callable[[Bench], Conclusion] | None = None
    """Needs an engine; runs only after the screen passed."""
    of: float = 0.0
    rules: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return "points" if self.of else "gate"

    @property
    def docs(self) -> str:
        """Its page, below the root of the repository."""
        return f"docs/rules/{self.id}.md"

    @property
    def says(self) -> tuple[str, ...]:
        """The rules that its findings name."""
        return self.rules or (self.id,)

    def result(self, conclusion: Conclusion, seconds: float) -> CheckResult:
        """How it ended, as the report has it."""
        share = 1.0 if conclusion.outcome == "passed" else 0.0
        if conclusion.outcome == "failed" and conclusion.share is not None:
            share = conclusion.share
        return CheckResult(
            self.id,
            self.title,
            conclusion.outcome,
            seconds,
            number=self.number,
            kind=self.kind,
            points=round(self.of * share, 2),
            of=self.of,
            note=conclusion.note,
        )


_CONFIGURATION = ("provider-block", "backend")
_EFFECTS = ("provisioner", "reaching-data")
_SOURCES = ("provider", "module-source", "mock-source", "registry-source", UNRESOLVED)
_CLAIMED = frozenset((*_CONFIGURATION, *_EFFECTS, *_SOURCES))


def _screened(material: Material, rules: Iterable[str]) -> Conclusion:
    return gated(finding for finding in material.screened if finding.rule in rules)


def screen(material: Material) -> Conclusion:
    """Before anything is run: only files that have a place in a module, of a size that can be read, in text that says
    what it seems to say, and in a syntax that everybody reads alike.
    """
    return gated(finding for finding in material.screened if finding.rule not in _CLAIMED)


def own_configuration(material: Material) -> Conclusion:
    """A module with a provider block of its own cannot be used with `count`, `for_each` or `depends_on`; and where
    state is kept is for its caller to say.
    """
    return _screened(material, _CONFIGURATION)


def side_effects(material: Material) -> Conclusion:
    """Applying or planning a module runs no program and fetches nothing that the module names: no provisioner, no
    `external` or `http` data source.
    """
    return _screened(material, _EFFECTS)


def sources(material: Material) -> Conclusion:
    """Only providers that the organisation allows, and only modules that lie in the archive or in this registry."""
    return _screened(material, _SOURCES)


def called_modules(material: Material) -> Conclusion:
    """What the module calls in this registry exists, may be installed, and meets the constraint that is written."""
    return gated(material.modules.problems)


def credentials(material: Material) -> Conclusion:
    """No file holds anything that has the form of a credential: not the code, not the examples, not the README."""
    return gated(find_secrets(material.files))


def no_warnings(material: Material) -> Conclusion:
    """`validate` warns of what a later version of Terraform or a provider will refuse."""
    found = material.engine.get("validate")
    if found is None or found.outcome in ("skipped", "undecided"):
        return Conclusion(found.outcome if found else "undecided", note="`validate` did not run.")
    warnings = [f for f in found.findings if f.severity == "warning" and not (f.path or "").startswith("examples/")]
    return Conclusion("failed" if warnings else "passed", note=f"{len(warnings)} warnings." if warnings else "")


def coverage(material: Material) -> Conclusion:
    """There are tests enough: a run for each example, and one that sets each feature flag."""
    return gated(layout.test_coverage(material))


CHECKS: tuple[Check, ...] = (
    Check(
        0,
        "screen",
        "Nothing forbidden inside",
        "safety",
        screen,
        rules=(
            "too-large",
            "file-name",
            "file-type",
            "planted-file",
            "not-text",
            "invisible-text",
            "suppression",
            "syntax",
            "unreadable",
            "unknown-block",
            "repeated",
            "no-code",
        ),
    ),
    Check(1, "fmt", "Formatting", "safety", run=check_format),
    Check(
        2,
        "init",
        "Initialisation",
        "safety",
        run=check_init,
        rules=("init", "provider-missing", "provider-hash", "limit", "engine"),
    ),
    Check(3, "validate", "Validity", "safety", run=check_validate, rules=("validate", "limit", "engine")),
    Check(4, "validate-warnings", "Validity without warnings", "house", no_warnings, of=2, rules=("validate",)),
    Check(5, "examples", "Examples that work", "safety", layout.examples_work, rules=("init", "validate")),
    Check(
        6,
        "test",
        "Tests with mocked providers",
        "safety",
        run=check_tests,
        rules=("test", "test-reaches-out", "limit", "engine"),
    ),
    Check(6, "test-coverage", "Tests of examples and flags", "house", coverage, rules=("test-coverage",)),
    Check(
        7, "own-configuration", "No providers or backend of its own", "safety", own_configuration, rules=_CONFIGURATION
    ),
    Check(8, "side-effects", "Runs and fetches nothing", "safety", side_effects, rules=_EFFECTS),
    Check(9, "secrets", "No credentials", "safety", credentials, rules=("secret", "secret-literal")),
    Check(10, "sources", "Allowed providers and sources", "safety", sources, rules=_SOURCES),
    Check(10, "modules", "Modules it calls", "safety", called_modules, rules=("module-call",)),
    Check(11, "schema", "Known to its providers", "house", schema.known_names),
    Check(12, "scan", "Nothing critically insecure", "safety", proof.critical, rules=("scan", "suppression")),
    Check(13, "terraform-version", "Terraform version", "house", versions.terraform_version, of=2),
    Check(14, "provider-floors", "Provider versions", "house", versions.provider_floors, of=2),
    Check(15, "standard-files", "Standard files", "house", layout.standard_files, of=3),
    Check(16, "example-pair", "Minimal and complete example", "house", layout.examples_pair, of=4),
    Check(17, "tests-offline", "Tests without a cloud", "house", layout.tests_offline, of=2),
    Check(18, "variable-types", "Types of inputs", "house", inputs.types, of=3),
    Check(19, "variable-descriptions", "Descriptions of inputs", "house", inputs.descriptions, of=2),
    Check(20, "variable-nulls", "Inputs that are never null", "house", inputs.nulls, of=2),
    Check(21, "variable-structures", "Structured inputs", "house", inputs.structures, of=2),
    Check(22, "variable-validations", "Validations", "house", inputs.validations, of=5),
    Check(23, "validation-tests", "Tests of validations", "house", inputs.validation_tests, of=4),
    Check(24, "secret-inputs", "Secret inputs", "house", secrecy.secret_variables, of=3),
    Check(25, "secret-outputs", "Secret outputs", "house", outputs.secret_outputs, of=2),
    Check(26, "output-descriptions", "Descriptions of outputs", "house", outputs.descriptions, of=2),
    Check(27, "primary-outputs", "Outputs of what was made", "house", outputs.primary_outputs, of=2),
    Check(28, "conditional-outputs", "Outputs of what may be absent", "house", outputs.conditional_outputs, of=2),
    Check(29, "stable-keys", "Stable keys", "house", repetition.stable_keys, of=3),
    Check(30, "fixed-values", "No fixed accounts or regions", "house", literals.fixed_values, of=2),
    Check(31, "partitions", "Any partition", "house", literals.partitions, of=2),
    Check(32, "tags", "Tags everywhere", "house", resources.tags, of=3),
    Check(33, "encryption", "Encrypted by default", "house", resources.encryption, of=4),
    Check(34, "exposure", "Closed by default", "house", resources.exposure, of=3),
    Check(35, "iam-wildcards", "No grant of everything", "house", grants.wildcards, of=3),
    Check(36, "recovery", "Backups and versions", "house", resources.recovery, of=2),
    Check(37, "deletion-guards", "Hard to lose", "house", resources.guards, of=3),
    Check(38, "scan-rate", "Scanners' rules", "house", proof.scan_rate, of=3),
    Check(39, "unused", "Nothing unused", "house", references.unused, of=2),
    Check(40, "deprecated", "Nothing deprecated", "house", schema.deprecated, of=2),
    Check(41, "names", "Names", "house", style.names, of=1),
    Check(42, "order", "Order", "house", style.order, of=1),
    Check(43, "readme-tables", "Tables of the README", "house", documents.tables, of=3),
    Check(44, "readme-words", "Words of the README", "house", documents.words, of=2),
    Check(45, "changelog", "Changelog and version", "house", documents.changelog),
    Check(46, "upgrade", "Upgrade from the version before", "house", proof.upgrade),
    Check(47, "ci-workflow", "Checked at every change", "house", workflows.ci_workflow, of=4),
    Check(48, "linter-settings", "Settings of the linters", "house", layout.linters, of=2),
    Check(49, "intent", "What the request asked for", "house", proof.intent, of=8),
    Check(50, "idempotent", "Empty second plan", "house", proof.idempotent, of=3),
)

SCORE = Check(0, "score", "Score", "house")
TIER = Check(0, "tier", "What it rests on", "safety")
"""Both are said of the report as a whole, so they stand at its end and outside of the table."""
