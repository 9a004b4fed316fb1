"""The UPGRADE note: what a new version breaks, who has to do what, and what a `moved` block would keep. Markdown."""

import re
from collections.abc import Iterator

from gate.proof.values import Proof, sentence
from tfmodule.comparison import Change
from tfmodule.version import Version

_TODO = {
    ("input", "removed"): "Take it out of every call.",
    ("input", "added"): "Set it in every call.",
    ("output", "removed"): "Take out what refers to it.",
    ("provider", "removed"): "Take it out of `providers` in every call.",
    ("provider", "changed"): "Bring the provider to a version that both accept before you upgrade.",
    ("terraform", "changed"): "Bring Terraform to such a version before you upgrade.",
    ("resource", "removed"): "Look at the plan before you apply: it destroys what this resource made.",
    ("module call", "removed"): "Look at the plan before you apply: it destroys what was made there.",
    ("submodule", "removed"): "Call another module instead.",
}


def upgrade_note(proof: Proof, before: Version | None = None, after: Version | None = None) -> str:
    """What people read before they upgrade. The same proof gives the same text."""
    title = f"# Upgrading from {before} to {after}" if before and after else "# Upgrading"
    return "\n".join([title, "", *_body(proof)]).rstrip("\n") + "\n"


def _body(proof: Proof) -> Iterator[str]:
    breaking = [change for change in proof.changes if change.breaking]
    if proof.bump != "major":
        yield "Nothing is known that breaks a caller." if proof.tried else "The interface shows nothing that breaks."
        yield ""
    if breaking:
        yield from ("## What you have to do", "", *(f"- {_todo(change)}" for change in breaking), "")
    broken = [one for one in proof.scenarios if one.problems and one.verdict == "breaking"]
    if broken:
        yield from ("## Calls that Terraform refuses now", "")
        yield from (f"- `{one.name}`: {_plain(problem)}" for one in broken for problem in one.problems)
        yield ""
    lost = [(one.name, change) for one in proof.scenarios for change in one.changes if change.destroys]
    if lost:
        yield from ("## What is destroyed", "", "With the data in it, at the next apply:", "")
        yield from (f"- `{change.address}` in `{name}` {_plain(change.why)}" for name, change in lost)
        yield ""
    moves = list(suggested_moves(proof))
    if moves:
        yield from ("## For the module's author: what would keep it", "", "If it is the same thing under another name:")
        yield from ("", "```terraform", "\n\n".join(_block(old, new) for old, new in moves), "```", "")
    kept = [(one.name, change) for one in proof.scenarios for change in one.changes if change.moved_from]
    if kept:
        yield from ("## What moves and is kept", "")
        yield from (f"- `{change.moved_from}` becomes `{change.address}` in `{name}`" for name, change in kept)
        yield ""
    if proof.undecided:
        yield from ("## What nobody could find out", "", *(f"- {_plain(one)}" for one in proof.undecided), "")


def suggested_moves(proof: Proof) -> Iterator[tuple[str, str]]:
    """Pairs of addresses inside the module: where one resource of a type is gone and one of the same type is new."""
    resources = [change for change in proof.changes if change.subject == "resource"]
    for one in resources:
        alike = [other.kind for other in resources if _sort(other) == _sort(one)]
        if one.kind == "removed" and alike.count("removed") == alike.count("added") == 1:
            yield (
                one.name,
                next(other.name for other in resources if other.kind == "added" and _sort(other) == _sort(one)),
            )


def _sort(change: Change) -> tuple[str, str]:
    return change.path, change.name.partition(".")[0]


def _block(old: str, new: str) -> str:
    return f"moved {{\n  from = {old}\n  to   = {new}\n}}"


def _todo(change: Change) -> str:
    todo = _TODO.get((change.subject, change.kind), "")
    if change.what == "default":
        todo = "Set it in every call that does not yet."
    elif change.subject == "input" and change.kind == "changed":
        todo = "Look at the values that you give it."
    return f"{_first(sentence(change))}. {todo}".rstrip()


def _first(text: str) -> str:
    return _plain(text[:1].upper() + text[1:])


def _plain(text: str) -> str:
    """Diagnostics quote strangers' code: no line of its own, no tag, no picture."""
    return re.sub(r"([<\[\]!*_])", r"\\\1", " ".join(text.split())) if "`" not in text else " ".join(text.split())
