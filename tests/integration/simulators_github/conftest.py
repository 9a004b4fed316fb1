"""A real simulator process, clients with tokens, and a small receiver that stands in for the app's webhook address."""

import base64
import hashlib
import hmac
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parents[3]
SECRET = "s" * 40
VERSION = {"X-GitHub-Api-Version": "2022-11-28"}


@pytest.fixture(scope="session")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")


class Receiver:
    """Hears webhooks; `status` is what it answers, and every signature is proved on arrival."""

    def __init__(self) -> None:
        self.status = 202
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                signed = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
                good = signed == self.headers["x-hub-signature-256"]
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.heard.put({"headers": headers, "signed": good, "payload": json.loads(body)})
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/github/webhook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def next(self, event: str, action: str | None = None, seconds: float = 20) -> dict[str, Any]:
        """The next delivery of this kind; others before it are passed over."""
        deadline = time.monotonic() + seconds
        while True:
            item = self.heard.get(timeout=max(deadline - time.monotonic(), 0.01))
            if item["headers"]["x-github-event"] == event and action in (None, item["payload"].get("action")):
                return item

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


class Simulator:
    """One process and how to talk to it."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.private_key = config["app"]["private_key"]
        self.config = folder / "config.json"
        self.config.write_text(json.dumps(config))
        self.port = 0
        self.clients: list[httpx.Client] = []
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "simulators.github", "--data-dir", str(self.folder / "data")]
        self.process = subprocess.Popen(
            [*command, "--config", str(self.config), "--port", str(self.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.port = int(self.url.rpartition(":")[2])

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {**VERSION, **({"Authorization": f"Bearer {token}"} if token else {})}
        one = httpx.Client(base_url=f"{self.url}/api/v3", headers=headers, trust_env=False, verify=False, timeout=30)
        self.clients.append(one)
        return one

    def jwt(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iat": now - 60, "exp": now + 540, "iss": "1", **changes}
        key = claims.pop("key", self.private_key)
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key, algorithm=claims.pop("algorithm", "RS256"))

    def app(self) -> httpx.Client:
        return self.client(self.jwt())

    def token(self, login: str = "acme", **narrowing: Any) -> str:
        app = self.app()
        installation = app.get(f"/orgs/{login}/installation").json()["id"]
        answer = app.post(f"/app/installations/{installation}/access_tokens", json=narrowing)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def bot(self, login: str = "acme", **narrowing: Any) -> httpx.Client:
        return self.client(self.token(login, **narrowing))

    def switch(self, path: str, /, **body: Any) -> Any:
        answer = httpx.post(f"{self.url}/_simulator/{path}", json=body, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def look(self, path: str) -> Any:
        return httpx.get(f"{self.url}/_simulator/{path}", trust_env=False).json()

    def settle(self) -> None:
        """Until every webhook is sent."""
        while self.look("deliveries/pending")["pending"]:
            time.sleep(0.02)

    def ledger(self, kind: str = "", subject: str = "") -> list[dict[str, Any]]:
        return httpx.get(
            f"{self.url}/_simulator/ledger", params={"kind": kind, "subject": subject}, trust_env=False
        ).json()

    def graphql(self, client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
        answer = client.post(f"{self.url}/api/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def commit(
        self, client: httpx.Client, name: str, branch: str, files: dict[str, str], message: str = "Change"
    ) -> str:
        """One commit on a branch, made when absent, through git data as a bot does."""
        base = f"/repos/{name}/git"
        found = client.get(f"{base}/ref/heads/{branch}")
        exists = found.status_code == 200
        start = found if exists else client.get(f"{base}/ref/heads/main")
        parent = start.json()["object"]["sha"]
        tree = [{"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in files.items()]
        made = client.post(f"{base}/trees", json={"base_tree": parent, "tree": tree}).json()["sha"]
        commit = client.post(f"{base}/commits", json={"message": message, "tree": made, "parents": [parent]}).json()[
            "sha"
        ]
        if exists:
            answer = client.patch(f"{base}/refs/heads/{branch}", json={"sha": commit})
        else:
            answer = client.post(f"{base}/refs", json={"ref": f"refs/heads/{branch}", "sha": commit})
        assert answer.is_success, answer.text
        return str(commit)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.stop()


def make_config(private_key: str, webhook_url: str | None = None) -> dict[str, Any]:
    app = {"id": 1, "client_id": "Iv1.x", "slug": "terrasmith", "name": "Terrasmith", "private_key": private_key}
    return {
        "app": {**app, "webhook_url": webhook_url, "webhook_secret": SECRET},
        "organisations": [
            {"login": "acme", "installed": True, "members": {"ada": "write", "zoe": "admin"}},
            {"login": "picky", "installed": True, "repository_selection": "selected"},
            {"login": "elsewhere", "members": {"bob": "admin"}},
        ],
        "users": [{"login": login, "token": f"ghp_{login}"} for login in ("ada", "bob", "zoe")],
        "repositories": [
            {"full_name": "acme/platform", "issues": [{"title": "A bucket", "body": "please", "user": "ada"}]},
            {"full_name": "acme/secret", "private": True},
            {"full_name": "elsewhere/open"},
            {"full_name": "elsewhere/hidden", "private": True},
        ],
    }


@pytest.fixture(scope="module")
def start(private_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Simulator]]:
    """Starts simulators; at the end each must have kept GitHub's own description in every answer and webhook."""
    started: list[Simulator] = []

    def factory(webhook_url: str | None = None) -> Simulator:
        one = Simulator(tmp_path_factory.mktemp("github"), make_config(private_key, webhook_url))
        started.append(one)
        return one

    yield factory
    problems = []
    for one in started:
        if one.process.poll() is None:
            problems += [item for item in one.look("violations")["violations"] if item["kind"] != "request"]
        one.close()
    assert problems == []


@pytest.fixture(scope="module")
def github(start: Callable[..., Simulator]) -> Simulator:
    return start()


@pytest.fixture
def fresh(github: Simulator) -> Callable[..., str]:
    """Makes a repository with a first commit in acme; answers its full name."""
    counter = iter(range(10_000))

    def make(**body: Any) -> str:
        name = f"r{next(counter)}-{os.urandom(4).hex()}"
        answer = github.bot().post("/orgs/acme/repos", json={"name": name, "auto_init": True, **body})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["full_name"])

    return make


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., str]:
    """Runs git without the machine's own configuration; answers its output."""

    def run(*arguments: str, cwd: Path | None = None, check: bool = True) -> str:
        names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
        identity = dict.fromkeys(names, "ada@example.com")
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0", **identity}
        result = subprocess.run(
            ["git", *arguments], cwd=cwd or tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert not check or result.returncode == 0, result.stderr
        return result.stdout if result.returncode == 0 else f"failed: {result.stderr}"

    return run


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="session")
def base64_of() -> Callable[[str], str]:
    return encoded
