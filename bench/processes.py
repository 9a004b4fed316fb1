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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench import wire
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


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="terrasmith-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


@contextmanager
def web(directory: Path, database_url: str | None = None) -> Iterator[Web]:
    """`terrasmith web` with this database, or an empty SQLite one; migrated."""
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
    }
    argv = [sys.executable, "-m", "terrasmith", "web", "--port", str(found.port)]
    with _running(argv, directory / "web.log", environment) as process:
        _wait_until_it_answers(process, found.port, "/livez", directory / "web.log")
        yield found


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
def static_files(root: Path) -> Iterator[tuple[str, int]]:
    """A static file server over this folder: its name and its port. nginx if it is on PATH, else Python's."""
    port, nginx = free_port(), shutil.which("nginx", path=f"{_path()}{os.pathsep}/usr/sbin")
    with folder() as work:
        if nginx:
            configuration = work / "nginx.conf"
            configuration.write_text(_nginx(root, work, port), encoding="utf-8")
            name, argv = "nginx, 1 worker", [nginx, "-p", str(work), "-e", "stderr", "-c", str(configuration)]
        else:
            name, argv = "Python's http.server", [sys.executable, "-m", "bench.static", str(root), str(port)]
        with _running(argv, work / "static.log", _environment()) as process:
            _wait_until_it_answers(process, port, "/", work / "static.log")
            yield name, port


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
