"""A job was given up: the request or the upload it worked on says so, so that nobody waits in vain.

Safe to repeat: the same reason again changes nothing.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot import releases, replies, requests
from bot.requests import RequestView
from core import jobs
from core.log import get_logger
from registry.services import uploads
from workers.context import JobContext

logger = get_logger(__name__)


def run(ctx: JobContext, *, job_id: int, job: str, about: str, kind: str, error: str) -> None:
    """Find the request behind the job and fail it with a reason a person can act on."""
    logger.error("a job was given up; `terrasmith runs show` tells more", dead_job=job_id, job_name=job, about=about)
    with ctx.write() as session:
        dead = jobs.view(session, job_id)
        args = dead.args if dead is not None else {}
        if "upload_id" in args:
            uploads.fail(
                session, args["upload_id"], f"It could not be done: {error or 'a fault of ours'} (job {job_id})."
            )
        request = _behind(session, args)
        if request is not None:
            # What a person has to mend is told as it is; only the rest is our own breakdown.
            reason = error if kind == "user" else replies.given_up(job, job_id, error)
            requests.fail(session, request.id, reason)


def _behind(session: Session, args: Mapping[str, Any]) -> RequestView | None:
    """The request that a job's arguments lead to, whichever of them it has."""
    match args:
        case {"request_id": request_id}:
            return requests.find(session, request_id)
        case {"release_id": release_id}:
            release = releases.get(session, release_id)
            return requests.find_by_pull(session, release.repository_id, release.pull_number or 0)
        case {"repository_id": repository_id, "number": number}:
            return requests.find_by_pull(session, repository_id, number)
        case {"repository_id": int(repository_id), "commit_sha": commit_sha}:
            return requests.find_by_merge(session, repository_id, commit_sha)
    return None
