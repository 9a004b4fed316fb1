"""A wish that lacks something, as a visitor sees it: question, answer, brief, pull request with its acceptance test."""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.living_system import System, until

QUESTION = "Who may own a service, people or teams?"
BRIEF: dict[str, Any] = {
    "title": "Service catalogue",
    "purpose": "A checked list of services.",
    "name": "catalogue",
    "system": "terraform",
    "resources": ["terraform_data"],
    "inputs": [],
    "outputs": [],
    "non_goals": [],
    "assumptions": [],
    "assertions": [
        {"says": "Owners are told.", "address": "output.owners", "path": "", "operator": "present", "value": None},
        {"says": "There is a queue.", "address": "aws_sqs_queue.*", "path": "", "operator": "count", "value": 1},
    ],
    "unproved": [],
    "question": "",
}


@pytest.fixture
def claude(tmp_path: Path) -> Iterator[str]:
    script = tmp_path / "script.json"
    steps = [{"do": "say", "values": BRIEF | {"question": QUESTION}}, {"do": "say", "values": BRIEF}, {"do": "answer"}]
    script.write_text(json.dumps({"steps": steps}), encoding="utf-8")
    command = [sys.executable, "-m", "simulators.claude", "--port", "0", "--script", str(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["url"]
    process.terminate()
    process.wait(20)
    process.stdout.close()


def test_a_question_in_the_living_comment_is_answered_by_quoting_it(claude: str, tmp_path: Path) -> None:
    system = System(tmp_path / "data", TERRASMITH_ANTHROPIC_API_KEY="sk-ant-test", TERRASMITH_ANTHROPIC_BASE_URL=claude)
    try:
        talk = system.say("/generate a service catalogue --repo terraform-terraform-catalogue")
        shown = talk.answer("I have a question")
        assert QUESTION in shown and "Owners are told." in shown
        assert QUESTION in talk.answer("Before I write the module")  # nobody is notified of an edit
        talk.comment(f"> {QUESTION}\n\nTeams.", who=system.stranger)
        assert "people with write access" in talk.answer("mallory")
        talk.comment(f"> **{QUESTION}**\n\nTeams.")
        repository = "/repos/acme/terraform-terraform-catalogue"
        pull = until(lambda: system.writer.find(f"{repository}/pulls"), "the pull request")[0]
        assert "What the request asked for" in pull["body"]
        path = f"{repository}/contents/tests/acceptance.tftest.hcl"
        found = system.writer.get(path, ref=pull["head"]["ref"])
        test = b64decode(found["content"]).decode()
        assert 'error_message = "Owners are told."' in test
        assert "(The module has no aws_sqs_queue.)" in test
        assert "`ada`: Teams." in talk.answer("Teams.")
        assert system.violations() == []
    finally:
        assert system.stop() == 0
