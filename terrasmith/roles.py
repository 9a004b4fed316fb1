"""The process roles: web, relay, worker, scanner and the one-shot migrate. One image, one executable, a role each."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from core import log, migrate
from core.db import Database
from core.doorbell import Doorbell
from core.redis import connect
from core.settings import Role, Settings, load, unknown


class QueueName(StrEnum):
    """The queues a worker can serve; one per process."""

    QUICK = "quick"
    HEAVY = "heavy"


def web(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate (PEM); with --key.")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS private key (PEM).")] = None,
) -> None:
    """Serve the registry, GitHub's webhook and the pages."""
    from web.server import serve

    settings = _prepare("web")
    url = settings.redis_url
    redis = connect(url.get_secret_value()) if url else None
    serve(settings, host, port, certificate, key, after_commit=_bell(settings), redis=redis)


def relay() -> None:
    """Turn events into jobs, keep the schedule, take back lost jobs. One is enough; two do no harm."""
    from workers.relay import Relay

    Relay(_prepare("relay")).run()


def worker(
    queue: Annotated[QueueName, typer.Argument(help="quick: answers to people. heavy: gate and generator.")],
    health: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Answer /livez, /readyz and /metrics there.", show_default=False),
    ] = None,
) -> None:
    """Work on one queue. Start as many processes as the machine has room for.

    Where strangers' code is not contained, the worker for the heavy queue takes no job: it ends, or, with --health,
    stays and says there why it is not ready.
    """
    from workers.health import Health
    from workers.worker import run

    settings = _prepare("worker")
    if health is None:
        raise typer.Exit(run(settings, queue.value))
    with Health(health) as told:
        raise typer.Exit(run(settings, queue.value, health=told))


class ScannerAction(StrEnum):
    """What else there is to do for the scanner."""

    INSTALL = "install"


def scanner(
    action: Annotated[
        ScannerAction | None,
        typer.Argument(help="install: make Checkov's environment, and scan nothing.", show_default=False),
    ] = None,
    *,
    place: Annotated[
        Path | None,
        typer.Option(help="With install: where, if not beside Terrasmith's own environment.", show_default=False),
    ] = None,
) -> None:
    """Keep Checkov warm for the workers of this machine. It needs no database, no network and no secret."""
    if action is not None:
        _install_scanner(place)
        return
    from core.errors import UserError
    from gate.sandbox.probe import warning
    from gate.scanning import service
    from gate.scanning.warm import OFF
    from terrasmith.scanning import scanner_settings

    found = load("scanner")
    if found.scanner == OFF:
        raise UserError("Scanning is switched off: TERRASMITH_SCANNER=off.")
    log.configure(found, "scanner")
    logger = log.get_logger(__name__)
    if loud := warning(found.sandbox):
        logger.warning(loud)
    with ending_on_signals():
        try:
            service.Service(scanner_settings(found), lambda text: logger.info("scanner", said=text)).run()
        except service.ScannerStartError as error:
            raise UserError(str(error)) from None


def _install_scanner(place: Path | None) -> None:
    """Told on standard error; the Python alone on standard output, for whoever sets TERRASMITH_SCANNER to it."""
    from terrasmith import scanner_environment

    chosen = place.expanduser().absolute() if place is not None else scanner_environment.own_place()
    python = scanner_environment.install(
        chosen, scanner_environment.lock_file(), lambda text: typer.echo(text, err=True)
    )
    typer.echo(python)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Inside, SIGTERM and SIGINT end the block in order; outside of it nothing of it is left."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise _EndedError

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with suppress(_EndedError):
        yield


class _EndedError(Exception):
    """Somebody asked this process to end."""


def upgrade(
    lock_seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=3600, help="How long to wait for what somebody else holds; 5 on Postgres, 30 on SQLite."
        ),
    ] = None,
) -> None:
    """Bring the database to this release's schema. Safe to run twice, and from two places."""
    found = load("operator")
    assert found.database_url is not None
    migrate.upgrade(found.database_url, lock_seconds)
    typer.echo("The database is at the newest schema.")


def _bell(settings: Settings) -> Callable[[], None]:
    """Ring the relay after each webhook. Without Redis the web still works, and the relay looks every second."""
    if settings.redis_url is None:
        return lambda: None
    return Doorbell(connect(settings.redis_url.get_secret_value())).ring


def _prepare(role: Role) -> Settings:
    found = load(role)
    log.configure(found, role)
    for line in unknown():
        log.get_logger(__name__).warning("unknown setting", said=line)
    assert found.database_url is not None
    database = Database(found.database_url)
    migrate.require_current(database)
    database.dispose()
    return found
