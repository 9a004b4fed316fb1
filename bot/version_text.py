"""The words about the version that a pull request would become: least step, why, and number. Decides nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.markdown import code, one_line
from tfmodule.version import Version

_MOST = 10


@dataclass(frozen=True)
class NextVersion:
    """What a merge would release. Without `next`, versions come from tags; without `before`, there is none yet."""

    next: Version | None = None
    before: Version | None = None
    least: Version | None = None
    """The least version after `before` that tells users what changed."""
    bump: str | None = None
    """The step that this takes; None where nothing changed that users see."""
    reasons: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    """What nobody could find out, in sentences."""
    problem: str = ""
    """Why nobody could compare, and what to do."""
    module: str = ""
    """Which of several modules it is."""


def preview(version: NextVersion) -> str:
    """A section of the check run's summary, in Markdown."""
    return "\n\n".join(_parts(version))


def _parts(version: NextVersion) -> Iterator[str]:
    of = f" of {code(version.module)}" if version.module else ""
    yield f"### Next version{of}"
    if version.problem:
        yield f"Undecided. {one_line(version.problem, 2_000)}"
        return
    number = f"A merge releases **{version.next}**." if version.next is not None else "Versions come from tags here."
    if version.before is None:
        yield f"{number} It is the first, and may have any number."
        return
    step = f"a **{version.bump}** step" if version.bump else "a **patch**: nothing changed that users see"
    yield f"{number} After {version.before} it takes {step}, so **{version.least}** or higher."
    yield from _listed("Why", version.reasons)
    yield from _listed("Not known", version.open)


def _listed(title: str, lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        more = [f"- … and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
        yield "\n".join([f"{title}:", "", *(f"- {one_line(line, 500)}" for line in lines[:_MOST]), *more])
