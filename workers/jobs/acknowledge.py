"""A command was heard: show that it was seen, ask GitHub whether this person may, and answer or begin.

Safe to repeat: the reaction and each reply exist once, and a request leaves `received` once.
"""

from bot import replies, requests
from bot.github.errors import GitHubError
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
    if reply is not None:
        github.issues.upsert_comment(request.repository, request.issue_number, reply.marker, reply.body)
        with ctx.write() as session:
            requests.answer(session, request_id)
        return
    if may_write(github, request):
        with ctx.write() as session:
            requests.accept(session, request_id)
        return
    refusal = replies.no_permission(request)
    github.issues.upsert_comment(request.repository, request.issue_number, refusal.marker, refusal.body)
    with ctx.write() as session:
        requests.refuse(session, request_id, refusal.reason)
