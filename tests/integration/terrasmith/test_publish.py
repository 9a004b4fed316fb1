"""`terrasmith publish` as people and CI call it, against a registry that says what a test wants, over real HTTP."""

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click.testing
import pytest
import typer
from typer.testing import CliRunner

from gate.report import CheckResult, Finding, Report
from registry.services.staging import declared_sha256
from terrasmith import publish_client
from terrasmith.publish import publish
from tfmodule.archive import Entry, pack, unpack

app = typer.Typer()
app.command()(publish)

PASSED = Report(
    "safety", "terraform 1.11.4", "builtin", "L1", "passed", (CheckResult("fmt", "Formatted", "passed", 1),)
)
REFUSED = Report(
    "safety", "none", "none", "L1", "refused", (),
    (Finding("provisioner", "error", "No.", "main.tf", 3, fix="Drop it."),),
)  # fmt: skip


def upload(state: str, **more: Any) -> dict[str, Any]:
    known = {"id": "upl_1", "address": "acme/bucket/aws", "version": "1.0.0", "reason": None, "report": None}
    return {**known, "state": state, **more}


class Stub:
    """A registry with a script: one answer for each request, the last one for ever. None hangs up."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any, dict[str, str]] | None] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                stub.requests.append((self.command, self.path, headers, body))
                answer = stub.answers.pop(0) if len(stub.answers) > 1 else stub.answers[0]
                if answer is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                status, value, more = answer
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in {**more, "Content-Length": str(len(data))}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def script(self, *answers: Any) -> None:
        self.answers = [one if one is None else (one[0], one[1], one[2] if len(one) > 2 else {}) for one in answers]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr(publish_client.PublishClient.__init__, "__defaults__", (lambda _seconds: None,))
    started = Stub()
    yield started
    started.close()


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("x")
    (folder / "main.tf").write_text('variable "x" {\n  type = string\n}\n')
    (folder / "terraform.tfstate").write_text("{}")
    return folder


def run(source: Path, *arguments: str, url: str = "", token: str = "tsm_x", version: str = "1.0.0") -> Any:
    environment = {"TERRASMITH_URL": url, "TERRASMITH_TOKEN": token, "COLUMNS": "200"}
    given = [str(source), "--address", "acme/bucket/aws", "--version", version, *arguments]
    return CliRunner().invoke(app, given, env=environment)


def one_line(result: click.testing.Result) -> str:
    lines = result.stderr.strip().splitlines()
    assert lines and lines[-1].startswith("terrasmith: ") and "Traceback" not in result.output, result.output
    return lines[-1]


def test_0_when_it_is_published_and_every_state_is_told(stub: Stub, module: Path) -> None:
    stub.script(
        (202, upload("received")), (200, upload("unpacked")), (200, upload("unpacked")), (200, upload("judged")),
        (200, upload("published", report=PASSED.to_dict(), published={"sha256": "a" * 64})),
    )  # fmt: skip
    result = run(module, url=stub.url + "/")
    assert result.exit_code == 0, result.output
    assert f"published {stub.url[7:]}/acme/bucket/aws 1.0.0  sha256:{'a' * 64}" in result.stdout
    assert "Formatted" in result.stdout and "engine terraform 1.11.4" in result.stdout
    told = result.stderr.splitlines()
    assert told[:2] == [f"packed 1 file of {module}", "left out 1 that no module holds: terraform.tfstate"]
    assert [line.split(";")[0].split(" ", 1)[1] for line in told[2:]] == ["received", "unpacked", "judged"]
    method, path, headers, body = stub.requests[0]
    assert (method, path) == ("POST", "/v1/modules/acme/bucket/aws/1.0.0/upload")
    assert headers["authorization"] == "Bearer tsm_x" and headers["content-type"] == "application/gzip"
    assert declared_sha256(headers["content-digest"]) == hashlib.sha256(body).hexdigest()
    assert [entry.path for entry in unpack(body)] == ["main.tf"]
    assert {path for _, path, _, _ in stub.requests[1:]} == {"/v1/uploads/upl_1"}


def test_1_when_it_is_refused_with_the_findings(stub: Stub, module: Path) -> None:
    stub.script((202, upload("received")), (200, upload("refused", report=REFUSED.to_dict(), reason="No. (main.tf:3)")))
    result = run(module, url=stub.url)
    assert result.exit_code == 1
    assert "main.tf:3" in result.stdout and "Drop it." in result.stdout
    assert one_line(result) == "terrasmith: acme/bucket/aws 1.0.0 is refused: No. (main.tf:3)"


def test_2_when_nobody_could_judge_it(stub: Stub, module: Path) -> None:
    stub.script((202, upload("received")), (200, upload("failed", reason="There is no terraform.")))
    result = run(module, url=stub.url)
    assert result.exit_code == 2 and "could not be judged: There is no terraform." in one_line(result)


def test_an_archive_goes_as_it_is_and_json_comes_out(stub: Stub, tmp_path: Path) -> None:
    data = pack([Entry("main.tf", b"# x\n")])
    (tmp_path / "a.tar.gz").write_bytes(data)
    stub.script((200, upload("published")))
    result = run(tmp_path / "a.tar.gz", "--json", url=stub.url, version="1.0.0+build.7")
    assert result.exit_code == 0 and json.loads(result.stdout)["state"] == "published"
    assert stub.requests[0][3] == data and stub.requests[0][1].endswith("/1.0.0%2Bbuild.7/upload")


def test_a_broken_connection_is_tried_again_with_the_same_key(stub: Stub, module: Path) -> None:
    stub.script(
        None, (503, {"errors": ["later"]}, {"Retry-After": "3"}), (202, upload("received")), None,
        (200, upload("published")),
    )  # fmt: skip
    result = run(module, url=stub.url)
    assert result.exit_code == 0, result.output
    posts = [headers for method, _, headers, _ in stub.requests if method == "POST"]
    assert len(posts) == 3 and len({headers["idempotency-key"] for headers in posts}) == 1


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ((401, {"errors": ["no"]}), 2, "does not know this token"),
        ((403, {"errors": ["This token publishes into the namespace `x`"]}), 2, "403: This token publishes"),
        ((404, b"<html>nginx</html>"), 2, "is --url right?"),
        ((404, {"errors": ["Module not found"]}), 2, "404: Module not found"),
        ((409, {"errors": ["published already"]}), 1, "published already"),
        ((413, {"errors": ["larger than 100 MiB"]}), 2, "larger than 100 MiB"),
        ((422, {"errors": ["key"]}), 2, "422: key"),
        ((500, {"errors": ["Something went wrong"]}), 2, "500: Something went wrong"),
        ((502, b"bad gateway"), 2, "502: it did not say why"),
        ((200, b"<html>hello</html>"), 2, "is --url right?"),
        ((200, [1]), 2, "is --url right?"),
        ((301, b"", {"Location": "https://elsewhere.example/"}), 2, "https://elsewhere.example/"),
        (None, 2, "broke"),
    ],
)
def test_whatever_the_registry_says_is_one_clear_line(stub: Stub, module: Path, answer, code, words) -> None:
    stub.script(answer)
    result = run(module, url=stub.url)
    assert result.exit_code == code and words in one_line(result)
    assert "tsm_x" not in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--url", "ftp://x"), "no address of a registry"),
        (("--url", "registry.example.com"), "write https://"),
        (("--url", "http://[::1"), "no address of a registry"),
        (("--url", "https://user@host"), "no address of a registry"),
        (("--url", "http://a b"), "no address of a registry"),
        (("--url", "http://h:99999"), "no address of a registry"),
        (("--url", ""), "TERRASMITH_URL"),
        (("--token", ""), "TERRASMITH_TOKEN"),
        (("--token", "a\nb"), "characters that no token has"),
        (("--version", "v1.0.0"), "is not a version"),
        (("--version", "1.0"), "is not a version"),
        (("--address", "acme/bucket"), "three parts"),
        (("--address", "acme/buck et/aws"), "is not a module address"),
        (("--address", "https://h/acme/bucket/aws"), "is not a module address"),
    ],
)
def test_what_was_typed_wrong_is_one_clear_line(module: Path, arguments: tuple[str, str], words: str) -> None:
    result = run(module, *arguments, url="http://127.0.0.1:1")
    assert result.exit_code == 2 and words in one_line(result)


def test_a_refused_connection_a_missing_file_and_no_archive(tmp_path: Path, module: Path) -> None:
    result = run(module, url="http://127.0.0.1:1")
    assert result.exit_code == 2 and "cannot be reached" in one_line(result)
    (tmp_path / "notes.txt").write_text("x")
    for source, words in ((tmp_path / "none", "cannot be read"), (tmp_path / "notes.txt", "neither a folder nor")):
        result = run(source, url="http://127.0.0.1:1")
        assert result.exit_code == 2 and words in one_line(result)
    (tmp_path / "huge.tgz").touch()
    with (tmp_path / "huge.tgz").open("r+b") as file:
        file.truncate(101 << 20)
    assert "100 MiB" in one_line(run(tmp_path / "huge.tgz", url="http://127.0.0.1:1"))


def test_it_does_not_wait_for_ever(stub: Stub, module: Path) -> None:
    stub.script((202, upload("received")))
    result = run(module, "--wait", "1", url=stub.url)
    assert result.exit_code == 2 and f"goes on without us: {stub.url}/v1/uploads/upl_1" in one_line(result)


def test_a_token_in_the_clear_is_warned_of(module: Path) -> None:
    result = run(module, url="http://registry.invalid")
    assert result.exit_code == 2 and "can read the token" in result.stderr and "cannot be reached" in one_line(result)
