"""A job was given up: the request or the upload it worked on says so, so that nobody waits in vain.

Safe to repeat: the same reason again changes nothing.
"""

from bot import releases, replies, requests
from core.log import get_logger
from registry.services import uploads
from workers.context import JobContext

logger = get_logger(__name__)


def run(ctx: JobContext, *, job_id: int, job: str, about: str, error: str) -> None:
    """Find the request behind the job and fail it with a reason a person can act on."""
    logger.error("a job was given up; `terrasmith runs show` tells more", dead_job=job_id, job_name=job, about=about)
    kind, _, rest = about.partition(":")
    with ctx.write() as session:
        request = None
        if kind == "upload":
            uploads.fail(session, rest, f"It could not be done: {error}")
        if kind == "request":
            request = requests.find(session, rest)
        elif kind == "release":
            release = releases.get(session, rest)
            request = requests.find_by_pull(session, release.repository_id, release.pull_number or 0)
        elif kind == "pull":
            repository_id, _, number = rest.partition(":")
            request = requests.find_by_pull(session, int(repository_id), int(number))
        if request is not None:
            requests.fail(session, request.id, replies.given_up(job, job_id, error))
