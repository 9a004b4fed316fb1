"""What we say in comments of their own: answers to commands, refusals with their reason, the good news at the end.

Renders values; decides nothing. Everything that a stranger or a tool wrote goes through `bot.markdown`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.commands import COMMANDS
from bot.conversations import QuestionView
from bot.markdown import code, defuse, fenced, folded, one_line, quote
from bot.pull_text import mended
from bot.requests import RequestView
from gate.report import Finding, Report

_MOST_FINDINGS = 10


@dataclass(frozen=True)
class Reply:
    """A comment, with the hidden marker by which our app finds it again. `reason` is the short form of a refusal."""

    marker: str
    body: str
    reason: str = ""


def immediate(request: RequestView) -> Reply | None:
    """The answer to a command that needs no work: help, or what was wrong with it. None: there is work."""
    if request.problem is not None:
        return _reply(request, request.problem)
    return _reply(request, help_text()) if request.command == "help" else None


def help_text() -> str:
    """Everything we understand, from the table of commands."""
    lines = ["I write Terraform modules, prove them, and publish them when you merge.", ""]
    for kind in COMMANDS.values():
        who = "anyone" if kind.who == "anyone" else "people with write access"
        lines += [f"**`{kind.usage}`** ({who})", "", kind.description, ""]
        lines += [f"- `--{flag.name} {flag.value}`: {flag.description}" for flag in kind.flags]
        lines += ["", "For example:", "", f"    {kind.example}", ""]
    lines += [
        (
            "A command stands at the start of a line, in a new comment or in the text of a new issue. I ignore quotes, "
            "code and edited comments. If another bot listens to the same words, write `/tf generate` and `/tf help`."
        ),
    ]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def no_permission(request: RequestView) -> Reply:
    """The requester may only read."""
    reason = f"{code(request.author_login)} has no write access to {code(request.repository)}"
    owner = request.repository.partition("/")[0]
    return _reply(
        request,
        f"I would, but {reason}, and {code('/' + request.command)} needs it: what I make is opened in its name. "
        f"GitHub's roles *write*, *maintain* and *admin* all do.\n\n"
        f"Somebody with the *admin* role on the repository, or an owner of {code(owner)}, can give it under "
        "*Settings → Collaborators and teams*. Or ask somebody who has it to comment the command.",
        reason,
    )


def not_asked_you(request: RequestView, requester: str) -> Reply:
    """The answer of somebody who may only read."""
    reason = f"{code(request.author_login)} has no write access to {code(request.repository)}"
    return _reply(
        request,
        f"Thank you, but {reason}. I take the answer from {code(requester)}, who asked for the module, and from people "
        "with write access: one of them can write the same.",
        reason,
    )


def no_question(request: RequestView, closed: QuestionView | None) -> Reply:
    """An answer to nothing: there was no question, or somebody was faster, or it came too late."""
    if closed is None:
        text = "I have asked nothing here that I wait for. What a module shall be, say with `/generate WHAT`."
    elif closed.answer is None:
        text = (
            f"That came too late: I had asked “{one_line(closed.text, 300)}”, and closed the request when nobody "
            "answered. Ask again with `/generate WHAT`, and say it right there."
        )
    else:
        text = (
            f"{code(closed.answered_by or '')} answered first: “{one_line(closed.answer, 300)}”. I go on with that. "
            "If it is wrong, say so on the pull request, or ask again with `/generate WHAT`."
        )
    return _reply(request, text, "no question was open")


def which_question(request: RequestView, asked: Sequence[QuestionView]) -> Reply:
    """Several questions wait here, and the answer does not say which it is for."""
    lines = "\n".join(f"- {one_line(one.text, 600)}" for one in asked[:10])
    text = f"I wait for more than one answer here. Quote the question that you mean, and write below it:\n\n{lines}"
    return _reply(request, text, "several questions are open")


def usage(request: RequestView, spent: Sequence[tuple[str, int, int]], month: int, published: int) -> Reply:
    """What was used today under each cap as (whose, used, cap), and the month's cost and published modules.

    All sums are millionths of a dollar; what is set aside for a call that runs counts at its most.
    """
    rows = [
        f"| {whose} | {dollars(used)} | {dollars(cap)} | {dollars(max(cap - used, 0))} |" for whose, used, cap in spent
    ]
    each = f", {dollars(month // published)} for each of {published} published" if published else ", none published yet"
    return _reply(
        request,
        "\n".join(
            [
                "| Today, UTC | used | cap | left |",
                "| --- | ---: | ---: | ---: |",
                *rows,
                "",
                f"This month {code(request.repository.partition('/')[0])} has used {dollars(month)}{each}.",
            ]
        ),
    )


def dollars(micros: int) -> str:
    """`1234567` as `$1.23`."""
    return f"${micros / 1e6:,.2f}"


def asked(request: RequestView, question: QuestionView) -> Reply:
    """A question. It stands in the living comment too, but GitHub tells nobody of an edit."""
    return Reply(
        f"<!-- terrasmith:asked:{request.id}:{question.number} -->",
        f"Before I write the module for {code(request.author_login)}, one question:\n\n{quote(question.text)}\n\n"
        "Answer in a comment that quotes it, or with `/generate answer …`. I wait for two weeks.",
    )


def expired(request: RequestView, question: QuestionView) -> Reply:
    """Nobody answered in time."""
    return Reply(
        f"<!-- terrasmith:expired:{request.id}:{question.number} -->",
        f"Two weeks ago I asked:\n\n{quote(question.text)}\n\nNobody has answered since, so I have closed the request "
        "and made nothing. That is no trouble at all: comment `/generate WHAT` again whenever you like, with the "
        "answer in it.",
    )


def right_lost(request: RequestView) -> str:
    """The requester could write when they asked, and cannot any more."""
    return (
        f"{code(request.author_login)} had write access to {code(request.repository)} when this was asked, "
        "but has it no longer, so I stopped. Somebody who has it can ask again."
    )


def no_right_there(request: RequestView, repository: str) -> str:
    """The requester names a repository that they cannot write to."""
    return (
        f"{code(request.author_login)} has no write access to {code(repository)}, so I do not propose anything there "
        "on their behalf. Choose another name with `--repo`, or ask somebody who has it."
    )


def module_exists(repository: str) -> str:
    """The repository is no empty place."""
    return (
        f"{code(repository)} holds a module already, and I do not write over one. For a module of its own, "
        "ask again with another name: `--repo terraform-<system>-<name>`."
    )


def refused_draft(report: Report, trajectory: Sequence[Mapping[str, Any]] = ()) -> str:
    """The module we wrote did not pass our own gate, whatever was tried."""
    if report.verdict == "undecided":
        start = "I wrote the module, but it could not be judged here, so I do not hand it over."
    else:
        start = "The module that I wrote did not pass the checks, so I do not hand it over."
    problems = report.errors or report.findings
    lines = [finding_line(finding) for finding in problems[:_MOST_FINDINGS]]
    if len(problems) > _MOST_FINDINGS:
        lines.append(f"- … and {len(problems) - _MOST_FINDINGS} more")
    tried = mended(trajectory)
    table = ["", folded("What was tried", tried)] if tried else []
    return "\n".join([start, "", *lines, *table]).strip()


def given_up(job: str, job_id: int, error: str) -> str:
    """Our own failure, after every attempt. The operator finds the details by the number."""
    why = f": {one_line(error, 300)}" if error else "."
    return (
        f"Something on my side failed while I worked on this ({code(job)}, job {job_id}){why}\n\n"
        f"Who operates me can see why with {code(f'terrasmith runs show {job_id}')} and try again with "
        f"{code(f'terrasmith runs retry {job_id}')}."
    )


def published(address: str, version: str, block: str) -> Reply:
    """The version is there: the block to copy."""
    return Reply(
        f"<!-- terrasmith:version:{address}:{version} -->",
        f"🎉 **{code(address)} {code(version)} is published.** To use it:\n\n{fenced(block, 'hcl')}",
    )


def finding_line(finding: Finding) -> str:
    """A list item for a finding."""
    place = f"{code(finding.place)}: " if finding.place else ""
    fix = f" *{one_line(finding.fix, 300)}*" if finding.fix else ""
    return f"- {place}{one_line(finding.message, 600)}{fix}"


def _reply(request: RequestView, body: str, reason: str = "") -> Reply:
    marker = f"<!-- terrasmith:reply:{request.id} -->"
    return Reply(marker, f"{defuse(body)}\n\n{marker}", reason)
