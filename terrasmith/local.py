"""The embedded composition: ports, secrets and settings of one machine, kept in its data directory."""

import hashlib
import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from core import clock
from gate.engines import wire
from gate.sandbox.levels import enough
from gate.sandbox.probe import probe
from terrasmith.scanning import socket_place

HOST = "127.0.0.1"
_PORTS = ("web", "tls", "valkey", "github")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "USER", "XDG_DATA_HOME")


@dataclass(frozen=True)
class Local:
    """What this machine's Terrasmith was given at its first start."""

    ports: dict[str, int]
    secret_key: str
    webhook_secret: str
    app_private_key: str
    writer_token: str
    reviewer_token: str
    stranger_token: str

    def url(self, port: str, scheme: str = "http") -> str:
        """The loopback address of one of the ports."""
        return f"{scheme}://{HOST}:{self.ports[port]}"


def load(directory: Path) -> Local:
    """Read what the first start decided, or decide it now. Ports that somebody else holds today are chosen anew."""
    path = directory / "local.json"
    directory.mkdir(parents=True, exist_ok=True)
    if path.exists():
        kept = Local(**json.loads(path.read_text(encoding="utf-8")))
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        kept = Local(
            ports={},
            secret_key=secrets.token_hex(32),
            webhook_secret=secrets.token_hex(32),
            app_private_key=_pem(key),
            writer_token=f"ghp_{secrets.token_hex(18)}",
            reviewer_token=f"ghp_{secrets.token_hex(18)}",
            stranger_token=f"ghp_{secrets.token_hex(18)}",
        )
    ports = {name: _port(kept.ports.get(name)) for name in _PORTS}
    kept = Local(**{**asdict(kept), "ports": ports})
    scratch = path.with_suffix(".tmp")
    scratch.touch(mode=0o600)
    scratch.write_text(json.dumps(asdict(kept)), encoding="utf-8")
    scratch.replace(path)  # these are the only copies of the keys: never half a file
    return kept


def environment(local: Local, directory: Path, *, simulate: bool, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the child processes: what the user set wins, the rest is the embedded default."""
    ours = {
        "DATABASE_URL": f"sqlite:///{directory / 'terrasmith.db'}",
        "REDIS_URL": f"redis://{HOST}:{local.ports['valkey']}/0",
        "TERRASMITH_BASE_URL": local.url("web"),
        "TERRASMITH_DATA_DIR": str(directory),
        "TERRASMITH_SCANNER_SOCKET": str(socket_place(directory)),
        "TERRASMITH_SECRET_KEY": local.secret_key,
        "TERRASMITH_LEASE_SECONDS": "8",
        "TERRASMITH_ENGINE_SOCKET": str(engine_socket(directory)),
    }
    theirs = {name: value for name, value in given.items() if name.startswith("TERRASMITH_")}
    theirs |= {name: given[name] for name in ("DATABASE_URL", "REDIS_URL") if name in given}
    passed = {name: given[name] for name in _PASSED_ON if name in given}
    forced = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    if simulate:
        # The simulated GitHub is the only one this run may speak to, whatever the user's shell says.
        forced |= {
            "TERRASMITH_WEBHOOK_SECRETS": local.webhook_secret,
            "TERRASMITH_GITHUB_APP_ID": "1",
            "TERRASMITH_GITHUB_PRIVATE_KEY": local.app_private_key,
            "TERRASMITH_GITHUB_API_URL": f"{local.url('github')}/api/v3",
            "TERRASMITH_GITHUB_WEB_URL": local.url("github"),
            # The demo runs what it wrote itself; where the machine can contain it, it is contained all the same.
            "TERRASMITH_SANDBOX": "require" if enough("require", probe().level) else "trusted-local",
        }
        ours["TERRASMITH_REDELIVERY_SECONDS"] = "10"
    return {**passed, **ours, **theirs, **forced}


def engine_socket(directory: Path) -> Path:
    """Where this machine's `terrasmith engine` listens; elsewhere when the kernel would not take so long a name."""
    path = directory / "engine.sock"
    if wire.fits_socket(str(path)):
        return path
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    return Path("/tmp") / f"terrasmith-{os.getuid()}-{digest}" / "engine.sock"  # noqa: S108 - the role makes it its own


def certificate(directory: Path) -> tuple[Path, Path, Path]:
    """A private authority and a certificate for loopback, made at the first start: (authority, certificate, key)."""
    folder = directory / "tls"
    paths = (folder / "ca.pem", folder / "server.pem", folder / "server.key")
    if all(path.exists() for path in paths):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Terrasmith local authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    ca = (
        _certificate(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST)), x509.DNSName("localhost")])
    server = (
        _certificate(name, ca_name, key.public_key())
        .add_extension(alternatives, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    paths[0].write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(server.public_bytes(serialization.Encoding.PEM))
    paths[2].touch(mode=0o600)
    paths[2].write_text(_pem(key), encoding="utf-8")
    return paths


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=825))
    )


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _port(wanted: int | None) -> int:
    """`wanted` if it is free, or any free port."""
    for candidate in (wanted, 0):
        if candidate is None:
            continue
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on this machine")
