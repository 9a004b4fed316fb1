"""Runs one job: claim, keep the lease alive, call the function, record how it ended. RQ calls `execute` in its horse.

Safe to repeat: a job that is done, or that somebody else holds, is left alone. RQ never retries; the row decides.
"""

import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from core import jobs, log
from core.errors import FencedError, Transient, UserError
from core.settings import Settings
from workers.context import JobContext
from workers.environment import Environment
from workers.jobs import JOBS, load_all

logger = log.get_logger(__name__)

# RQ finds the function by its name and passes ids only, so the worker process leaves its settings here before it forks.
_settings: Settings | None = None


def prepare(settings: Settings) -> None:
    """Called once by the worker process, before the first fork."""
    global _settings  # noqa: PLW0603  (see above: RQ gives us no other way in)
    _settings = settings
    load_all()


def execute(job_id: int) -> None:
    """Do one job, by the id of its row."""
    assert _settings is not None, "prepare() was not called"
    run(Environment(_settings), job_id)


def run(environment: Environment, job_id: int) -> str:
    """Claim and run a job. Returns what became of it: refused, done, waiting, dead or fenced."""
    lease = environment.settings.lease_seconds
    with environment.database.unit_of_work() as session:
        claim = jobs.claim(session, job_id, lease)
    if claim is None:
        return "refused"
    with structlog.contextvars.bound_contextvars(
        job=claim.job_id, job_name=claim.name, subject=claim.subject, attempt=claim.attempt
    ):
        try:
            with _heartbeat(environment, claim):
                JOBS[claim.name].function(JobContext(environment, claim), **claim.args)
                with environment.database.unit_of_work() as session:
                    jobs.finish(session, claim)
        except FencedError as error:
            logger.warning("another worker took this job over; nothing was written", error=str(error))
            return "fenced"
        except Exception as error:  # noqa: BLE001  (the edge: whatever a job raises is recorded here, once)
            return _record_failure(environment, claim, error)
    logger.info("done")
    return "done"


def _record_failure(environment: Environment, claim: jobs.Claim, error: Exception) -> str:
    text = environment.redact(_describe(error))
    kind = "transient" if isinstance(error, Transient) else "user" if isinstance(error, UserError) else "bug"
    if kind == "bug":
        logger.error("a job failed in a way nobody foresaw", exc_info=error)
    else:
        logger.warning("a job could not be done", kind=kind, error=text)
    try:
        with environment.database.unit_of_work() as session:
            delay = error.retry_after if isinstance(error, Transient) else None
            again = jobs.put_back(session, claim, text, delay, kind)
    except FencedError:
        return "fenced"
    return "waiting" if again else "dead"


def _describe(error: Exception) -> str:
    if isinstance(error, Transient | UserError):
        return error.message
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


@contextmanager
def _heartbeat(environment: Environment, claim: jobs.Claim) -> Iterator[None]:
    """Extend the lease from a thread, so that a short lease notices a dead worker soon and a long job keeps its own."""
    over = threading.Event()
    lease = environment.settings.lease_seconds

    def beat() -> None:
        while not over.wait(lease / 3):
            try:
                with environment.database.unit_of_work() as session:
                    jobs.hold(session, claim, lease)
            except FencedError:
                return  # the job's next write will find out, and stop
            except Transient as error:
                logger.warning("the lease could not be extended", error=str(error))

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)
