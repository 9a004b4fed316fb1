"""`python -m simulators.github`: one process, one port, one data directory; ends cleanly on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn

from . import config
from .app import Simulator
from .checking import Checker, CheckingMiddleware
from .contract import Contract
from .seed import seed
from .world import World


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.github", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="where the database and the git repositories live")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--config", type=Path, required=True, help="JSON: app, organisations, users, repositories")
    parser.add_argument("--ready-file", type=Path, help="also write the ready line here")
    parser.add_argument("--ready-fd", type=int, help="also write the ready line to this descriptor")
    parser.add_argument(
        "--no-contract", action="store_true", help="do not hold answers and events to GitHub's own description"
    )
    parser.add_argument("--verbose", action="store_true", help="log requests on standard error")
    options = parser.parse_args()
    try:
        settings = config.load(options.config)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{options.config}: {error}\n")
        return 2
    # With the protocol named asyncio turns Nagle off; without it every answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", options.port))
    listener.listen(128)
    world = World(options.data_dir, f"http://127.0.0.1:{listener.getsockname()[1]}")
    application: Any = Simulator(world)
    if not options.no_contract:
        application = checked(application, world)
    seed(world, settings)
    asyncio.run(_serve(application, world.web, listener, options))
    return 0


def checked(application: Any, world: World) -> Any:
    """The application held to GitHub's own description; what deviates is listed at /_simulator/violations."""
    checker = Checker(Contract.load())
    world.on_emit = lambda event, action, body: checker.webhook(event, body)
    return CheckingMiddleware(application, checker)


async def _serve(application: Any, url: str, listener: socket.socket, options: argparse.Namespace) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            application, log_level="info" if options.verbose else "error", access_log=options.verbose, lifespan="on",
            server_header=False, timeout_graceful_shutdown=2,
        )
    )  # fmt: skip
    # uvicorn raises the caught signal again after its shutdown; here the end is an exit code of 0.
    server.capture_signals = _nothing  # type: ignore[method-assign,assignment]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _ask_to_stop, server)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.005)
    if server.started:
        _tell_ready(url, options)
    await serving


def _tell_ready(url: str, options: argparse.Namespace) -> None:
    line = json.dumps({"url": url})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    if options.ready_file:
        options.ready_file.write_text(line + "\n", "utf-8")
    if options.ready_fd is not None:
        os.write(options.ready_fd, line.encode("utf-8") + b"\n")


def _ask_to_stop(server: uvicorn.Server) -> None:
    server.should_exit = True


class _nothing:  # noqa: N801 - stands in for a context-manager function
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


if __name__ == "__main__":
    sys.exit(main())
