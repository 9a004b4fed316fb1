"""Writes docs/rules/*.md from the table of checks: what each asks for, and the two small modules that its test judges.

Run it after a change of `gate/checks.py`, of a rule's docstring, or of a case in tests/unit/gate/rules.
"""

import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from gate.checks import CHECKS, Check

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "unit" / "gate" / "rules"
PAGES = ROOT / "docs" / "rules"
_REMOVED = " (removed)"


@dataclass(frozen=True)
class Case:
    """What is laid over the module of `module.txt`; `places` is where a failing one must be found wrong."""

    passes: bool
    places: tuple[str, ...]
    files: dict[str, bytes]
    removed: tuple[str, ...]
    values: dict[str, str]


def read_files(text: str) -> tuple[dict[str, bytes], tuple[str, ...], dict[str, str]]:
    """`--- name` and what follows it; a name that begins with `@` is no file but values for the check."""
    files, values, removed = dict[str, bytes](), dict[str, str](), list[str]()
    for section in re.split(r"^--- ", text, flags=re.MULTILINE)[1:]:
        name, _, content = section.partition("\n")
        if name.endswith(_REMOVED):
            removed.append(name.removesuffix(_REMOVED))
        elif name.startswith("@"):
            values[name[1:]] = content
        else:
            files[name] = content.encode()
    return files, tuple(removed), values


def module() -> dict[str, bytes]:
    """The module that passes everything."""
    return read_files((CASES / "module.txt").read_text(encoding="utf-8"))[0]


def cases(check: Check) -> tuple[Case, ...]:
    """The cases of a check; none where it has no file of them."""
    path = CASES / f"{check.id}.txt"
    found = []
    for section in (
        re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:] if path.exists() else []
    ):
        head, _, rest = section.partition("\n")
        word, *places = head.split()
        found.append(Case(word == "passes", tuple(places), *read_files(rest)))
    return tuple(found)


def why(check: Check) -> str:
    """The first words of the function that checks: they are written for people who hit the rule."""
    function = check.look or check.run
    return " ".join((inspect.getdoc(function) or "").split())


def page(check: Check) -> str:
    worth = f"{check.of:g} points" if check.of else "a gate: a module that fails it is not published"
    number = f"Number {check.number} of the rubric, {worth}." if check.number else f"Beyond the rubric, {worth}."
    profile = "Holds for every module." if check.profile == "safety" else "Holds under the house profile."
    said = ", ".join(f"`{rule}`" for rule in check.says)
    parts = [f"# {check.title} (`{check.id}`)", why(check), f"{number} {profile} Its findings are called {said}."]
    for case in cases(check):
        shown = {name: data for name, data in case.files.items() if not name.startswith(".git/")}
        if shown or case.removed:
            parts.append("## Passes" if case.passes else "## Fails")
            parts += [f"**{name}** is missing." for name in case.removed]
            for name, data in shown.items():
                parts += [f"**{name}**", f"```{_language(name)}\n{data.decode().rstrip()}\n```"]
    parts.append("[All checks](README.md) · [The gate](../GATE.md)")
    return "\n\n".join(parts) + "\n"


def _language(name: str) -> str:
    return {"tf": "hcl", "hcl": "hcl", "md": "markdown", "yml": "yaml", "yaml": "yaml"}.get(
        name.rsplit(".", 1)[-1], "text"
    )


def index() -> str:
    rows = [
        f"| {check.number or ''} | [{check.title}]({check.id}.md) | `{check.id}` | {check.of:g} | {check.profile} |"
        if check.of
        else f"| {check.number or ''} | [{check.title}]({check.id}.md) | `{check.id}` | gate | {check.profile} |"
        for check in CHECKS
    ]
    head = (
        "# The checks of the gate\n\nMade from the table in `gate/checks.py` by `tools/rule_pages.py`. What profiles,"
        " gates and the score are:\n[the gate](../GATE.md).\n"
    )
    return (
        "\n".join(
            [
                head,
                "| # | Check | Id | Points | Profile |",
                "| --- | --- | --- | --- | --- |",
                *rows,
            ]
        )
        + "\n"
    )


def pages() -> dict[str, str]:
    """Every page by its name."""
    return {"README.md": index(), **{f"{check.id}.md": page(check) for check in CHECKS}}


def main() -> None:
    PAGES.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in PAGES.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (PAGES / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(wanted)} pages in {PAGES.relative_to(ROOT)}\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
