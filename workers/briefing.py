"""Gathers what was said, has it made into a brief, and asks people where something is missing. Writes no module.

Safe to repeat: a brief is kept as soon as there is one, and a question that is open is not asked again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import commands, conversations, issue_form
from bot.conversations import BriefView, Conversation
from bot.github.gateway import InstallationClient
from bot.github.values import Comment
from bot.requests import RequestView
from bot.targets import Choice
from generator.brief import MAX_LINES, Brief, from_dict, markdown, to_dict
from generator.intake import Answer, Intake, Remark, bounded
from workers.commenter import WRITERS, payer
from workers.context import JobContext

MOST_QUESTIONS = 3
_MOST_AUTHORS = 20


@dataclass(frozen=True)
class Understood:
    """What the generator shall make: the brief, and everything that was asked for in one text."""

    brief: Brief
    prompt: str


def understood(ctx: JobContext, github: InstallationClient, request: RequestView, choice: Choice) -> Understood | None:
    """The brief of this run; None where a question was asked, and the run waits for its answer."""
    assert request.run is not None  # it was accepted
    with ctx.read() as session:
        talk = conversations.of(session, request)
    known = _heard(request, choice, talk)
    if talk.brief is not None and talk.brief.answers == len(talk.answered):
        brief = from_dict(talk.brief.values)
    else:
        brief = _decided(
            ctx.environment.briefer(ctx.write, payer(request)).brief(_gathered(github, request, known)), talk
        )
        with ctx.write() as session:
            view = BriefView(to_dict(brief), markdown(brief), len(talk.answered))
            conversations.keep_brief(session, request.run.id, view)
    if brief.question:
        with ctx.write() as session:
            conversations.ask(session, request.id, brief.question)
        return None
    return Understood(brief, known.prompt)


def _decided(brief: Brief, talk: Conversation) -> Brief:
    """Who has asked often enough decides, and says so."""
    if not brief.question or len(talk.questions) < MOST_QUESTIONS:
        return brief
    told = f"It stayed open, so I decided: {brief.question}"[:300]
    return replace(brief, question="", assumptions=(*brief.assumptions[: MAX_LINES - 1], told))


def _heard(request: RequestView, choice: Choice, talk: Conversation) -> Intake:
    """What we know without asking anybody."""
    issue = request.issue or {}
    body = str(issue.get("body", ""))
    in_form = issue_form.provider(body) if request.comment_id is None else None
    return Intake(
        wish=request.prompt,
        namespace=choice.owner,
        name=choice.name,
        system=choice.system or in_form,
        title=str(issue.get("title", "")),
        text=body,
        fields=issue_form.fields(body),
        wanted=issue_form.wanted(body),
        answers=tuple(Answer(one.text, one.answer or "") for one in talk.answered),
    )


def _gathered(github: InstallationClient, request: RequestView, known: Intake) -> Intake:
    """With the comments that count: from before the command, not changed since, by people with write access (S14)."""
    listening = _Listening(github, request.repository)
    issue = request.issue or {}
    trusted = "author_id" in issue and listening.may_write(str(issue["author_login"]), int(issue["author_id"]))
    if request.said_at is None:
        return bounded(replace(known, trusted=trusted))
    comments = github.issues.of_people(request.repository, request.issue_number)
    heard = tuple(listening.heard(comments, request.said_at, request.comment_id))
    return bounded(replace(known, trusted=trusted, remarks=heard, left_out=listening.left_out()))


@dataclass
class _Listening:
    """Whose comments count. Everybody is looked up once, and nobody beyond a number."""

    github: InstallationClient
    repository: str
    known: dict[int, bool] = field(default_factory=dict)
    strangers: int = 0
    changed: int = 0

    def may_write(self, login: str, user_id: int) -> bool:
        if user_id not in self.known:
            if len(self.known) >= _MOST_AUTHORS:
                return False
            self.known[user_id] = self.github.repositories.permission(self.repository, login, user_id) in WRITERS
        return self.known[user_id]

    def heard(self, comments: tuple[Comment, ...], until: datetime, command_id: int | None) -> Iterator[Remark]:
        for one in comments:
            if one.written_at > until or one.id == command_id or commands.parse(one.body) is not None:
                continue
            if one.edited_at > until:
                self.changed += 1
            elif not self.may_write(one.author_login, one.author_id):
                self.strangers += 1
            else:
                yield Remark(one.author_login, one.body)

    def left_out(self) -> tuple[str, ...]:
        """What was not listened to, for the record."""
        told = []
        if self.strangers:
            told.append(f"{self.strangers} comments by people without write access.")
        if self.changed:
            told.append(f"{self.changed} comments that were changed after the command.")
        return tuple(told)
