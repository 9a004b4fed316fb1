"""README and CHANGELOG against the code."""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted, gated
from gate.material import Material
from gate.report import Finding
from tfmodule.docs import interface_tables
from tfmodule.files import printable
from tfmodule.interface import Interface
from tfmodule.version import InvalidVersionError, Version

README, CHANGELOG = "README.md", "CHANGELOG.md"
_LONGEST = 400_000
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<title>[^\n]{1,300})$")
_CELL = re.compile(r"^\|\s*(?:<a name=[^>]{1,200}>(?:</a>)?\s*)?(?:\[)?`{0,2}(?P<name>[\w.\\-]{1,200})`{0,2}")
_FENCE = re.compile(r"^(`{3,}|~{3,})(.{0,100})$")
_MEANS = re.compile(r"(?i)\b(?:costs?|costing|paid|charged?s?|pricing|permissions?|iam|privileges?|credentials?)\b")
_ENTRY = re.compile(r"^##[ \t]+\[?v?(?P<version>[^\]\s]{1,100})\]?")


def _text(material: Material, path: str) -> str:
    return material.files.get(path, b"")[:_LONGEST].decode("utf-8", "replace").replace("\r\n", "\n")


def tables(material: Material) -> Conclusion:
    """The README's tables of inputs, outputs and requirements say what the code says. `--fix` writes them anew."""
    interface = Interface.from_facts(material.root.facts)
    text = _text(material, README)
    if not text:
        fix = "Add it with a title; `terrasmith check --fix` then writes the tables."
        return counted([Finding("readme-tables", "warning", f"`{README}` is missing.", fix=fix)])
    if interface_tables(interface).strip() in text:
        return counted(())
    return counted(_differences(text, interface))


def _differences(text: str, interface: Interface) -> Iterator[Finding]:
    """Tables of another tool's form: the names must be the same at least."""
    sections = _sections(text)
    wanted = {
        "inputs": [one.name for one in interface.inputs],
        "outputs": [one.name for one in interface.outputs],
        "requirements": [one.name for one in interface.providers],
    }
    for section, names in wanted.items():
        line, rows = sections.get(section, (1, set()))
        where = f"The table of {section} in `{README}`"
        fix = "Write the tables anew: `terrasmith check --fix` does."
        missing = [name for name in names if name not in rows]
        extra = sorted(rows - set(names) - {"terraform", "opentofu"})
        if missing:
            yield Finding("readme-tables", "warning", f"{where} leaves out `{missing[0]}`.", README, line, fix=fix)
        elif extra and section != "requirements":
            message = f"{where} names `{printable(extra[0])}`, which is not there."
            yield Finding("readme-tables", "warning", message, README, line, fix=fix)


def _sections(text: str) -> dict[str, tuple[int, set[str]]]:
    """Heading in small letters → its line, and the names in the first column of the tables below it."""
    found: dict[str, tuple[int, set[str]]] = {}
    current: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        heading = _HEADING.match(line)
        if heading:
            current = found.setdefault(heading["title"].strip().casefold(), (number, set()))[1]
        elif cell := _CELL.match(line[:1000]):
            name = cell["name"].replace("\\", "")
            heads = cell["name"] == "Name" and not {"`", "<", "["} & set(cell.group())
            if name.strip("-: ") and not heads:
                current.add(name)
    return found


def words(material: Material) -> Conclusion:
    """The README says in a sentence what the module is, shows the minimal example byte for byte, and names what it
    costs or which permissions it needs.
    """
    text = _text(material, README)
    if not text:
        return counted([Finding("readme-words", "warning", f"`{README}` is missing.", fix="Add it.")])
    return counted(_words(material, text), 3)


def _words(material: Material, text: str) -> Iterator[Finding]:
    if not _summary(text):
        message = "The README does not begin with a title and a sentence about what the module is."
        yield Finding("readme-words", "warning", message, README, 1, fix="Write `# Title`, and a sentence below it.")
    example = material.files.get("examples/minimal/main.tf", b"").decode("utf-8", "replace").strip()
    if example and example not in (block for _, block in _fenced(text)):
        message = "No code block of the README is the minimal example as it stands in `examples/minimal/main.tf`."
        line = next((number for number, _ in _fenced(text)), 1)
        yield Finding("readme-words", "warning", message, README, line, fix="Copy the example into the README.")
    if not _MEANS.search(text):
        message = "The README says nothing of costs or permissions."
        fix = "Say what is paid for, and which permissions applying it takes."
        yield Finding("readme-words", "warning", message, README, 1, fix=fix)


def _summary(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and lines[0].startswith("# ") and len(lines[1].strip()) >= 20 and lines[1][0] not in "#|`<!["


def _fenced(text: str) -> Iterator[tuple[int, str]]:
    opened, start, inside = "", 0, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        fence = _FENCE.match(line)
        if opened and fence and fence[1][0] == opened[0] and len(fence[1]) >= len(opened) and not fence[2].strip():
            yield start, "\n".join(inside).strip()
            opened = ""
        elif opened:
            inside.append(line)
        elif fence:
            opened, start, inside = fence[1], number, []


def changelog(material: Material) -> Conclusion:
    """Every version says what changed: the CHANGELOG has an entry for it, or one called Unreleased before the
    release. The version grows by no less than the change of the interface asks for.
    """
    return gated(_changelog(material))


def _changelog(material: Material) -> Iterator[Finding]:
    evidence = material.evidence
    text = _text(material, CHANGELOG)
    if not text:
        fix = "Add it, with `## Unreleased` and a line for each change."
        yield Finding("changelog", "error", f"`{CHANGELOG}` is missing.", fix=fix)
        return
    entries = {entry["version"].casefold() for line in text.split("\n") if (entry := _ENTRY.match(line))}
    wanted = {evidence.version.casefold().removeprefix("v")} if evidence.version else set()
    if not entries & (wanted | {"unreleased"}) and (wanted or not entries):
        what = f"version {printable(evidence.version)}" if wanted else "any version"
        message = f"`{CHANGELOG}` has no entry for {what}."
        fix = f"Add `## {evidence.version or 'Unreleased'}` with a line for each change."
        yield Finding("changelog", "error", message, CHANGELOG, 1, fix=fix)
    if evidence.version and evidence.least_version and _less(evidence.version, evidence.least_version):
        chosen = printable(evidence.version)
        message = f"The change asks for {evidence.least_version} or higher; {chosen} is too small a step."
        yield Finding("changelog", "error", message, CHANGELOG, 1, fix=f"Release it as {evidence.least_version}.")


def _less(version: str, least: str) -> bool:
    try:
        return Version.parse(version.removeprefix("v")) < Version.parse(least.removeprefix("v"))
    except InvalidVersionError:
        return True
