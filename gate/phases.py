"""The checks that a real Terraform makes: fmt, init, validate, test.

One workspace serves them all, and a provider is started as seldom as possible: each start costs seconds.
"""

import posixpath
import re
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gate import acceptance, diagnostics
from gate.acceptance import Wish
from gate.conclusion import SKIPPED, Conclusion
from gate.configured import configured
from gate.engines.port import Session
from gate.engines.supported import MOCKS_SINCE, release
from gate.foreign_files import read_file, rewrite_file
from gate.mirror import REGISTRY_HOST
from gate.mocked import unmocked
from gate.process import Completed
from gate.providers import BUILTIN, NeededProvider
from gate.report import Finding, Profile, Severity
from gate.structure import example_directories
from gate.workspace import Workspace
from tfmodule.facts import ParsedFile
from tfmodule.files import FileMap, printable
from tfmodule.parts import own_parts, reachable

FORMATTED = (".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl")
_PROVIDER_TROUBLE = re.compile(
    r"Failed to query available provider packages|no available releases match|Could not retrieve the list of available"
    r"|Failed to install provider|Incompatible provider version|no package for"
)
_PROVIDER_DIED = re.compile(
    r"Failed to (?:load plugin schemas|obtain provider schema)|Unrecognized remote plugin|[Pp]lugin did not respond"
    r"|failed to instantiate provider|Could not load the schema for provider"
    r"|[Tt]oo many open files|[Cc]annot allocate memory|[Nn]o space left on device"
)
"""A machine that has run out of something says nothing of the module either."""
_ENGINE_TOO_OLD = re.compile(r"Unsupported (?:Terraform|OpenTofu) Core version")
_CRASHED = re.compile(r"^(?:panic: |fatal error: |goroutine \d+ \[|!+ TERRAFORM CRASH)", re.MULTILINE)
_PANIC = re.compile(r"^(?:(?:panic|fatal error): |(?=\w+Error: ))(.+)$", re.MULTILINE)
_SHOWN = 200


@dataclass
class Bench:
    """A module on the bench: an engine in a workspace, and what the screen learned."""

    workspace: Workspace
    session: Session
    flavour: str
    version: str
    profile: Profile
    files: FileMap
    parsed: Mapping[str, ParsedFile]
    providers: tuple[NeededProvider, ...]
    missing: tuple[NeededProvider, ...]
    command_seconds: float
    end: float
    leading_out: frozenset[str] = frozenset()
    """Examples that call a registry."""
    calls: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Which directories each directory calls by path."""
    initialised: list[str] = field(default_factory=list)
    wishes: tuple[Wish, ...] | None = None
    """What the acceptance test showed, once it ran."""

    def run(self, *arguments: str, directory: str = "") -> Completed:
        deadline = min(time.monotonic() + self.command_seconds, self.end)
        return self.session.run(arguments, directory=directory, deadline=deadline)

    @property
    def examples(self) -> tuple[str, ...]:
        """The examples that can be resolved here: those from which no call leads to a registry."""
        return tuple(directory for directory in example_directories(self.files) if directory not in self.leading_out)

    @property
    def configurations(self) -> tuple[str, ...]:
        """What is initialised and validated: the root, the examples, and whatever of the module neither contains."""
        tried = ("", *self.examples)
        code = {posixpath.dirname(path) for path in self.parsed if path.endswith(".tf")}
        code -= {part for part in code if part.startswith("_") or "/_" in part}  # by custom: templates, of no use alone
        left = own_parts({part: self.calls.get(part, ()) for part in code}) - reachable(tried, self.calls)
        called = {target for part in left for target in self.calls.get(part, ())}
        callers = left - called
        # Those that call one another in a circle have no caller outside of it.
        return (*tried, *sorted(callers), *sorted(left - reachable(callers, self.calls)))


def check_format(bench: Bench) -> Conclusion:
    """Let `fmt` rewrite the copy, compare, put the original back: so every difference has its line."""
    done = bench.run("fmt", "-recursive", "-no-color", "-list=false")
    halt = stopped(done, "fmt")
    if halt:
        return halt
    severity: Severity = "error" if bench.profile == "house" else "warning"
    findings = list(diagnostics.from_text(done.stderr, "fmt", "", bench.workspace)) if done.code else []
    for path in sorted(path for path in bench.files if path.endswith(FORMATTED)):
        try:
            formatted = read_file(bench.workspace.work, path)
            if formatted != bench.files[path]:
                rewrite_file(bench.workspace.work, path, bench.files[path])
        except OSError as error:
            message = f"The engine left something in the file's place that nobody reads ({error.strerror})."
            return Conclusion("undecided", (Finding("engine", "warning", message, path),))
        if formatted != bench.files[path]:
            line = _first_difference(bench.files[path], formatted)
            message = "The file is not formatted as `terraform fmt` writes it."
            findings.append(Finding("fmt", severity, message, path, line, fix="Run `terraform fmt -recursive`."))
    return _conclude(findings)


def _first_difference(before: bytes, after: bytes) -> int:
    old, new = before.split(b"\n"), after.split(b"\n")
    return next((n for n, (a, b) in enumerate(zip(old, new, strict=False), 1) if a != b), min(len(old), len(new)))


def check_init(bench: Bench) -> Conclusion:
    """Initialise the root, every example, and every submodule they do not call, from the mirror alone."""
    if bench.missing:
        return Conclusion("undecided", tuple(_not_in_mirror(provider) for provider in bench.missing))
    findings: list[Finding] = []
    for directory in bench.configurations:
        done = bench.run("init", "-backend=false", "-input=false", "-no-color", directory=directory)
        halt = stopped(done, "init")
        if halt:
            return halt
        if done.code == 0:
            bench.initialised.append(directory)
            continue
        found = diagnostics.from_text(done.stderr or done.stdout, "init", directory, bench.workspace)
        if any(trouble.search(done.stderr) for trouble in (_PROVIDER_TROUBLE, _PROVIDER_DIED, _ENGINE_TOO_OLD)):
            found = tuple(replace(finding, severity="warning") for finding in found)
            if directory not in bench.examples or bench.profile == "house":
                return Conclusion("undecided", found)
            # An example that wants what is not here says nothing of the module.
            findings += (replace(one, message=f"`{directory}` was not run. {one.message}") for one in found)
            continue
        if not found:
            return Conclusion("undecided", (_silent("init", done),))
        findings += found
        if not directory:
            break  # every example contains the root and would only repeat it
    return _conclude(findings)


def _not_in_mirror(provider: NeededProvider) -> Finding:
    return Finding(
        "provider-missing",
        "warning",
        f"The provider `{provider.source}` is not in the provider mirror, and no schema of it that would do is kept"
        " here or allowed by the policy: nobody could judge what uses it.",
        provider.path,
        provider.line,
        fix="Put the provider into a filesystem mirror and name it in TERRASMITH_PROVIDER_MIRROR.",
    )


def check_validate(bench: Bench) -> Conclusion:
    """Types, references and provider schemas, for the root, every example, and every submodule they do not call."""
    findings: list[Finding] = []
    for directory in bench.initialised:
        with configured(bench.workspace, bench.parsed, directory) as added:
            done = bench.run("validate", "-json", "-no-color", directory=directory)
        halt = stopped(done, "validate")
        if halt:
            return halt
        found = diagnostics.from_validate(done.stdout, "validate", directory, bench.workspace)
        if found is None:
            return Conclusion("undecided", (_silent("validate", done),))
        found = tuple(one for one in found if one.path is None or one.path != added)
        if any(_PROVIDER_DIED.search(finding.message) for finding in found):
            return Conclusion("undecided", tuple(replace(finding, severity="warning") for finding in found))
        findings += found
        if any(finding.severity == "error" for finding in found) and not directory:
            break  # every example calls the root and would repeat it, at the price of a provider start each
    return _conclude(dict.fromkeys(findings))


def check_tests(bench: Bench) -> Conclusion:
    """Run the module's own tests, as far as they reach nothing outside."""
    if bench.initialised[:1] != [""]:
        return SKIPPED
    tests = [path for path in sorted(bench.parsed) if path.endswith(".tftest.hcl") and path.count("/") <= 1]
    tests = [path for path in tests if "/" not in path or path.startswith("tests/")]
    if not tests:
        return SKIPPED
    if release(bench.version) < MOCKS_SINCE[bench.flavour]:
        message = f"{bench.flavour} {bench.version} cannot mock providers, so the tests were not run."
        return Conclusion("undecided" if bench.profile == "house" else "skipped", (Finding("test", "note", message),))
    findings: list[Finding] = []
    mocked = []
    for path in tests:
        real = unmocked(path, bench.parsed, bench.providers)
        if real:
            findings.append(_reaches_out(path, real, bench.profile))
        else:
            mocked.append(path)
    if not mocked:
        return Conclusion(_conclude(findings).outcome if bench.profile == "house" else "skipped", tuple(findings))
    filters = [] if len(mocked) == len(tests) else [f"-filter={path}" for path in mocked]
    done = bench.run("test", "-json", "-no-color", *filters)
    halt = stopped(done, "test")
    if halt:
        return halt
    found = diagnostics.from_test(done.stdout, bench.workspace)
    if any(_PROVIDER_DIED.search(finding.message) for finding in found):
        return Conclusion("undecided", tuple(replace(finding, severity="warning") for finding in found))
    if done.code != 0 and not any(finding.severity == "error" for finding in found):
        return Conclusion("undecided", (*findings, *found, _silent("test", done)))
    return _conclude([*findings, *_without_wishes(bench, done, found)])


def _without_wishes(bench: Bench, done: Completed, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Sentences of the request count for points and stop nobody: they are told apart from the module's own tests."""
    path = acceptance.PATH
    if bench.profile != "house" or path not in bench.parsed:
        return found
    wished = diagnostics.from_test(done.stdout, bench.workspace, only=path)
    bench.wishes = acceptance.wishes(bench.parsed[path], bench.files[path], wished)
    return diagnostics.from_test(done.stdout, bench.workspace, leaving_out=path)


def _reaches_out(path: str, names: list[str], profile: Profile) -> Finding:
    return Finding(
        "test-reaches-out",
        "error" if profile == "house" else "note",
        f"The test would call real providers ({', '.join(names)}), so it was not run.",
        path,
        1,
        fix=" ".join(f'Add `mock_provider "{name}" {{}}`.' for name in names),
    )


def missing_providers(
    providers: Iterable[NeededProvider], available: Mapping[str, tuple[str, ...]]
) -> tuple[NeededProvider, ...]:
    """The providers of which the mirror holds no version at all."""
    return tuple(p for p in providers if p.source != BUILTIN and not available.get(p.source))


def mirror_source(source: str, flavour: str) -> str:
    """Where an engine looks for a provider: OpenTofu has another default host."""
    return source.replace(REGISTRY_HOST, "registry.opentofu.org", 1) if flavour == "tofu" else source


def stopped(done: Completed, command: str) -> Conclusion | None:
    """A command that hit a limit or died decided nothing."""
    if done.limit is not None:
        message = f"`{command}` was stopped: it reached the {done.limit} limit after {done.seconds:.0f} s."
        fix = "Make the module smaller, or raise the limit if this size is meant."
        return Conclusion("undecided", (Finding("limit", "warning", message, fix=fix),))
    if done.code is None or _CRASHED.search(done.stderr):
        return Conclusion("undecided", (_died(done, command),))
    return None


def _died(done: Completed, command: str) -> Finding:
    panic = _PANIC.search(done.stderr)
    if panic is None:
        fix = "Judge once more. If it dies again, run it in the module's folder and read what it says."
        return Finding("engine", "warning", f"`{command}` died without an answer.", fix=fix)
    # Addresses in memory are others at every crash, and so may the folder be.
    words = re.sub(r"0x[0-9a-f]+|/\S+", "…", panic.group(1))[:_SHOWN]
    message = f"`{command}` died without an answer: the engine crashed with `{printable(words.replace('`', chr(39)))}`."
    fix = f"Write what `{command}` worked on in another way, or judge with another version of the engine."
    return Finding("engine", "warning", message, fix=fix)


def _silent(command: str, done: Completed) -> Finding:
    """Nobody could mend a module for a reason that is not told, so it is no refusal."""
    message = f"`{command}` ended with code {done.code} and did not say why."
    fix = f"Judge once more. If it happens again, run `{command}` in the module's folder and read what it says."
    return Finding(command, "warning", message, fix=fix)


def _conclude(findings: Iterable[Finding]) -> Conclusion:
    found = tuple(findings)
    return Conclusion("failed" if any(finding.severity == "error" for finding in found) else "passed", found)
