"""The look at strangers' files before any Terraform runs: what could run code, reach out or hide is refused by parse.

Fails closed: a file that cannot be read the same way by everyone is refused. It asks no engine and no network.
"""

import posixpath
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gate.beside import Beside, without, without_providers
from gate.file_types import PICTURES, Treatment, is_certificate, rule_for
from gate.known import as_of, known_providers, nearest
from gate.mirror import REGISTRY_HOST
from gate.modules import NO_MODULES, Modules
from gate.policy import Policy
from gate.providers import Use, uses
from gate.report import Finding, Profile
from gate.sources import NO_SOURCES, Sources, check_sources
from gate.structure import has_code
from tfmodule.facts import Block, ParsedFile
from tfmodule.files import FileMap, UnsafePathError, check_path, check_unique, printable
from tfmodule.hcl import STUCK, parse
from tfmodule.parts import is_beside
from tfmodule.path_literals import path_literals

SYNTAX = "syntax"
"""The rule of ordinary syntax errors; `fmt`, which runs nothing, may look at them for better words."""
_BLOCK_KINDS = {
    ".tf": "terraform variable output locals resource data ephemeral module provider moved removed import check",
    ".tftest.hcl": "test run variables variable provider mock_provider override_resource override_data override_module",
    ".tfmock.hcl": "mock_resource mock_data override_resource override_data override_module",
}
_STATES = ("backend", "cloud", "state_store")
_GUESSES = 10
"""So many unknown providers are compared with the known ones; more of them is no slip."""
# Data sources that run a program or fetch what the module names; each with what to do instead.
_REACHING_DATA = {
    "external": "Compute the value in Terraform, or take it as a variable.",
    "http": "Take the value as a variable.",
    "terraform_remote_state": "Take the value as a variable; the caller knows where the state lies.",
    "dns_a_record_set": "Take the addresses as a variable.",
}


@dataclass(frozen=True)
class Screened:
    """What the screen found, and what the later checks may use: the parsed code and the files Terraform may see."""

    findings: tuple[Finding, ...]
    parsed: Mapping[str, ParsedFile]
    admitted: FileMap
    """What an engine gets to see."""
    scannable: FileMap = field(default_factory=dict)
    """Admitted, and the code beside the module that no engine gets to see: it is published, too."""
    sources: Sources = NO_SOURCES

    @property
    def unresolved(self) -> bool:
        """The module calls what nobody fetched, so no engine can initialise it."""
        return self.sources.unresolved

    @property
    def leading_out(self) -> frozenset[str]:
        """Examples and test files that cannot be initialised here: they call a registry. Tests are not admitted."""
        return self.sources.leading_out

    @property
    def run(self) -> Mapping[str, ParsedFile]:
        """The code that an engine gets to see."""
        return {path: file for path, file in self.parsed.items() if path in self.admitted}

    @property
    def refused(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def only_syntax(self) -> bool:
        """Refused, but for nothing worse than ordinary syntax errors."""
        rules = {finding.rule for finding in self.findings if finding.severity == "error"}
        return rules == {SYNTAX}


def screen(files: FileMap, policy: Policy, modules: Modules = NO_MODULES, *, profile: Profile = "house") -> Screened:
    """Look at everything; the findings come in the order of files and lines.

    Under the safety profile, what stands beside the module and may not run is set aside and does not refuse it.
    """
    findings = list(too_large(files, policy))
    if findings:
        return Screened(tuple(findings), {}, {})
    findings += _names(files)
    treatments = {path: _treatment(path) for path in files}
    named = {finding.path for finding in findings}
    parsed, tokens = dict[str, ParsedFile](), 0
    code = (path for path, treatment in treatments.items() if treatment == "code" and printable(path) not in named)
    for path in sorted(code):
        parsed[path] = parse(path, files[path])
        if any(problem.message == STUCK for problem in parsed[path].problems):
            return Screened(tuple(_syntax(parsed[path])), {}, {})
        tokens += parsed[path].tokens
        if tokens > policy.max_tokens:
            message = f"The code of the module has more than {policy.max_tokens} tokens."
            return Screened((_error("too-large", message, path, fix="Make it several modules."),), {}, {})
    sources = check_sources(parsed, modules, policy)
    beside = Beside(sources, lenient=profile == "safety")
    for path in sorted(files):
        left_out = beside.left_out(path)
        findings += [left_out] if left_out is not None else _file(path, files[path])
    for file in parsed.values():
        for rule in CODE_RULES:
            findings += map(beside.weighed, rule(file))
    findings += sources.findings
    findings += _provider_blocks(parsed, sources.own)
    findings += _providers(parsed, policy, beside)
    findings += _root(files)
    findings += beside.callers(parsed)
    scannable = {path: data for path, data in files.items() if _seen(treatments[path], data)}
    tests = {path for path in sources.leading_out if path in parsed}
    admitted = without(scannable, beside.set_aside | tests)
    ordered = sorted(set(findings), key=lambda f: (f.path or "", f.line or 0, f.rule, f.message))
    return Screened(tuple(ordered), parsed, admitted, scannable, sources)


def lacking(screened: Screened, missing: Collection[str]) -> tuple[Screened, tuple[Finding, ...]]:
    """The same without what stands beside the module and uses these providers; and what is said of that."""
    places, findings = without_providers(screened.run, screened.sources, missing)
    return replace(screened, admitted=without(screened.admitted, places)), findings


def too_large(files: FileMap, policy: Policy) -> Iterator[Finding]:
    """What stands in the way of even parsing these files."""
    if len(files) > policy.max_files:
        yield _error("too-large", f"The module has {len(files)} files; {policy.max_files} are allowed.")
    total = sum(len(data) for data in files.values())
    if total > policy.max_total_bytes:
        yield _error("too-large", f"The module is {total} bytes large; {policy.max_total_bytes} are allowed.")
    for path, data in files.items():
        if len(data) > policy.max_file_bytes and not _unread(path):
            message = f"The file is {len(data)} bytes large; {policy.max_file_bytes} are allowed."
            yield _error("too-large", message, printable(path), fix="Split it, or leave it out of the module.")


def _unread(path: str) -> bool:
    """No parser, scanner or engine is ever given it, so its size is bounded by the sum alone."""
    rule = rule_for(path)
    return _is_picture(path) or (is_beside(path) if rule is None else rule.treatment == "ignored")


def _is_picture(path: str) -> bool:
    return path.rsplit(".", 1)[-1].casefold() in PICTURES


def _names(files: FileMap) -> Iterator[Finding]:
    safe = []
    for path in files:
        try:
            check_path(path)
            safe.append(path)
        except UnsafePathError as error:
            yield _error("file-name", error.message, printable(path), fix="Rename the file.")
    try:
        check_unique(sorted(safe))
    except UnsafePathError as error:
        yield _error("file-name", error.message, error.path, fix="Rename one of them.")


def _root(files: FileMap) -> Iterator[Finding]:
    # Terraform accepts an empty folder; published, it would be a version for ever.
    if not has_code(files):
        fix = "Put the module's `.tf` files at its root, outside of any folder, or its submodules into `modules/NAME/`."
        yield _error("no-code", "There is no Terraform code at the root: this is no module.", fix=fix)


def _seen(treatment: Treatment, data: bytes) -> bool:
    return treatment in ("code", "kept") or (treatment == "certificate" and is_certificate(data))


def _treatment(path: str) -> Treatment:
    rule = rule_for(path)
    return rule.treatment if rule else "forbidden"


def _file(path: str, data: bytes) -> Iterator[Finding]:
    rule = rule_for(path)
    if rule is None:
        yield _error(
            "file-type",
            "Files of this kind have no place in a module.",
            printable(path),
            fix="Remove the file, or build it outside of the module.",
        )
        return
    if rule.treatment == "forbidden":
        yield _error("planted-file", f"The file is refused: {rule.why}.", printable(path), fix=rule.fix)
        return
    if rule.treatment == "ignored" or _is_picture(path):
        return
    if rule.treatment == "certificate" and not is_certificate(data):
        yield _error("planted-file", f"The file is refused: {rule.why}.", printable(path), fix=rule.fix)
        return
    # A name that is refused is shown by no terminal; it has said so by itself.
    yield from _text(path if path.isprintable() else printable(path), data)


def _text(path: str, data: bytes) -> Iterator[Finding]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield _error("not-text", "The file is not UTF-8 text.", path, line, fix="Save it as UTF-8, or remove it.")
        return
    for number, line_text in enumerate(text.split("\n"), 1):
        plain = line_text.isascii() and line_text.isprintable()
        hidden = None if plain else next((c for c in line_text if _hidden(c)), None)
        if hidden is not None:
            yield _error(
                "invisible-text",
                f"The line holds the invisible character U+{ord(hidden):04X}: what runs is not what people see.",
                path,
                number,
                fix="Delete the character.",
            )
            return


def _hidden(character: str) -> bool:
    if character in "\t\r\f\u200d\ufe0f":  # the last two join and colour emoji, and hide nothing
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _syntax(file: ParsedFile) -> Iterator[Finding]:
    for problem in file.problems:
        message = f"{problem.message[:1].upper()}{problem.message[1:]}."
        rule = SYNTAX if problem.readable else "unreadable"
        yield _error(rule, message, problem.path, problem.line, fix="Run `terraform fmt` and correct what it names.")


def _repeated(file: ParsedFile) -> Iterator[Finding]:
    for attribute in file.repeated:
        message = f"`{printable(attribute.name)}` is set twice in one block; readers disagree which one counts."
        yield _error("repeated", message, file.path, attribute.line, fix="Remove one of them.")


def _kinds(file: ParsedFile) -> Iterator[Finding]:
    known = next(kinds.split() for suffix, kinds in _BLOCK_KINDS.items() if file.path.casefold().endswith(suffix))
    for block in file.blocks:
        if block.kind not in known:
            yield _at(
                block, "unknown-block", f"`{printable(block.kind)}` blocks are not allowed here.", "Remove the block."
            )


def _provisioners(file: ParsedFile) -> Iterator[Finding]:
    for block in file.walk():
        kind = block.labels[0] if block.kind == "dynamic" and block.labels else block.kind
        if kind in ("provisioner", "connection"):
            fix = "Remove it: let user data, an image or the pipeline do this."
            yield _at(block, "provisioner", "Provisioners run programs on the machine that applies the module.", fix)


def _reaching_data(file: ParsedFile) -> Iterator[Finding]:
    for block in file.walk():
        kind = block.labels[0] if block.labels else ""
        if block.kind in ("data", "ephemeral") and kind in _REACHING_DATA:
            message = f'The data source "{kind}" runs a program or fetches what the module names.'
            yield _at(block, "reaching-data", message, _REACHING_DATA[kind])


def _settings(file: ParsedFile) -> Iterator[Finding]:
    for block in file.blocks:
        for inner in block.blocks if block.kind == "run" else ():
            if inner.kind in _STATES:
                fix = f"Remove the `{inner.kind}` block: the state of a test lies in memory."
                yield _at(inner, "backend", "A test must not say where state is kept.", fix)
        for inner in block.blocks if block.kind == "terraform" else ():
            if inner.kind in _STATES:
                fix = f"Remove the `{inner.kind}` block: the configuration that calls the module chooses it."
                yield _at(inner, "backend", "A module must not say where state is kept.", fix)
            elif inner.kind not in ("required_providers", "provider_meta"):
                message = f"`{printable(inner.kind)}` is not allowed inside `terraform`."
                yield _at(inner, "unknown-block", message, "Remove the block.")


def _provider_blocks(parsed: Mapping[str, ParsedFile], own: frozenset[str]) -> Iterator[Finding]:
    for path, file in parsed.items():
        code = path.casefold().endswith(".tf") and posixpath.dirname(path) in own
        for block in file.blocks if code else ():
            if block.kind == "provider":
                message = (
                    "A module with its own provider configuration cannot be used with count, for_each or depends_on."
                )
                fix = "Move it to the examples; the module itself only names the provider in `required_providers`."
                yield _at(block, "provider-block", message, fix)


def _paths(file: ParsedFile) -> Iterator[Finding]:
    for one in path_literals(file):
        said = f"`{printable(one.text)}`, given to `{one.user}`,"
        fix = 'Name a file of the module, such as `"${path.module}/files/policy.json"`, or take the text as a variable.'
        if one.absolute:
            message = f"The path {said} is one of the machine that applies the module, not of the module."
            yield _error("outside-path", message, one.path, one.line, fix=fix)
        elif one.leaves(posixpath.dirname(one.path)):
            message = f"The path {said} leads out of the module's archive by `..`."
            yield _error("outside-path", message, one.path, one.line, fix=fix)


CODE_RULES: tuple[Callable[[ParsedFile], Iterator[Finding]], ...] = (
    _syntax,
    _repeated,
    _kinds,
    _provisioners,
    _reaching_data,
    _settings,
    _paths,
)


def _providers(parsed: Mapping[str, ParsedFile], policy: Policy, beside: Beside) -> Iterator[Finding]:
    told: set[tuple[str, bool]] = set()
    for use in uses(parsed):
        known = use.source in known_providers()
        key = use.source or use.written, known and beside.holds(use.path)
        if use.source in policy.allowed_providers:
            continue
        if key in told or (key[0], False) in told:
            beside.note(use.path)
            continue
        told.add(key)
        meant = _meant(use, guess=len(told) <= _GUESSES)
        if use.source is None:
            message = f"`{printable(use.written)}` is not the address of a provider.{meant}"
            fix = 'Write it plainly, such as `source = "hashicorp/aws"`.'
        elif known:
            message = f"The provider `{_short(use.source)}` is not on the list of allowed providers."
            fix = f"Use an allowed one, or let the operator set TERRASMITH_ALLOWED_PROVIDERS={_short(use.source)}."
        else:
            message = f"No provider `{_short(use.source)}` is known as of {as_of()}.{meant}"
            fix = (
                "Correct the address, or declare the right one in `required_providers`. If this one exists, the"
                " operator allows it by TERRASMITH_ALLOWED_PROVIDERS."
            )
        found = _error("provider", message, use.path, use.line, fix=fix)
        yield beside.weighed(found) if known else found  # what nobody knows is refused wherever it stands: people copy


def _meant(use: Use, *, guess: bool) -> str:
    near = nearest(use.written if use.source is None else use.source) if guess else None
    return f" Did you mean `{near}`?" if near else ""


def _short(source: str) -> str:
    return printable(source.removeprefix(f"{REGISTRY_HOST}/"))


def _error(rule: str, message: str, path: str | None = None, line: int | None = None, *, fix: str = "") -> Finding:
    return Finding(rule, "error", message, path, line, fix=fix)


def _at(block: Block, rule: str, message: str, fix: str) -> Finding:
    return Finding(rule, "error", message, block.path, block.line, block.end_line, fix)
