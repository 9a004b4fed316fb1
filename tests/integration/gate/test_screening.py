"""The screen before a real engine: nothing planted is honoured, nobody is called, and examples do not stop the rest."""

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.policy import Policy
from gate.screen import screen

REGISTRY = b'module "x" {\n  source = "acme/bucket/aws"\n}\n'


@contextmanager
def canary() -> Iterator[tuple[int, "queue.SimpleQueue[bytes]"]]:
    """A listener on loopback that remembers what whoever came said first."""
    visitors: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def listen() -> None:
            while True:
                try:
                    visitor, _ = server.accept()
                except OSError:
                    return
                with closing(visitor):
                    visitors.put(visitor.recv(100))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server.getsockname()[1], visitors
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.checklist("T-24")
@pytest.mark.parametrize(
    "source",
    [
        "http://127.0.0.1:{}/x.zip",
        "git::http://127.0.0.1:{}/x",
        "hg::http://127.0.0.1:{}/x",
        "s3::http://127.0.0.1:{}/b/k",
        "127.0.0.1:{}/acme/bucket/aws",
        "./x?checksum=file:http://127.0.0.1:{}/sum",
        "file:///x?checksum=file:http://127.0.0.1:{}/sum",
    ],
)
def test_T24_no_source_makes_anybody_call_anywhere(good: dict[str, bytes], engine: EngineSettings, source: str) -> None:
    with canary() as (port, visitors):
        code = f'module "x" {{\n  source = "{source.format(port)}"\n}}\n'.encode()
        report = judge(good | {"calls.tf": code}, profile="safety", engine=engine)
        assert {(f.rule, f.place) for f in report.errors} == {("module-source", "calls.tf:2")}
        with closing(socket.create_connection(("127.0.0.1", port), 10)) as ourselves:
            ourselves.sendall(b"the test itself")
        assert visitors.get(timeout=30) == b"the test itself"
        assert visitors.empty()


@pytest.mark.checklist("T-21", "T-25")
def test_T21_nothing_planted_is_honoured(
    good: dict[str, bytes], engine: EngineSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these would change the verdict or leave a marker, in the module and in the worker's own home."""
    marker = tmp_path / "honoured"
    program = f"#!/bin/sh\necho x > {marker}\n".encode()
    provider = "registry.terraform.io/hashicorp/null/9.9.9/linux_amd64/terraform-provider-null_v9.9.9"
    quiet = {
        ".terraform.lock.hcl": b'provider "registry.terraform.io/hashicorp/null" {\n  version = "0.0.1"\n}\n',
        ".tflint.hcl": b"not { valid",
        "trivy.yaml": b"not: [valid",
        ".terraform-version": b"0.1.0\n",
        ".tool-versions": b"terraform 0.1.0\n",
        ".terraformignore": b"*.tf\n",
        ".pre-commit-config.yaml": b"repos: [x",
    }
    loud = {
        f"terraform.d/plugins/{provider}": program,
        f".terraform/providers/{provider}": program,
        ".terraform/terraform.tfstate": b"{}",
        "terraform.tfvars": b'name = "planted"\n',
        "tests/x.auto.tfvars": b'name = "planted"\n',
        ".terraformrc": b"provider_installation {}\n",
        ".checkov.yaml": b"external-checks-dir: [x]\n",
        "main_override.tf": b'variable "name" {\n  default = "planted"\n}\n',
        "main.tf.json": b"{}",
    }
    home = tmp_path / "home"
    for path in (f".terraform.d/plugin-cache/{provider}", f".terraform.d/plugins/example.com/{provider}"):
        (home / path).parent.mkdir(parents=True)
        (home / path).write_bytes(program)
        (home / path).chmod(0o755)
    (home / ".terraformrc").write_text("not { valid")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(home / ".terraformrc"))
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(home / ".terraform.d/plugin-cache"))
    monkeypatch.setenv("TF_CLI_ARGS", "-help")
    report = judge(good | quiet, profile="house", engine=engine)
    assert (report.verdict, report.errors) == ("passed", ())
    refused = judge(good | quiet | loud, profile="house", engine=engine)
    assert {finding.path for finding in refused.errors} == set(loud)
    # And with the screen overruled, what it does not admit is not there for anybody to honour.
    admitted = screen(good | quiet | loud, Policy()).admitted
    again = judge(admitted, profile="house", engine=engine)
    assert (again.verdict, again.errors) == ("passed", ())
    assert not marker.exists()


@pytest.mark.checklist("T-24")
def test_T24_examples_and_tests_that_call_a_registry_do_not_stop_the_rest(
    good: dict[str, bytes], engine: EngineSettings
) -> None:
    files = good | {
        "examples/registry/main.tf": REGISTRY,
        "examples/round/main.tf": b'module "x" {\n  source = "../registry"\n}\n',
        "tests/setup/main.tf": REGISTRY,
        "tests/registry.tftest.hcl": b'run "x" {\n  module {\n    source = "./tests/setup"\n  }\n}\n',
    }
    report = judge(files, profile="safety", engine=engine)
    assert report.verdict == "passed"
    assert {(f.rule, f.severity, f.path) for f in report.findings} == {
        ("registry-source", "note", "examples/registry/main.tf"),
        ("registry-source", "note", "tests/setup/main.tf"),
    }


def test_T24_a_call_of_an_allowed_registry_leaves_the_verdict_open(
    good: dict[str, bytes], engine: EngineSettings
) -> None:
    policy = Policy(allowed_module_hosts=frozenset({"registry.terraform.io"}))
    report = judge(good | {"calls.tf": REGISTRY}, profile="safety", engine=engine, policy=policy)
    outcomes = {check.id: check.outcome for check in report.checks}
    assert (report.verdict, report.errors) == ("undecided", ())
    assert (outcomes["screen"], outcomes["fmt"], outcomes["init"]) == ("passed", "passed", "undecided")
    assert [(f.rule, f.place) for f in report.findings] == [("module-unresolved", "calls.tf:2")]
