"""A version is published: the pull request gets the ready module block, the request is complete, the issue is closed.

Safe to repeat: one comment for each version, one closing, one reaction.
"""

from bot import releases, replies, requests
from core.log import get_logger
from registry.services import catalog
from workers.context import JobContext

logger = get_logger(__name__)


def run(ctx: JobContext, *, version_id: str, address: str, version: str, repository_id: int, commit_sha: str) -> None:
    """Tell the people who waited for it; a tag made by hand has nobody waiting."""
    with ctx.read() as session:
        made = releases.find_by_commit(session, repository_id, commit_sha)
        release = next((one for one in made if one.version == version), None)
        interface = catalog.interface_of(session, version_id)
    if release is None or release.pull_number is None:
        return
    github = ctx.environment.github.installation(release.installation_id)
    host = ctx.environment.settings.registry_host
    comment = replies.published(host, address, version, interface)
    github.issues.upsert_comment(release.repository, release.pull_number, comment.marker, comment.body)
    with ctx.write() as session:
        request = requests.find_by_pull(session, repository_id, release.pull_number)
        if request is None:
            return
        request = requests.mark_published(session, request.id, version)
    github.issues.close(request.repository, request.issue_number)
    github.issues.react(request.repository, "rocket", issue=request.issue_number, comment=request.comment_id)
