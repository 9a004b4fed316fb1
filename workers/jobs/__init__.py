"""Every job by its name: its function, its queue, and the authority it works under. A job imports no other job.

The relay needs the names and the queues alone, so a job's file is loaded when it is run, or by `load_all`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from accounts.permissions import Permission
from workers.queues import HEAVY, QUICK


@dataclass(frozen=True)
class JobKind:
    """A job's function, the queue it runs on, and the permission it proves or works under."""

    function: Callable[..., None]
    queue: str
    permission: Permission


def _job(file: str, queue: str, permission: Permission) -> JobKind:
    """The job of a file of this folder."""
    return JobKind(partial(_run, file), queue, permission)


def _run(file: str, *given: object, **arguments: object) -> None:
    import_module(f"{__name__}.{file}").run(*given, **arguments)


JOBS: dict[str, JobKind] = {
    "acknowledge": _job("acknowledge", QUICK, Permission.COMMENTER_WRITE),
    "generate_module": _job("generate_module", HEAVY, Permission.COMMENTER_WRITE),
    "expire_questions": _job("expire_questions", QUICK, Permission.SYSTEM),
    "announce_question": _job("announce_question", QUICK, Permission.INSTALLATION),
    "announce_expiry": _job("announce_expiry", QUICK, Permission.INSTALLATION),
    "open_pull_request": _job("open_pull_request", HEAVY, Permission.COMMENTER_WRITE),
    "update_comment": _job("update_comment", QUICK, Permission.INSTALLATION),
    "check_pull_request": _job("check_pull_request", HEAVY, Permission.INSTALLATION),
    "abandon_request": _job("abandon_request", QUICK, Permission.INSTALLATION),
    "release_module": _job("release_module", HEAVY, Permission.INSTALLATION),
    "adopt_tag": _job("adopt_tag", QUICK, Permission.INSTALLATION),
    "publish_version": _job("publish_version", HEAVY, Permission.INSTALLATION),
    "announce_version": _job("announce_version", QUICK, Permission.INSTALLATION),
    "judge_upload": _job("judge_upload", HEAVY, Permission.PUBLISH),
    "bind_namespace": _job("bind_namespace", QUICK, Permission.INSTALLATION),
    "reconcile_installations": _job("reconcile_installations", QUICK, Permission.SYSTEM),
    "reconcile_tags": _job("reconcile_tags", QUICK, Permission.SYSTEM),
    "redeliver_deliveries": _job("redeliver_deliveries", QUICK, Permission.SYSTEM),
    "discard_uploads": _job("discard_uploads", QUICK, Permission.SYSTEM),
    "collect_garbage": _job("collect_garbage", HEAVY, Permission.SYSTEM),
    "prune_rows": _job("prune_rows", QUICK, Permission.SYSTEM),
    "index_modules": _job("index_modules", QUICK, Permission.SYSTEM),
    "rank_modules": _job("rank_modules", QUICK, Permission.SYSTEM),
    "report_moved_tag": _job("report_moved_tag", QUICK, Permission.INSTALLATION),
    "verify_objects": _job("verify_objects", HEAVY, Permission.SYSTEM),
    "report_damaged_archive": _job("report_damaged_archive", QUICK, Permission.SYSTEM),
    "report_dead_job": _job("report_dead_job", QUICK, Permission.SYSTEM),
}

_OURS = tuple(JOBS)


def load_all() -> None:
    """Load every job now: a worker does, before it forks, else each of its horses would."""
    for name in _OURS:
        import_module(f"{__name__}.{name}")
