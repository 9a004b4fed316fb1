"""`terrasmith engine`: the role that keeps Terraform and its providers running for all judgements of this machine."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from core import log, settings
from core.errors import UserError
from gate.engines import server, warm
from gate.engines.port import EngineSettings
from gate.engines.slot import Recycling
from gate.sandbox.probe import warning


def engine(
    socket: Annotated[
        Path | None, typer.Option(help="Where to listen. Default: TERRASMITH_ENGINE_SOCKET.", show_default=False)
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Print what the running role does, as JSON.")] = False,
    jobs_per_engine: Annotated[int, typer.Option(min=1, help="Replace an engine after that many jobs.")] = 200,
    memory_mib: Annotated[int, typer.Option(min=256, help="Replace an engine that is larger after a job.")] = 1600,
    idle_seconds: Annotated[float, typer.Option(min=1, help="End an engine that nobody asked for so long.")] = 900.0,
) -> None:
    """Keep Terraform and its providers running, for judgements in milliseconds instead of seconds.

    Everyone who judges finds it by TERRASMITH_ENGINE_SOCKET, and starts a Terraform of their own while it is away. It
    lends TERRASMITH_ENGINE_JOBS engines at once, each to one job; the others wait. docs/ENGINES.md tells the rest.
    """
    found = settings.load("engine")
    path = socket or found.engine_socket
    if path is None:
        raise UserError("Say where to listen: --socket PATH, or TERRASMITH_ENGINE_SOCKET for everyone who asks too.")
    if status:
        _show(path)
        return
    log.configure(found, "engine")
    logger = log.get_logger(__name__)
    chosen = EngineSettings(
        terraform=found.terraform,
        provider_mirror=found.provider_mirror,
        sandbox=found.sandbox,
        timeout_seconds=found.engine_timeout_seconds,
        memory_bytes=found.engine_memory_mib << 20,
        jobs=found.engine_jobs,
    )
    role = server.EngineServer(
        chosen,
        path.absolute(),
        recycling=Recycling(jobs_per_engine, memory_mib << 20),
        idle_seconds=idle_seconds,
        tell=lambda text: logger.info("engine", said=text),
    )
    if loud := warning(found.sandbox):
        logger.warning(loud)
    server.stop_on_signals(role)
    role.serve()


def _show(path: Path) -> None:
    answer = warm.ask(path, "status")
    if answer is None:
        raise UserError(f"No engine answers on {path}. Start one with `terrasmith engine`.")
    json.dump(answer, sys.stdout, indent=2)
    sys.stdout.write("\n")
