"""The words of a check run: verdict, who judged, findings as annotations. Renders a report; decides nothing."""

import re
from collections.abc import Sequence
from typing import TypedDict

from bot.github.values import Annotation, AnnotationLevel, Conclusion
from bot.markdown import code, defuse, fit, plain, visible
from bot.pull_text import judge, proof
from bot.releases import ReleaseView
from bot.replies import finding_line
from bot.tag_meaning import Meaning
from bot.version_text import NextVersion, preview
from gate.report import Finding, Report
from tfmodule.address import Address
from tfmodule.declaration import FILE

PULL_CHECK = "Terrasmith: module"

# `v1`, `latest`, `release-2` are other people's business; `v1.2` and `1.2.3.4` wanted to be versions.
_MEANT = re.compile(r"v?[0-9]+\.[0-9]", re.IGNORECASE)

_LEVELS: dict[str, AnnotationLevel] = {"error": "failure", "warning": "warning", "note": "notice"}
# What could not be judged must not look judged: neutral would let a protected branch merge.
_CONCLUSIONS: dict[str, Conclusion] = {"passed": "success", "refused": "failure", "undecided": "action_required"}
_ROOM = 65_000


class Output(TypedDict):
    """What a check run is finished with: the arguments of the gateway's `checks.finish`."""

    conclusion: Conclusion
    title: str
    summary: str
    text: str
    annotations: tuple[Annotation, ...]


def version_check(tag: str) -> str:
    """The name of a tag's check run."""
    return f"Terrasmith: version {plain(tag, 100)}"


def judged(report: Report, problem: str | None = None, versions: Sequence[NextVersion] = ()) -> Output:
    """The gate's verdict. A `problem` is a reason beside the report, such as the registry's; it fails the check.

    `versions` are what a merge would release.
    """
    start = f"{defuse(problem)}\n\n" if problem else ""
    return Output(
        conclusion=_CONCLUSIONS[report.verdict] if problem is None or not report.passed else "failure",
        title=_title(report) if problem is None or not report.passed else "Not published",
        summary=fit(lambda limit: start + _summary(report, limit, versions), room=_ROOM),
        text="",
        annotations=tuple(_annotation(finding) for finding in report.ordered if finding.path is not None),
    )


def published(address: Address, release: ReleaseView, report: Report) -> Output:
    """The version is in the registry."""
    output = judged(report)
    output["title"] = f"Published {address} {release.version}"
    return output


def no_version(tag: str, meaning: Meaning) -> Output:
    """The tag names no version: a failure where it looks like one, and only a remark where it never meant to be one."""
    meant, reason = _MEANT.match(meaning.rest) is not None, meaning.reason or ""
    example = code(f"{meaning.prefix}v1.4.0")
    if meant:
        advice = f"Delete the tag and push one such as {example}."
    elif meaning.rest:
        advice = f"If it was not meant to be a version, all is well. If it was, push one such as {example}."
    else:
        advice = "If it was not meant to be a version of a module, all is well."
    return Output(
        conclusion="failure" if meant else "neutral",
        title=f"{plain(tag, 100)} is no version",
        summary=f"The tag {code(tag)} was pushed, but nothing is published under it.\n\n{defuse(reason)}\n\n{advice}",
        text="",
        annotations=(),
    )


def undeclared(tag: str, reason: str) -> Output:
    """The commit's declaration cannot be followed, so nobody knows which module the tag is of."""
    return Output(
        conclusion="failure",
        title=f"{plain(tag, 100)} is not published: {FILE} cannot be followed",
        summary="\n".join(f"- {defuse(line)}" for line in reason.splitlines())
        + f"\n\nCorrect the file, then push a new tag, or move {code(tag)} to the corrected commit.",
        text="",
        annotations=(),
    )


def too_long(tag: str, reason: str) -> Output:
    """The tag is longer than a version's may be."""
    return Output(
        conclusion="failure",
        title="The tag is too long for a version",
        summary=f"{defuse(reason)}\n\nNothing is published under {code(tag)}. Push a shorter one.",
        text="",
        annotations=(),
    )


def nothing_touched(modules: int) -> Output:
    """A pull request of a monorepo that leaves its modules alone."""
    return Output(
        conclusion="neutral",
        title="No module is touched",
        summary=f"`{FILE}` declares {modules} module{'s' if modules != 1 else ''}, and no file of theirs is changed.",
        text="",
        annotations=(),
    )


def second_tag(tag: str, reason: str) -> Output:
    """Another tag has this version, from another commit."""
    return Output(
        conclusion="failure",
        title=f"{plain(tag, 100)} is not published: its version is taken",
        summary=f"{defuse(reason)}\n\nWhat is published stays as it is. Delete the tag {code(tag)}, so that nobody "
        "takes this commit for that version.",
        text="",
        annotations=(),
    )


def moved(release: ReleaseView) -> Output:
    """The tag was released from another commit, and moved to this one (T-22)."""
    return Output(
        conclusion="failure",
        title=f"{plain(release.tag, 100)} was moved here: nothing is republished",
        summary=f"The tag {code(release.tag)} was released from commit {code(release.commit_sha)}, and a published "
        "version never changes: the registry keeps serving those bytes, and this commit is not published under that "
        "version.\n\nMove the tag back, and push a new version for this commit. Immutable releases or a tag rule of "
        "the repository keep tags where they are.",
        text="",
        annotations=(),
    )


def not_released(tag: str, reason: str) -> Output:
    """Tag or release could not be made on GitHub."""
    return Output(
        conclusion="failure",
        title=f"{plain(tag, 100)} was not released",
        summary=f"The merge should have become {code(tag)}, but GitHub did not take it.\n\n{defuse(reason)}\n\n"
        "Mend that, and have the operator run `terrasmith runs list --state dead` and `terrasmith runs retry`.",
        text="",
        annotations=(),
    )


def fork() -> Output:
    """Code of somebody who may not write here is not run (S15)."""
    return Output(
        conclusion="neutral",
        title="Not checked: it comes from a fork",
        summary="I do not run code from forks. Somebody with write access can push the change to a branch of this "
        "repository and open the pull request from there; then it is checked.",
        text="",
        annotations=(),
    )


def one_line(report: Report) -> str:
    """The verdict in a few words, with the first reason."""
    if report.passed:
        return _title(report)
    first = next(iter(report.errors or report.findings), None)
    place = f" ({first.place})" if first is not None and first.place else ""
    return f"{_title(report)}: {plain(first.message, 200)}{place}" if first is not None else _title(report)


def _title(report: Report) -> str:
    errors = len(report.errors)
    if report.verdict == "undecided":
        return "Could not be judged"
    if report.verdict == "refused":
        return f"Refused: {errors} error{'s' if errors != 1 else ''}"
    others = len(report.findings)
    return "Passed" if not others else f"Passed with {others} remark{'s' if others != 1 else ''}"


def _summary(report: Report, limit: int, versions: Sequence[NextVersion]) -> str:
    shown = report.ordered[: max(limit // 200, 3)]
    lines = [finding_line(finding) for finding in shown]
    if len(report.findings) > len(shown):
        lines.append(f"- … and {len(report.findings) - len(shown)} more, at their lines")
    told = [preview(version) for version in versions[: max(limit // 2_000, 1)]]
    judgement = proof(report) if report.checks else judge(report)
    return "\n\n".join([judgement, *told, *(["\n".join(lines)] if lines else [])])


def _annotation(finding: Finding) -> Annotation:
    start = max(finding.line or 1, 1)
    fix = f"\n\n{finding.fix}" if finding.fix else ""
    return Annotation(
        path=finding.path or "",
        start_line=start,
        end_line=max(finding.end_line or start, start),
        level=_LEVELS[finding.severity],
        message=visible(finding.message + fix)[:20_000],
        title=plain(finding.rule, 200),
    )
