"""The living comment's one writer: reads the steps and edits the comment to what they say.

Safe to repeat: the comment is found by its id, or by its marker and our authorship, and written whole.
"""

from bot import conversations, living_comment, requests
from workers.context import JobContext

_MOST_EDITS = 3


def run(ctx: JobContext, *, request_id: str) -> None:
    """Write what is true now; if it changed meanwhile, once more."""
    shown = None
    for _ in range(_MOST_EDITS):
        with ctx.read() as session:
            request = requests.get(session, request_id)
            talk = conversations.of(session, request)
        body = living_comment.render(request, talk)
        if body == shown:
            return
        github = ctx.environment.github.installation(request.installation_id)
        comment_id = github.issues.upsert_comment(
            request.repository,
            request.issue_number,
            living_comment.marker(request.id),
            body,
            known_id=request.living_comment_id,
        )
        shown = body
        if comment_id != request.living_comment_id:
            with ctx.write() as session:
                requests.set_living_comment(session, request_id, comment_id)
