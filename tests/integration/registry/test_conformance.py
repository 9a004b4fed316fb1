"""The conformance table against our own registry, on both databases, public and private: all that runs passes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from starlette.responses import JSONResponse
from typer.testing import CliRunner

from accounts import namespaces
from registry import models
from terrasmith import local
from terrasmith.conformance.command import find_clients
from terrasmith.conformance.outcome import Result
from terrasmith.conformance.subject import Subject
from terrasmith.conformance.table import CHECKS, run
from terrasmith.conformance.writing import find_publisher
from terrasmith.main import app as command
from tests.integration.registry.uploading import Sender, archive, finish
from tfmodule.address import Address
from web.app import create_served

MODULE = "Acme/My-Bucket/aws"
VERSIONS = ("0.2.0", "0.10.0", "0.9.0", "1.0.0-rc.1", "1.0.0+build.7", "1.1.0-rc.1")

WRITE = {check.key for check in CHECKS if check.by == "write"}
# What our location is not, and what a namespace has not turned on.
OF_NO_USE = {"R24 http"}
BY_CHOICE = {"R13 http"}

runner = CliRunner()


@pytest.fixture
def filled(registry):
    """`filled(visibility)` publishes one module in many versions and gives its token."""
    return lambda visibility: _fill(registry, visibility)


def _fill(registry, visibility: namespaces.Visibility) -> str:
    registry.namespace("Acme", visibility)
    for version in VERSIONS:
        registry.publish(MODULE, version)
    return registry.token("Acme", "publish")


def _results(port: int, token: str | None, scheme: str = "http", **more) -> dict[str, Result]:
    subject = Subject(f"{scheme}://127.0.0.1:{port}", Address.parse(MODULE), token, find_clients(), **more)
    try:
        # What a stub shows has nothing to do with our registry: tests/integration/conformance has it.
        asked = [check for check in CHECKS if check.by != "stub"]
        return {f"{one.id} {one.by}": one for one in run(subject, asked)}
    finally:
        subject.close()


def _expect_all(results: Mapping[str, Result], not_run: set[str]) -> None:
    failed = [one for one in results.values() if one.outcome == "failed"]
    assert not failed, failed
    without_cli = set() if find_clients() else {key for key in results if key.endswith("client")}
    assert {key for key, one in results.items() if one.outcome == "not run"} == not_run | without_cli
    assert all(one.reason for one in results.values() if one.outcome == "not run")


@pytest.mark.checklist(
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R14", "R15", "R16", "R17", "R18", "R19",
    "R20", "R21", "R22", "R23", "R25", "R26", "R27", "R28", "R29", "R30", "R31", "R32", "R34", "R35", "R36", "R37",
    "R38",
)  # fmt: skip
def test_a_public_module_conforms_for_a_stranger(registry, serving, filled) -> None:
    filled("public")
    with serving(registry.app) as port:
        _expect_all(_results(port, None), WRITE | OF_NO_USE | BY_CHOICE)


@pytest.mark.checklist("R17", "R18", "R29")
def test_a_private_module_conforms_for_its_token(registry, serving, filled) -> None:
    token = filled("private")
    with serving(registry.app) as port:
        _expect_all(_results(port, token), WRITE | OF_NO_USE | BY_CHOICE)


@pytest.mark.checklist("R13")
def test_R13_a_namespace_that_offers_credentials_conforms(registry, serving, filled) -> None:
    token = filled("private")
    with registry.database.unit_of_work() as session:
        namespaces.set_registry_credentials(session, "acme", on=True)
    with serving(registry.app) as port:
        results = _results(port, token)
        _expect_all(results, WRITE | OF_NO_USE)
    assert results["R13 http"].outcome == "passed"


@contextmanager
def _judging(registry) -> Iterator[None]:
    """What the workers' job does, with a gate that lets everything pass: uploads go on to their end meanwhile."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            with registry.database.read() as session:
                waiting = session.scalars(select(models.Upload.id).where(models.Upload.state == "received")).all()
            for upload_id in waiting:
                finish(registry, upload_id)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(30)


@pytest.mark.checklist("R1", "R6", "R12")
def test_R1_R6_R12_over_https_the_client_discovers_by_itself(sqlite_registry, serving, tmp_path, monkeypatch) -> None:
    token = _fill(sqlite_registry, "private")
    authority, certificate, key = local.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with serving(sqlite_registry.app, certificate, key) as port:
        _expect_all(_results(port, token, scheme="https"), WRITE | OF_NO_USE | BY_CHOICE)


@pytest.mark.checklist("R8", "R30", "R32")
def test_R8_R30_R32_what_may_not_be_published_is_refused(registry, serving, filled) -> None:
    token = filled("private")
    with serving(registry.app) as port, _judging(registry):
        for _ in range(2):  # a second run finds what the first one published
            publisher = find_publisher(f"http://127.0.0.1:{port}", token)
            assert publisher is not None
            results = _results(port, token, publisher=publisher)
            _expect_all(results, OF_NO_USE | BY_CHOICE | {"R33 write"})


def test_a_registry_whose_publish_api_we_do_not_know_is_not_written_to(serving) -> None:
    async def other(scope, receive, send) -> None:
        await JSONResponse({"info": {"title": "Another"}})(scope, receive, send)

    with serving(other) as port:
        assert find_publisher(f"http://127.0.0.1:{port}", "tsm_x") is None
        assert find_publisher(f"http://127.0.0.1:{port}", None) is None


def _command(*arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
    """A process of its own: the registry's log of these tests goes to the same standard output otherwise."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, "-m", "terrasmith", "conformance", *arguments],
        env=environment | ({"TERRASMITH_TOKEN": token} if token else {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_gives_json_for_the_holder_of_a_token(sqlite_registry, serving) -> None:
    token = _fill(sqlite_registry, "private")
    with serving(sqlite_registry.app) as port:
        done = _command(f"http://127.0.0.1:{port}", "--module", MODULE, "--json", token=token)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["counts"]["failed"] == 0 and report["module"] == MODULE, done
    assert [(one["id"], one["by"]) for one in report["results"]] == [(check.id, check.by) for check in CHECKS]
    assert token not in done.stdout + done.stderr


def test_a_module_that_is_not_there_is_one_line(sqlite_registry, serving) -> None:
    token = _fill(sqlite_registry, "private")
    with serving(sqlite_registry.app) as port:
        url = f"http://127.0.0.1:{port}"
        stranger = _command(f"{url}/", "--module", MODULE, "--write")
        unknown = _command(url, "--module", "acme/none/aws", "--json", token=token)
    for done, told in ((stranger, f"lists no versions of {MODULE}: it answers 401"), (unknown, "it answers 404")):
        assert (done.returncode, done.stdout) == (2, ""), done
        assert told in done.stderr and done.stderr.count("\n") == 1


def test_a_registry_that_fails_at_the_module_gets_the_table_with_what_came(serving) -> None:
    async def broken(scope, receive, send) -> None:
        discovery = scope["path"] == "/.well-known/terraform.json"
        body = {"modules.v1": "/v1/modules/"} if discovery else {"errors": ["out of order"]}
        await JSONResponse(body, 200 if discovery else 500)(scope, receive, send)

    with serving(broken) as port:
        done = _command(f"http://127.0.0.1:{port}", "--module", MODULE)
    assert done.returncode == 1, done
    assert "✓ R1  http    Discovery answers 200 with application/json" in done.stdout
    assert "expected: the list of versions answers 200\n    got:      500" in done.stdout
    assert "needs --write, and a publish API" in done.stdout and " failed, " in done.stdout.splitlines()[-1]


@pytest.mark.checklist("R38")
def test_R38_an_uploaded_module_conforms_and_is_not_counted_as_downloaded(sqlite_registry, settings, serving) -> None:
    sender, address = Sender(sqlite_registry), "acme/bucket/aws"
    sender.finish(sender.send(archive()).json()["id"])
    served = create_served(settings, sqlite_registry.database, sqlite_registry.storage)
    served.start()
    with serving(served) as port:
        subject = Subject(f"http://127.0.0.1:{port}", Address.parse(address), sender.token, find_clients())
        results = {f"{one.id} {one.by}": one for one in run(subject, [one for one in CHECKS if one.by != "stub"])}
        subject.close()
    served.stop()
    assert results["R38 http"].outcome == results["R12 http"].outcome == "passed", results
    assert not [one for one in results.values() if one.outcome == "failed"]
    page = f"{settings.base_url}/modules/{address}"
    for path, found in ((f"{address}/versions", "modules"), (address, None), ("", "modules")):
        body = sender.client.get(f"/v1/modules/{path}").json()
        assert (body[found][0] if found else body)["source"] == page
    assert sender.client.get(page.removeprefix(settings.base_url)).status_code == 200
    counted = sender.client.get(f"/v2/modules/{address}/downloads/summary").json()["data"]["attributes"]
    assert counted["total"] == 0


def test_without_a_module_only_what_needs_none_is_asked(sqlite_registry, serving) -> None:
    with serving(sqlite_registry.app) as port:
        subject = Subject(f"http://127.0.0.1:{port}")
        results = {f"{one.id} {one.by}": one for one in run(subject)}
        subject.close()
    assert results["R1 http"].outcome == "passed"
    assert results["R11 http"].reason == "needs --module NAMESPACE/NAME/SYSTEM"
    assert results["R3 stub"].reason == "needs a Terraform CLI: none is on PATH"
    assert {one.outcome for one in results.values()} == {"passed", "not run"}


def test_no_answer_is_exit_2(unused_port: int) -> None:
    done = runner.invoke(command, ["conformance", f"http://127.0.0.1:{unused_port}", "--module", MODULE])
    assert done.exit_code == 2 and "does not answer" in done.stderr and not done.stdout


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["registry.example.com"], "no address of a registry"),
        (["ftp://registry.example.com"], "no address of a registry"),
        (["https://ada:secret@registry.example.com"], "no address of a registry"),
        (["https://registry.example.com?x=1"], "no address of a registry"),
        (["https://registry.example.com", "--module", "acme/bucket"], "three parts"),
        (["https://registry.example.com", "--module", "acme/-x/aws"], "letter or digit"),
    ],
)
def test_a_wrong_command_line_is_told(arguments: list[str], said: str) -> None:
    done = runner.invoke(command, ["conformance", *arguments])
    assert done.exit_code == 2 and said in " ".join(done.stderr.replace("│", " ").split())
