"""A pull request was closed without a merge: if a request of ours proposed it, the request is over for now.

Safe to repeat: it is a move of one row.
"""

from bot import requests
from workers.context import JobContext


def run(ctx: JobContext, *, installation_id: int, repository_id: int, number: int) -> None:  # noqa: ARG001
    """Say so in the living comment; reopening the pull request brings the request back."""
    with ctx.write() as session:
        request = requests.find_by_pull(session, repository_id, number)
        if request is not None:
            requests.mark_abandoned(session, request.id)
