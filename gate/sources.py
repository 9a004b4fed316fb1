"""Which module sources may stand where, and what of the code can be initialised without fetching anything.

The module itself calls what lies in its own archive, modules of this very registry, and modules of registries that the
operator allows. Examples and tests may name any registry; nobody follows them. Every other form is refused.
"""

import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gate.modules import Modules
from gate.policy import Policy
from gate.report import Finding
from tfmodule.facts import Block, ParsedFile
from tfmodule.files import printable
from tfmodule.parts import own_parts, reachable
from tfmodule.sources import Source, is_ours, read_source, within

UNRESOLVED = "module-unresolved"
"""The rule of an allowed call that nobody followed: what the engine would say is not known then."""
_INSIDE = "Use a path inside this module, such as `./modules/name`"
_BELOW = "The archive of a module holds its own folder and nothing above it: move the code below it."
_SPECIAL = re.compile(r"[\\?*:\ufffd]|//")
_SUBMODULE = re.compile(r"[\w.-]+(?:/[\w.-]+)*")


@dataclass(frozen=True)
class Sources:
    """What the calls of a module say."""

    findings: tuple[Finding, ...]
    unresolved: bool
    """The module itself calls what is not here."""
    own: frozenset[str]
    """The directories that are the module itself."""
    leading_out: frozenset[str]
    """Directories, and test files, beside the module from which a call leads to a registry: `init` would fetch it."""
    calls: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Which directories each directory, and each test file, calls by path."""

    def reaching(self, places: Collection[str]) -> frozenset[str]:
        """These places, and every one beside the module from which a call leads there."""
        wanted = set(places)
        callers = (place for place in self.calls if place not in self.own)
        return frozenset(wanted | {place for place in callers if wanted & reachable([place], self.calls)})


NO_SOURCES = Sources((), False, frozenset(), frozenset())


@dataclass(frozen=True)
class _Call:
    block: Block
    path: str
    base: str
    """The directory that its relative path starts from."""
    own: bool

    @property
    def line(self) -> int:
        return self.block.attributes["source"].line if "source" in self.block.attributes else self.block.line

    @property
    def literal(self) -> str | None:
        return self.block.literal("source")

    @property
    def target(self) -> str | None:
        """The directory it leads to, where it is a path inside this archive."""
        source = read_source(self.literal or "")
        return within(self.base, source) if source.kind == "local" else None


def check_sources(parsed: Mapping[str, ParsedFile], modules: Modules, policy: Policy) -> Sources:
    """Every call, and every place that mocks come from."""
    local = {
        part: [call.target for call in calls if call.target is not None]
        for part, calls in _by_place(parsed, ()).items()
    }
    code = {posixpath.dirname(path) for path in parsed if path.casefold().endswith(".tf")}
    own = own_parts({part: local.get(part, []) for part in code})
    findings: list[Finding] = []
    unresolved = False
    outside: set[str] = set()
    for place, calls in _by_place(parsed, own).items():
        for call in calls:
            found = _judge(call, modules, policy)
            findings += found or _in_circles(call, place, local)
            unresolved = unresolved or any(one.rule == UNRESOLVED for one in found)
            if call.literal is not None and read_source(call.literal).kind == "registry" and not call.own:
                outside.add(place)
    for path, file in parsed.items():
        findings += _mocks(path, file)
    sources = Sources(tuple(findings), unresolved, own, frozenset(), local)
    return replace(sources, leading_out=sources.reaching(outside))


def place_of(path: str) -> str:
    """Where code takes effect: in its directory; a test file is run by itself."""
    return path if _is_test(path) else posixpath.dirname(path)


def _by_place(parsed: Mapping[str, ParsedFile], own: Collection[str]) -> dict[str, list[_Call]]:
    """All calls, by directory; those of a test file by its path, because each is run by itself."""
    found: dict[str, list[_Call]] = {}
    for path, file in sorted(parsed.items()):
        directory = posixpath.dirname(path)
        test = _is_test(path)
        place, base = place_of(path), _tested(path) if test else directory
        for block in file.walk():
            if block.kind == "module" and (block.labels or "source" in block.attributes):
                found.setdefault(place, []).append(_Call(block, path, base, not test and directory in own))
    return found


def _is_test(path: str) -> bool:
    return not path.casefold().endswith(".tf")


def _tested(path: str) -> str:
    """A test names modules as seen from the directory it tests."""
    directory = posixpath.dirname(path)
    return posixpath.dirname(directory) if posixpath.basename(directory) == "tests" else directory


def _judge(call: _Call, modules: Modules, policy: Policy) -> list[Finding]:
    text = call.literal
    if "source" not in call.block.attributes:
        return [_refused(call, "The call says nothing of where its module is: it has no `source`.", f"{_INSIDE}.")]
    if text is None:
        return [_refused(call, "The source of a module must be a plain string.", f"{_INSIDE}.")]
    shown, source = printable(text), read_source(text)
    if source.kind == "local":
        if not _plain_path(text):
            return [_refused(call, f"The module source `{shown}` is not a plain path.", f"{_INSIDE}.")]
        if call.target is None:
            return [_refused(call, f"The module source `{shown}` leads out of this module.", _BELOW)]
        return []
    if _plain_registry(source):
        if not call.own:
            return [_not_followed(call, source, modules)]
        if is_ours(source, modules.hosts) or modules.of(call.block) is not None:
            return []  # whether it is there is said by `modules.problems`
        if source.host.casefold().removesuffix(":443") in policy.allowed_module_hosts:
            return [_unresolved(call, source)]
    return [_foreign(call, source, modules)]


def _plain_path(text: str) -> bool:
    """Some reader would take other characters for more than a name, or not as written."""
    plain = text.isprintable() and unicodedata.is_normalized("NFC", text)
    return plain and not _SPECIAL.search(text.rstrip("/"))


def _plain_registry(source: Source) -> bool:
    below = source.submodule
    dots = {".", ".."} & set(below.split("/"))
    return source.kind == "registry" and not dots and (not below or _SUBMODULE.fullmatch(below) is not None)


def _foreign(call: _Call, source: Source, modules: Modules) -> Finding:
    message = f"The module source `{printable(source.text)}` is not allowed: foreign code would be fetched"
    message += " and published as ours." if call.own else "."
    fix = f"{_INSIDE}, or a module of this registry." if modules.hosts else f"{_INSIDE}."
    if not call.own:
        fix = f"{_INSIDE}, or the address of a module in a registry."
    elif _plain_registry(source):
        fix += (
            f" Who operates this installation can allow calls of `{source.host.casefold()}` by"
            " TERRASMITH_ALLOWED_MODULE_HOSTS; the verdict then stays open."
        )
    return _refused(call, message, fix)


def _unresolved(call: _Call, source: Source) -> Finding:
    message = (
        f"`{printable(source.text)}` is a module of another registry. Calls of `{source.host.casefold()}` are"
        " allowed here, but nobody fetched it: nobody can tell whether this module works, or what it would run."
    )
    fix = "Call a module of this registry, or bring its code into this module, for a verdict."
    return Finding(UNRESOLVED, "warning", message, call.path, call.line, fix=fix)


def _not_followed(call: _Call, source: Source, modules: Modules) -> Finding:
    whose = "this registry" if is_ours(source, modules.hosts) else f"the registry `{source.host.casefold()}`"
    what = "test" if _is_test(call.path) else "code"
    message = f"This {what} calls a module of {whose}: its form was checked, and it was not fetched or run."
    fix = "Call the module by its path to have this run, such as `../../` from an example."
    return Finding("registry-source", "note", message, call.path, call.line, fix=fix)


def _mocks(path: str, file: ParsedFile) -> Iterator[Finding]:
    """`mock_provider` loads mocks from any folder it names."""
    for block in file.blocks if _is_test(path) else ():
        if block.kind == "mock_provider" and "source" in block.attributes:
            line, text = block.attributes["source"].line, block.literal("source")
            source = read_source(f"./{text}" if text and not text.startswith((".", "/")) else text or "")
            if source.kind != "local" or not _plain_path(source.text) or within(_tested(path), source) is None:
                message = "The source of mocks must be a plain path inside this module."
                yield Finding("mock-source", "error", message, path, line, fix="Write it as `./tests/mocks`.")


def _in_circles(call: _Call, place: str, local: Mapping[str, Collection[str]]) -> list[Finding]:
    # Terraform follows such a call until it runs into a limit.
    if call.target is None or _is_test(call.path) or place not in reachable([call.target], local):
        return []
    what = "itself" if call.target == place else "a module that calls this one again"
    fix = "Remove the call, or take what both need into a module of its own."
    return [_refused(call, f"The module calls {what}: there is no end to it.", fix)]


def _refused(call: _Call, message: str, fix: str) -> Finding:
    return Finding("module-source", "error", message, call.path, call.line, fix=fix)
