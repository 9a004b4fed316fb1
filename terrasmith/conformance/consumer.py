"""A Terraform CLI that installs modules from a registry into an empty folder, and what came of it.

Uses a host block where the registry is not reached by https, as an operator would; refuses nothing, reports everything.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from terrasmith.conformance.outcome import NotRunError, expect
from terrasmith.conformance.subject import MARK, Subject
from terrasmith.visitor import Terraform

# Stands in where the address itself could not be a registry's host for the client.
_SUBSTITUTE = "registry.conformance.test"
_SECONDS = 120
_BORDERS = re.compile("[│╷╵]")
_TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True)
class Run:
    """One run of the client: its exit code, what it printed as one line, and what stands in the folder."""

    code: int
    output: str
    folder: Path
    installed: Mapping[str, Mapping[str, Any]]
    """The modules that were installed, by the name of their block."""

    def files(self, block: str = "it") -> Path:
        """The folder of an installed module."""
        return self.folder / str(self.installed[block]["Dir"])

    @property
    def tail(self) -> str:
        return self.output[-300:]


@dataclass(frozen=True)
class Consumer:
    """A client in an empty folder."""

    client: Terraform
    folder: Path
    config: Path
    host: str
    environment: Mapping[str, str]

    def get(self, source: str, version: str | None = None, *arguments: str) -> Run:
        """`get` with one module block, named `it`."""
        return self.get_all({"it": (source, version)}, *arguments)

    def get_all(self, blocks: Mapping[str, tuple[str, str | None]], *arguments: str) -> Run:
        """`get` with these module blocks: name → (address without the host, version constraint)."""
        text = []
        for name, (source, version) in blocks.items():
            wanted = f"  version = {json.dumps(version)}\n" if version else ""
            text.append(f'module "{name}" {{\n  source  = {json.dumps(f"{self.host}/{source}")}\n{wanted}}}\n')
        (self.folder / "main.tf").write_text("\n".join(text), encoding="utf-8")
        code, said = self.client.attempt(
            self.folder, "get", "-no-color", *arguments, config=self.config, extra=self.environment, seconds=_SECONDS
        )
        return Run(code, " ".join(_BORDERS.sub(" ", said).split()), self.folder, _installed(self.folder))


def _installed(folder: Path) -> dict[str, dict[str, Any]]:
    manifest = folder / ".terraform" / "modules" / "modules.json"
    if not manifest.exists():
        return {}
    entries = json.loads(manifest.read_text(encoding="utf-8"))["Modules"]
    return {entry["Key"]: entry for entry in entries if entry["Key"]}


@contextmanager
def consumer(
    client: Terraform,
    base_url: str,
    modules_url: str | None = None,
    *,
    token: str | None = None,
    authority: Path | None = None,
) -> Iterator[Consumer]:
    """A client that knows the registry at this address: by discovery over https, else by a host block."""
    parts = urlsplit(base_url)
    host = parts.netloc if "." in (parts.hostname or "") else _SUBSTITUTE
    lines = ["disable_checkpoint = true"]
    if parts.scheme != "https":
        services = json.dumps(modules_url or f"{base_url}/v1/modules/")
        lines.append(f'host "{host}" {{\n  services = {{ "modules.v1" = {services} }}\n}}')
    if token:
        lines.append(f'credentials "{host}" {{\n  token = {json.dumps(token)}\n}}')
    environment = {name: os.environ[name] for name in _TRUST if name in os.environ} | {"TF_APPEND_USER_AGENT": MARK}
    if authority is not None:
        environment["SSL_CERT_FILE"] = str(authority)
    with tempfile.TemporaryDirectory(prefix="terrasmith-conformance-") as name:
        # Beside the work, not in it, and for nobody else to read: it holds the token.
        config, folder = Path(name) / "terraform.rc", Path(name) / "work"
        config.touch(mode=0o600)
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        folder.mkdir()
        yield Consumer(client, folder, config, host, environment)


@contextmanager
def against(subject: Subject, client: Terraform) -> Iterator[Consumer]:
    """The same for the registry under test."""
    modules_url = None if subject.host.scheme == "https" else subject.modules_url
    with consumer(client, subject.base_url, modules_url, token=subject.token) as made:
        yield made


def clients_of(subject: Subject) -> tuple[Terraform, ...]:
    """The clients to try; raises NotRunError where there is none."""
    if not subject.clients:
        raise NotRunError("needs a Terraform CLI: none is on PATH")
    return subject.clients


def terraform_of(subject: Subject) -> Terraform:
    """A Terraform for the lines that are Terraform's own; OpenTofu words its messages differently."""
    found = next((one for one in clients_of(subject) if one.name != "tofu"), None)
    if found is None:
        raise NotRunError("needs `terraform`: the line describes its own behaviour")
    return found


def expect_installed(run: Run, client: Terraform, what: str) -> None:
    """Raise MismatchError unless the client installed the module."""
    expect(run.code == 0 and "it" in run.installed, f"`{client.name} get` installs {what}", run.tail)


def expect_refused(run: Run, client: Terraform, words: str, what: str) -> None:
    """Raise MismatchError unless the client stopped, and said something like this."""
    said = words.lower() in run.output.lower()
    expect(run.code != 0 and said, f"`{client.name} get` stops with “{words}”: {what}", f"exit {run.code}: {run.tail}")
