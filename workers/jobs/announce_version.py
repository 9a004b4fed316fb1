"""A version is published: the pull request gets the ready module block, the request is complete, the issue is closed.

Safe to repeat: one comment for each version, one closing, one reaction.
"""

from bot import releases, replies, requests
from registry.services import catalog
from registry.storage.port import archive_key
from tfmodule.address import Address
from tfmodule.archive import unpack
from tfmodule.hcl import read_facts
from tfmodule.interface import Interface
from tfmodule.usage import usage_block
from tfmodule.version import Version
from workers.context import JobContext


def run(
    ctx: JobContext, *, version_id: str, address: str, version: str, repository_id: int | None, commit_sha: str | None
) -> None:
    """Tell the people who waited for it; a tag made by hand and an upload have nobody waiting here."""
    if repository_id is None or commit_sha is None:
        return
    with ctx.read() as session:
        made = releases.find_by_commit(session, repository_id, commit_sha)
        module = address.partition("/")[2]
        release = next((one for one in made if one.version == version and one.module in (None, module)), None)
        facts = catalog.version_by_id(session, version_id)
    if facts is None or release is None or release.pull_number is None:
        return
    github = ctx.environment.github.installation(release.installation_id)
    comment = replies.published(address, version, _block(ctx, address, version, facts.sha256))
    github.issues.upsert_comment(release.repository, release.pull_number, comment.marker, comment.body)
    with ctx.write() as session:
        request = requests.find_by_pull(session, repository_id, release.pull_number)
        if request is None:
            return
        request = requests.mark_published(session, request.id, version)
    github.issues.close(request.repository, request.issue_number)
    github.issues.react(request.repository, "rocket", issue=request.issue_number, comment=request.comment_id)


def _block(ctx: JobContext, address: str, version: str, sha256: str) -> str:
    """The block to copy, from what was published and nothing else."""
    with ctx.environment.storage.open(archive_key(sha256)) as stream:
        files = {entry.path: entry.data for entry in unpack(stream)}
    interface = Interface.from_facts(read_facts(files))
    host = ctx.environment.settings.registry_host
    return usage_block(files, host, Address.parse(address), Version.parse(version), interface)
