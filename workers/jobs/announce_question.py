"""A question was asked: a comment of its own says so, because nobody is told of an edit of the living comment.

Safe to repeat: one comment for each question, found by its marker. What was answered meanwhile is not asked any more.
"""

from bot import conversations, replies, requests
from workers.context import JobContext


def run(ctx: JobContext, *, request_id: str, number: int) -> None:
    """Ask it where people are notified."""
    with ctx.read() as session:
        request = requests.get(session, request_id)
        question = conversations.question(session, request_id, number)
    if question is None or not question.is_open:
        return
    reply = replies.asked(request, question)
    github = ctx.environment.github.installation(request.installation_id)
    github.issues.upsert_comment(request.repository, request.issue_number, reply.marker, reply.body)
