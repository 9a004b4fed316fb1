"""A pull request was closed without a merge: if a request of ours proposed it, the request is over for now.

Safe to repeat, and to come late: what GitHub says now decides.
"""

from bot import requests
from workers.context import JobContext


def run(ctx: JobContext, *, installation_id: int, repository_id: int, number: int) -> None:
    """Say so in the living comment; reopening the pull request brings the request back."""
    github = ctx.environment.github.installation(installation_id)
    repository = github.repositories.by_id(repository_id)
    if repository is not None:
        pull = github.pulls.get(repository.full_name, number)
        if pull.state == "open" or pull.merged:
            return
    with ctx.write() as session:
        request = requests.find_by_pull(session, repository_id, number)
        if request is not None:
            requests.mark_abandoned(session, request.id)
