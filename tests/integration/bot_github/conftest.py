"""One simulated GitHub as a process of its own for the session, and a gateway that speaks to it over real HTTP."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.github.gateway import GitHub, InstallationClient, TokenCache
from core.settings import Settings

SECRET = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Simulated:
    """The running simulator; `as_user` speaks to it as a person does."""

    url: str
    private_key: str
    http: httpx.Client

    @property
    def settings(self) -> Settings:
        return Settings(
            github_app_id=1,
            github_private_key=self.private_key,
            github_api_url=f"{self.url}/api/v3",
            github_web_url=self.url,
            secret_key=SECRET,
        )

    def as_user(self, method: str, path: str, body: Any = None, user: str = "ada") -> Any:
        headers = {"authorization": f"token token-of-{user}", "x-github-api-version": "2022-11-28"}
        answer = self.http.request(method, f"{self.url}/api/v3{path}", json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def switch(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.url}/_simulator{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def settle(self) -> None:
        """Wait until every webhook has been tried."""
        for _ in range(400):
            if self.switch("GET", "/deliveries/pending")["pending"] == 0:
                return
            time.sleep(0.05)
        raise TimeoutError

    def fault(self, kind: str, **body: Any) -> None:
        self.switch("POST", "/faults", {"kind": kind, **body})


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """Ends the process after the session; every answer must have fitted GitHub's own description."""
    folder = tmp_path_factory.mktemp("github")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
    (folder / "config.json").write_text(json.dumps(_config(pem)))
    command = [sys.executable, "-m", "simulators.github", "--data-dir", str(folder), "--config"]
    with subprocess.Popen([*command, str(folder / "config.json")], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            with httpx.Client() as http:
                yield Simulated(url, pem, http)
        finally:
            process.terminate()


@pytest.fixture(autouse=True)
def no_violations(simulated: Simulated) -> Iterator[None]:
    """Every request of ours and every answer of the simulator fits GitHub's own description."""
    simulated.switch("DELETE", "/violations")
    yield
    simulated.switch("DELETE", "/faults")
    assert simulated.switch("GET", "/violations")["violations"] == []


@pytest.fixture
def github(simulated: Simulated) -> Iterator[GitHub]:
    settings = simulated.settings
    with GitHub(settings, TokenCache(None, settings)) as gateway:
        yield gateway


@pytest.fixture
def acme(github: GitHub) -> InstallationClient:
    """The installation on the organisation acme."""
    return github.installation(next(each.id for each in github.app.installations() if each.account_login == "acme"))


@pytest.fixture
def repo(acme: InstallationClient) -> str:
    """A fresh repository with one commit."""
    made = acme.repositories.create("acme", f"terraform-aws-{secrets.token_hex(4)}", "A test", private=True)
    acme.repositories.wait_until_ready(made.full_name)
    return made.full_name


@pytest.fixture
def issue(simulated: Simulated, repo: str) -> int:
    return int(simulated.as_user("POST", f"/repos/{repo}/issues", {"title": "Please", "body": ""})["number"])


def _config(pem: str) -> dict[str, Any]:
    return {
        "app": {
            "id": 1,
            "client_id": "Iv1.test",
            "slug": "terrasmith",
            "name": "Terrasmith",
            "private_key": pem,
            "webhook_url": "http://127.0.0.1:9/github/webhook",
            "webhook_secret": SECRET,
        },
        "organisations": [
            {"login": "acme", "installed": True, "members": {"ada": "admin", "rita": "read"}},
            {"login": "frugal", "installed": True, "permissions": {"contents": "read", "issues": "write"}},
        ],
        "users": [
            {"login": "ada", "token": "token-of-ada", "installed": True},
            {"login": "rita", "token": "token-of-rita"},
        ],
        "repositories": [{"full_name": "acme/platform", "private": False, "collaborators": {"ada": "write"}}],
    }
