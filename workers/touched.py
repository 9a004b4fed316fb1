"""Judges the modules of a monorepo that a pull request touches, each by itself, into one report with the repository's
own paths. Knows no check run.
"""

from collections.abc import Iterator
from dataclasses import replace

from bot.github.gateway import InstallationClient
from bot.github.pulls import MOST_FILES
from bot.github.values import Pull
from bot.version_text import NextVersion
from core.errors import UserError
from gate.report import CheckResult, Finding, Report, Verdict
from tfmodule.address import Address
from tfmodule.archive import ArchiveError, Entry
from tfmodule.declaration import FILE, Declaration, DeclarationError, DeclaredModule
from tfmodule.selection import module_at
from workers.context import JobContext
from workers.declaring import fetch_folders
from workers.governing import Way
from workers.judging import fetch, judge_proposed, unreadable, way_of

MOST_JUDGED = 20
"""Modules that one pull request is judged for: each takes the engine seconds, and a job has minutes."""


def broken(error: DeclarationError, profile: str) -> Report:
    """The refusal of a declaration that cannot be followed, at its lines."""
    return _stopped(
        profile, tuple(Finding("declaration", "error", one.message, FILE, one.line) for one in error.problems)
    )


def judge_touched(
    ctx: JobContext,
    github: InstallationClient,
    pull: Pull,
    declaration: Declaration,
    changed: tuple[str, ...],
    profile: str,
) -> tuple[Report, tuple[NextVersion, ...]] | None:
    """The report on all modules that a change concerns, with the version that each would need; None for none.

    A change of the declaration concerns every module, as far as they are few.
    """
    repository, sha, wanted = pull.repo, pull.head_sha, declaration.touched(changed)
    if len(changed) >= MOST_FILES:  # there may be more of them than GitHub lists
        wanted = declaration.modules
    if FILE in changed:
        absent = tuple(_absent(github, repository, sha, declaration))
        if absent:
            return _stopped(profile, absent), ()
        wanted = declaration.modules if len(declaration.modules) <= MOST_JUDGED else wanted
    if not wanted:
        return None
    if len(wanted) > MOST_JUDGED:
        message = f"The pull request touches {len(wanted)} modules; {MOST_JUDGED} are judged at once."
        finding = Finding("too-many-modules", "warning", message, fix="Split it into several pull requests.")
        return replace(_stopped(profile, (finding,)), verdict="undecided"), ()
    owner = repository.partition("/")[0]
    judged = {
        module: _judge(ctx, module.address(owner), module, files, profile, way_of(pull, profile))
        for module, files in _files(github, repository, sha, wanted)
    }
    versions = (replace(version, module=module.key) for module, (_, version) in judged.items() if version is not None)
    return combined({module: report for module, (report, _) in judged.items()}), tuple(versions)


def placed(report: Report, folder: str) -> Report:
    """The report with its findings where they are in the repository."""
    if not folder:
        return report
    moved = (replace(one, path=f"{folder}/{one.path}") if one.path is not None else one for one in report.findings)
    return replace(report, findings=tuple(moved))


def combined(reports: dict[DeclaredModule, Report]) -> Report:
    """One report of several modules: the worst verdict, every check under its module's name, every finding."""
    moved = {module: placed(report, module.path) for module, report in reports.items()}
    if len(moved) == 1:
        return next(iter(moved.values()))
    verdicts = {report.verdict for report in moved.values()}
    worst: Verdict = "refused" if "refused" in verdicts else "undecided" if "undecided" in verdicts else "passed"
    # Who judged is told by a report that an engine took part in, if there is one.
    judged = next((report for report in moved.values() if report.engine != "none"), next(iter(moved.values())))
    return replace(
        judged,
        verdict=worst,
        checks=tuple(
            replace(check, title=f"{module.key}: {check.title}")
            for module, report in moved.items()
            for check in report.checks
        ),
        findings=tuple(finding for report in moved.values() for finding in report.findings),
        overrides=tuple(dict.fromkeys(one for report in moved.values() for one in report.overrides)),
    )


def _files(
    github: InstallationClient, repository: str, sha: str, modules: tuple[DeclaredModule, ...]
) -> Iterator[tuple[DeclaredModule, tuple[Entry, ...] | ArchiveError]]:
    """Each module's own files, or why they cannot be had, out of one download of the folders and one of the root."""
    folders = tuple(module.path for module in modules if module.path)
    try:
        below: tuple[Entry, ...] | ArchiveError = fetch_folders(github, repository, sha, folders) if folders else ()
    except ArchiveError as error:
        below = error
    for module in modules:
        try:
            if not module.path:
                yield module, fetch(github, repository, sha)
            elif isinstance(below, ArchiveError):
                yield module, below
            else:
                yield module, module_at(below, module.path)
        except ArchiveError as error:
            yield module, error


def _judge(
    ctx: JobContext,
    address: Address,
    module: DeclaredModule,
    files: tuple[Entry, ...] | ArchiveError,
    profile: str,
    way: Way,
) -> tuple[Report, NextVersion | None]:
    if isinstance(files, ArchiveError):
        fix = f"Correct `{module.path}`, or what `{FILE}` says of it in line {module.line}."
        return unreadable(profile, files, fix, fix, folder=module.path), None
    return judge_proposed(ctx, files, profile, address, None, way)


def _absent(github: InstallationClient, repository: str, sha: str, declaration: Declaration) -> Iterator[Finding]:
    """The declared folders without code. Where GitHub cannot list all files at once, nobody is blamed."""
    try:
        names = github.commits.files_at(repository, sha)
    except UserError:
        return
    folders = {name.rpartition("/")[0] for name in names if name.endswith(".tf")}
    for module in declaration.modules:
        if module.path not in folders:
            message = f"The folder `{module.path or '.'}` of `{module.key}` holds no .tf file."
            yield Finding("declaration", "error", message, FILE, module.line, fix="Correct `path`, or add the module.")


def _stopped(profile: str, findings: tuple[Finding, ...]) -> Report:
    return Report(
        profile="house" if profile == "house" else "safety",
        engine="none",
        tier="none",
        sandbox="not needed",
        verdict="refused",
        checks=(CheckResult("declaration", f"`{FILE}` can be followed", "failed", 0.0),),
        findings=findings,
    )
