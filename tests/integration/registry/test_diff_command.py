"""`terrasmith diff` on versions of a real registry: downloaded as Terraform would, and held to their checksum."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from registry.services import publishing
from tfmodule.archive import Entry

OLD = b'output "a" {\n  value = 1\n}\n\noutput "b" {\n  value = 2\n}\n'
LESS = b'output "a" {\n  value = 1\n}\n'


@pytest.fixture
def diff(sqlite_registry, serving) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """`diff(*arguments)` against a registry with two versions of a private module."""
    sqlite_registry.namespace("acme", "private")
    for version, text in (("1.2.0", OLD), ("1.2.1", LESS)):
        prepared = publishing.prepare([Entry("main.tf", text)])
        publishing.store(sqlite_registry.storage, prepared)
        sqlite_registry.publish("acme/bucket/aws", version, sha256=prepared.sha256, h1=prepared.h1, size=prepared.size)
    token = sqlite_registry.token("acme")
    with serving(sqlite_registry.app) as port:

        def run(*arguments: str, url: str = f"http://127.0.0.1:{port}") -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "terrasmith", "diff", *arguments]
            environment = {**os.environ, "TERRASMITH_URL": url, "TERRASMITH_TOKEN": token}
            return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

        yield run


def test_two_versions_of_a_registry_are_downloaded_and_compared(diff) -> None:
    done = diff("acme/bucket/aws@1.2.0", "acme/bucket/aws@1.2.1", "--json", "--fail-on", "major")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert (told["bump"], told["least_version"], told["enough"]) == ("major", "2.0.0", False)


def test_a_version_is_compared_with_a_folder_and_one_that_is_not_there_is_told(diff, tmp_path) -> None:
    (tmp_path / "main.tf").write_bytes(OLD)
    done = diff("acme/bucket/aws@1.2.0", str(tmp_path))
    assert (done.returncode, done.stdout) == (
        0,
        "step: patch; after 1.2.0 that is 1.2.1 or higher\n",
    )
    done = diff("acme/bucket/aws@9.9.9", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "") and "answered 404" in done.stderr
