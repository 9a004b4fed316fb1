"""Fetches a commit's files from GitHub and has the gate judge them. Knows no check run and no version."""

from collections.abc import Callable, Iterable

from bot.github.gateway import InstallationClient
from bot.github.values import Pull
from bot.version_text import NextVersion
from gate.report import CheckResult, Finding, Report
from registry.services.staging import module_of
from tfmodule.address import Address
from tfmodule.archive import ArchiveError, Entry, unpack
from tfmodule.files import printable
from tfmodule.version import Version
from workers import calls, governing, proving
from workers.context import JobContext
from workers.governing import Way

__all__ = ["Taken", "fetch", "judge_commit", "judge_entries", "judge_proposed", "module_of", "unreadable", "way_of"]

Taken = Callable[[], Iterable[Version]]
"""Asks which versions a merge would count on from; only where a module passed."""


def fetch(github: InstallationClient, repository: str, sha: str) -> tuple[Entry, ...]:
    """The files of a commit, pinned by its SHA (T-22). Raises ArchiveError for a tree we do not take."""
    return unpack(github.repositories.tarball(repository, sha), strip_root=True)


def judge_commit(
    ctx: JobContext, github: InstallationClient, pull: Pull, profile: str, address: Address, taken: Taken
) -> tuple[Report, NextVersion | None]:
    """The gate's report on a pull request's head; a tree that cannot even be unpacked is refused with the reason."""
    try:
        entries = fetch(github, pull.repo, pull.head_sha)
    except ArchiveError as error:
        return unreadable(profile, error), None
    return judge_proposed(ctx, entries, profile, address, taken, way_of(pull, profile))


def way_of(pull: Pull, profile: str) -> Way:
    """A repository that we made modules for is judged by the house profile: what stands there, our generator began."""
    return Way("generated" if profile == "house" else "github", f"github:{pull.author}")


def judge_proposed(
    ctx: JobContext, entries: tuple[Entry, ...], profile: str, address: Address, taken: Taken | None, way: Way
) -> tuple[Report, NextVersion | None]:
    """The gate's report on what has no version yet; and the one that it would get, where it passed.

    Without `taken` versions come from tags, and only the least one is told.
    """
    report, shown = _judged(ctx, entries, profile, address, None), None
    module = module_of(entries)
    if report.passed:
        report, shown = proving.with_preview(ctx, report, module, address, taken() if taken is not None else None)
    report = governing.with_policies(ctx, report, module, address, None, way)
    return report, shown


def judge_entries(
    ctx: JobContext, entries: tuple[Entry, ...], profile: str, address: Address, version: Version, way: Way
) -> Report:
    """The gate's report on what becomes a version, the step that it makes, and what the organisation's policies say."""
    report = _judged(ctx, entries, profile, address, version)
    return governing.with_policies(ctx, report, module_of(entries), address, version, way)


def _judged(
    ctx: JobContext, entries: tuple[Entry, ...], profile: str, address: Address, version: Version | None
) -> Report:
    """The gate's report on these files, with what our registry says of the modules they call.

    Where a version was chosen, it must also make a step that is large enough for what changed.
    """
    modules = calls.modules_for(ctx, address, version, module_of(entries))
    report = ctx.environment.judge(profile, modules)({entry.path: entry.data for entry in entries})
    if version is None or not report.passed:
        return report
    return proving.with_step(ctx, report, module_of(entries), address, version)


def unreadable(
    profile: str,
    error: ArchiveError,
    fix: str = "Remove it from the repository and push again.",
    otherwise: str = "",
    *,
    folder: str = "",
) -> Report:
    """A refusal before any engine: the archive itself is not acceptable.

    What the error says itself helps most; `fix` is for an entry that it names, `otherwise` for the archive as a whole.
    The finding's place is relative to the module's `folder`, as with every other finding; it has none outside of it.
    """
    advice = error.fix or (fix if error.path is not None else otherwise)
    start = f"{folder}/" if folder else ""
    inside = error.path is not None and error.path.startswith(start)
    path = printable((error.path or "").removeprefix(start)) if inside else None
    finding = Finding("archive", "error", error.message, path, fix=advice)
    return Report(
        profile="house" if profile == "house" else "safety",
        engine="none",
        tier="none",
        sandbox="not needed",
        verdict="refused",
        checks=(CheckResult("archive", "Only plain files and folders", "failed", 0.0),),
        findings=(finding,),
    )
