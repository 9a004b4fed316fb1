"""What stands beside the module and no engine gets to see: examples and tests that would run programs or reach out.

Under the safety profile they do not stand in the way; whoever installs the module runs none of them. Anything of the
module itself does, and what the module calls is the module.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gate.file_types import rule_for, sets_values
from gate.providers import uses
from gate.report import Finding
from gate.sources import Sources, place_of
from tfmodule.facts import ParsedFile
from tfmodule.files import printable
from tfmodule.parts import is_beside

LEFT_OUT = "left-out"
"""The rule of what is not judged further because nobody runs it here."""
_FORGIVEN = frozenset({"provisioner", "reaching-data", "backend", "provider"})
_NOT_RUN = "It stands beside the module, so its code was looked at and not run."


@dataclass
class Beside:
    """Which findings do not stand in the way, and which directories and test files are set aside for them."""

    sources: Sources
    lenient: bool
    places: set[str] = field(default_factory=set)

    def holds(self, path: str) -> bool:
        """Whether a file is no part of the module itself, and that is enough to be lenient."""
        if not self.lenient:
            return False
        if path.casefold().endswith((".tf", ".tftest.hcl", ".tfmock.hcl")):
            return place_of(path) not in self.sources.own
        folders = path.split("/")[:-1]
        parents = {"/".join(folders[:depth]) for depth in range(1, len(folders) + 1)}
        return is_beside(path) and not parents & self.sources.own

    def weighed(self, finding: Finding) -> Finding:
        """The finding as it counts where it stands; its place is set aside for it."""
        if finding.rule not in _FORGIVEN or finding.path is None or not self.holds(finding.path):
            return finding
        self.places.add(place_of(finding.path))
        return replace(finding, severity="warning", message=f"{finding.message} {_NOT_RUN}")

    def note(self, path: str) -> None:
        """The place is set aside for what was told of another one already."""
        if self.holds(path):
            self.places.add(place_of(path))

    def left_out(self, path: str) -> Finding | None:
        """The note on a file that is neither judged nor published; None where the file is judged."""
        if not self.holds(path) or not (rule_for(path) is None or sets_values(path)):
            return None
        message = "The file is left out: it is not looked at, not published, and nothing here honours it."
        return Finding(LEFT_OUT, "note", message, printable(path))

    @property
    def set_aside(self) -> frozenset[str]:
        """The places, and whatever calls them."""
        return self.sources.reaching(self.places)

    def callers(self, parsed: Iterable[str]) -> Iterator[Finding]:
        """A note on everything that is set aside for nothing but what it calls."""
        for place in sorted(self.set_aside - self.places):
            path = next((one for one in sorted(parsed) if place_of(one) == place), None)
            yield Finding(LEFT_OUT, "note", "This calls code that is not run here, so it is not run either.", path)


def without_providers(
    parsed: Mapping[str, ParsedFile], sources: Sources, missing: Collection[str]
) -> tuple[frozenset[str], tuple[Finding, ...]]:
    """What to set aside because its providers are not to be had, and what is said of it.

    A provider that the module itself uses sets nothing aside: without it nobody can judge the module.
    """
    found = [use for use in uses(parsed) if use.source in missing]
    own = {use.source for use in found if place_of(use.path) in sources.own}
    findings: dict[str, Finding] = {}
    for use in found:
        if use.source not in own:
            place = place_of(use.path)
            message = f"`{printable(str(use.source))}` is not in the provider mirror: `{printable(place)}` was not run."
            fix = "Put the provider into the mirror, and this is run, too."
            findings.setdefault(place, Finding(LEFT_OUT, "warning", message, use.path, use.line, fix=fix))
    return sources.reaching(findings), tuple(findings.values())


def without(files: Mapping[str, bytes], places: Collection[str]) -> dict[str, bytes]:
    """The files, but for the code in these places."""
    code = (".tf", ".tftest.hcl", ".tfmock.hcl")
    return {
        path: data for path, data in files.items() if not (path.casefold().endswith(code) and place_of(path) in places)
    }
