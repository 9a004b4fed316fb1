"""A command was heard: show that it was seen, ask GitHub whether this person may, and answer, begin or go on.

Safe to repeat: the reaction and each reply exist once, a request leaves `received` once, a question is answered once.
"""

from bot import commands, conversations, replies, requests
from bot.conversations import QuestionView
from bot.github.errors import GitHubError
from bot.github.gateway import InstallationClient
from bot.replies import Reply
from bot.requests import RequestView
from workers import usage
from workers.commenter import may_write
from workers.context import JobContext


def run(ctx: JobContext, *, request_id: str) -> None:
    """Eyes at once; then a reply, a refusal with its reason, or a run."""
    with ctx.read() as session:
        request = requests.get(session, request_id)
    given_up_here = request.state == "failed" and request.run is None
    if request.state != "received" and not given_up_here:
        return
    github = ctx.environment.github.installation(request.installation_id)
    try:
        github.issues.react(request.repository, "eyes", issue=request.issue_number, comment=request.comment_id)
    except GitHubError as error:
        if error.status != 404:
            raise
        with ctx.write() as session:
            requests.refuse(session, request_id, "The comment was deleted before I could answer.")
        return
    reply = replies.immediate(request)
    if reply is None and request.command == commands.ANSWER:
        reply = _take_answer(ctx, github, request)
        if reply is None:
            return
    if reply is None and request.command == "usage" and may_write(github, request):
        reply = usage.reply(ctx, request)
    if reply is not None:
        github.issues.upsert_comment(request.repository, request.issue_number, reply.marker, reply.body)
        with ctx.write() as session:
            requests.answer(session, request_id)
        return
    if request.command != "usage" and may_write(github, request):
        with ctx.write() as session:
            requests.accept(session, request_id)
        return
    refusal = replies.no_permission(request)
    github.issues.upsert_comment(request.repository, request.issue_number, refusal.marker, refusal.body)
    with ctx.write() as session:
        requests.refuse(session, request_id, refusal.reason)


def _take_answer(ctx: JobContext, github: InstallationClient, request: RequestView) -> Reply | None:
    """Hand the answer to the run that waits for it; or what to tell the person instead."""
    with ctx.read() as session:
        asked = conversations.asked_on(session, request.repository_id, request.issue_number)
    meant = _meant(asked, request.options.get("question"))
    if len(meant) != 1:
        return replies.which_question(request, meant) if meant else replies.no_question(request, None)
    question = meant[0]
    if not question.is_open:
        return replies.no_question(request, question)
    with ctx.read() as session:
        asker = requests.get(session, question.request_id)
    if request.author_id != asker.author_id and not may_write(github, request):
        return replies.not_asked_you(request, asker.author_login)
    with ctx.write() as session:
        taken = conversations.answer(session, question.id, request.prompt, request.author_login)
        if (taken.answer, taken.answered_by) != (request.prompt, request.author_login):
            return replies.no_question(request, taken)  # somebody was faster by a moment
        requests.answer(session, request.id)
    return None


def _meant(asked: tuple[QuestionView, ...], question_id: object) -> tuple[QuestionView, ...]:
    """The question that was quoted; else those that are open; else the last one that was."""
    quoted = tuple(one for one in asked if one.id == question_id)
    return quoted or tuple(one for one in asked if one.is_open) or asked[-1:]
