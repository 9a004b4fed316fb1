"""Every job by its name: its function, its queue, and the authority it works under. A job imports no other job."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.permissions import Permission
from workers.jobs import (
    abandon_request,
    acknowledge,
    adopt_tag,
    announce_version,
    bind_namespace,
    check_pull_request,
    collect_garbage,
    discard_uploads,
    generate_module,
    index_modules,
    judge_upload,
    open_pull_request,
    prune_rows,
    publish_version,
    rank_modules,
    reconcile_installations,
    reconcile_tags,
    redeliver_deliveries,
    release_module,
    report_damaged_archive,
    report_dead_job,
    report_moved_tag,
    update_comment,
    verify_objects,
)
from workers.queues import HEAVY, QUICK


@dataclass(frozen=True)
class JobKind:
    """A job's function, the queue it runs on, and the permission it proves or works under."""

    function: Callable[..., None]
    queue: str
    permission: Permission


JOBS: dict[str, JobKind] = {
    "acknowledge": JobKind(acknowledge.run, QUICK, Permission.COMMENTER_WRITE),
    "generate_module": JobKind(generate_module.run, HEAVY, Permission.COMMENTER_WRITE),
    "open_pull_request": JobKind(open_pull_request.run, HEAVY, Permission.COMMENTER_WRITE),
    "update_comment": JobKind(update_comment.run, QUICK, Permission.INSTALLATION),
    "check_pull_request": JobKind(check_pull_request.run, HEAVY, Permission.INSTALLATION),
    "abandon_request": JobKind(abandon_request.run, QUICK, Permission.INSTALLATION),
    "release_module": JobKind(release_module.run, HEAVY, Permission.INSTALLATION),
    "adopt_tag": JobKind(adopt_tag.run, QUICK, Permission.INSTALLATION),
    "publish_version": JobKind(publish_version.run, HEAVY, Permission.INSTALLATION),
    "announce_version": JobKind(announce_version.run, QUICK, Permission.INSTALLATION),
    "judge_upload": JobKind(judge_upload.run, HEAVY, Permission.PUBLISH),
    "bind_namespace": JobKind(bind_namespace.run, QUICK, Permission.INSTALLATION),
    "reconcile_installations": JobKind(reconcile_installations.run, QUICK, Permission.SYSTEM),
    "reconcile_tags": JobKind(reconcile_tags.run, QUICK, Permission.SYSTEM),
    "redeliver_deliveries": JobKind(redeliver_deliveries.run, QUICK, Permission.SYSTEM),
    "discard_uploads": JobKind(discard_uploads.run, QUICK, Permission.SYSTEM),
    "collect_garbage": JobKind(collect_garbage.run, HEAVY, Permission.SYSTEM),
    "prune_rows": JobKind(prune_rows.run, QUICK, Permission.SYSTEM),
    "index_modules": JobKind(index_modules.run, QUICK, Permission.SYSTEM),
    "rank_modules": JobKind(rank_modules.run, QUICK, Permission.SYSTEM),
    "report_moved_tag": JobKind(report_moved_tag.run, QUICK, Permission.INSTALLATION),
    "verify_objects": JobKind(verify_objects.run, HEAVY, Permission.SYSTEM),
    "report_damaged_archive": JobKind(report_damaged_archive.run, QUICK, Permission.SYSTEM),
    "report_dead_job": JobKind(report_dead_job.run, QUICK, Permission.SYSTEM),
}
