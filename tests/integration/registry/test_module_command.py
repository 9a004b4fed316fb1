"""`terrasmith module show` as people and scripts call it, against a real registry over HTTP."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from terrasmith.main import app
from tfmodule.contents import Contents

MAIN = """
variable "name" {
  type        = string
  description = "How it is called.\\u001b[31m"
}
variable "size" {
  default = 1
}
output "arn" {
  value = 1
}
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}
"""


@pytest.fixture
def shown(sqlite_registry, serving):
    """`shown(*arguments)` runs the command against a registry with one private module."""
    sqlite_registry.namespace("acme", "private")
    contents = Contents.from_files({"main.tf": MAIN.encode(), "modules/logs/main.tf": b""})
    sqlite_registry.publish("acme/bucket/aws", "1.2.0", contents=contents)
    token = sqlite_registry.token("acme")
    with serving(sqlite_registry.app) as port:

        def run(*arguments: str) -> Any:
            url = f"http://127.0.0.1:{port}"
            environment = {"TERRASMITH_URL": url, "TERRASMITH_TOKEN": token}
            return CliRunner().invoke(app, ["module", "show", *arguments], env=environment)

        yield run


def test_a_module_is_shown_to_people(shown) -> None:
    done = shown("acme/bucket/aws")
    assert done.exit_code == 0, done
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].startswith("acme/bucket/aws 1.2.0, published 20")
    assert 'source = "reg.example.test/acme/bucket/aws"' in lines
    assert "name string required How it is called. [31m" in lines and "size any 1" in lines
    assert "aws hashicorp/aws >= 5.0" in lines and "modules/logs 0" in lines and "\x1b" not in done.stdout


def test_a_script_gets_the_apis_own_answer(shown) -> None:
    found = json.loads(shown("acme/bucket/aws", "--version", "1.2.0", "--json").stdout)
    assert found["version"] == "1.2.0" and found["root"]["outputs"][0]["name"] == "arn"


def test_what_is_not_there_is_told(shown) -> None:
    done = shown("acme/bucket/aws", "--version", "9.9.9")
    assert "answered 404: Version not found" in str(done.exception)
