"""`python -m simulators.claude --port 0 --demo` or `--script FILE`: serves on loopback until SIGTERM.

Prints one JSON line {"url": …} when it is ready, and nothing else on standard output.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from simulators.claude.app import build
from simulators.claude.script import Script


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = sockets[0].getsockname()[1] if sockets else self.config.port
        sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}"}) + "\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again after stopping; here a clean stop is exit 0.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, setattr, self, "should_exit", True)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.claude", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--script", type=Path, help="a JSON file of steps")
    which.add_argument("--demo", action="store_true", help="answer every request with the same good module")
    given = parser.parse_args()
    try:
        script = Script.demo() if given.demo else Script.read(given.script)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        parser.error(f"--script: {problem}")
    listener = socket.create_server(("127.0.0.1", given.port))
    config = uvicorn.Config(build(script), log_level="critical", timeout_graceful_shutdown=2, lifespan="off")
    asyncio.run(_Server(config).serve(sockets=[listener]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
