"""docs/API.md asked of a real registry: each `curl` answers 200, and what is printed below it has the answer's form."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import httpx
import pytest

from tfmodule.contents import Contents

PAGE = Path(__file__).parents[3] / "docs/API.md"
BLOCK = re.compile(r"```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?", re.DOTALL)


def _examples() -> list[tuple[str, str]]:
    """Each command of the page with the answer that is printed below its block."""
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [(line, answer) for commands, answer in found for line in commands.strip().splitlines()]


def _asked(command: str, variables: dict[str, str]) -> httpx.Response:
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    program, *arguments = shlex.split(command)
    assert program == "curl", command
    headers = {}
    while arguments[0] == "-H":
        name, _, value = arguments[1].partition(": ")
        headers[name], arguments = value, arguments[2:]
    (url,) = arguments
    return httpx.get(url, headers=headers)


def _has_form(answer: Any, shown: Any) -> bool:
    """Whether the answer has exactly the names that are shown, at every depth."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and answer.keys() == shown.keys() and all(
            _has_form(answer[name], value) for name, value in shown.items()
        )  # fmt: skip
    if isinstance(shown, list):
        return isinstance(answer, list) and len(answer) == len(shown) and all(map(_has_form, answer, shown))
    return shown is None or isinstance(answer, type(shown))


@pytest.mark.checklist("R34", "R36")
def test_every_example_of_the_page_works(sqlite_registry, serving) -> None:
    sqlite_registry.namespace("acme")
    before = {"main.tf": b'variable "tags" {\n  default = {}\n}\n', "README.md": b"# Bucket\n\nA private bucket."}
    after = before | {"main.tf": b'variable "tags" {}\n'}
    sqlite_registry.publish("acme/bucket/aws", "1.0.0", contents=Contents.from_files(before))
    sqlite_registry.publish("acme/bucket/aws", "2.0.0", contents=Contents.from_files(after))
    examples = _examples()
    assert len(examples) > 8
    with serving(sqlite_registry.app) as port:
        variables = {
            "TERRASMITH_URL": f"http://127.0.0.1:{port}",
            "TERRASMITH_TOKEN": sqlite_registry.token("acme"),
        }
        for command, shown in examples:
            answer = _asked(command, variables)
            assert answer.status_code == 200, (command, answer.text)
            if shown:
                assert _has_form(answer.json(), json.loads(shown)), (command, answer.json())
