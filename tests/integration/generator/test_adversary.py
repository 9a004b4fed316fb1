"""A person and a model that want something else, through the real SDK: what may come of it (T-33, T-34, S16)."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.report import Report
from generator.claude import ClaudeWriter
from generator.loop import generate
from generator.request import Ask, RefusedDraftError
from generator.writers import make_writer
from tests.injections import CODE, FIELD, PATH, SAID
from tfmodule.files import FileMap

_SECRET = "sk-a-key-that-nobody-may-see"
_MAIN = {"path": "main.tf", "content": 'output "id" {\n  description = "The id."\n  value = 1\n}\n'}


def _passed(_files: FileMap) -> Report:
    return Report("house", "none", "none", "L2", "passed")


def _writer(url: str) -> ClaudeWriter:
    writer = make_writer(_SECRET, url, "claude-opus-5-5")
    assert isinstance(writer, ClaudeWriter)
    return writer


def _answer(text: str, *files: dict[str, str]) -> dict[str, Any]:
    values = dict.fromkeys(("name", "system", "title", "summary"), text)
    return {"do": "say", "values": {**values, "assumptions": [text], "files": list(files)}}


@pytest.mark.checklist("T-33", "S16")
def test_whatever_people_say_stays_one_value_of_the_request(claude: Callable[..., Any]) -> None:
    simulator = claude(_answer("label", _MAIN))
    writer = _writer(simulator.url)
    for said in SAID:
        writer.propose(Ask(said, None, None, "acme"))
    rules = set()
    for said, request in zip(SAID, simulator.requests, strict=True):
        body = request["body"]
        assert [message["role"] for message in body["messages"]] == ["user"]
        told = body["messages"][0]["content"]
        assert json.loads(told if isinstance(told, str) else told[-1]["text"])["request"] == said
        assert not {"tools", "tool_choice", "mcp_servers", "container"} & set(body)
        assert _SECRET not in json.dumps(body)
        rules.add(json.dumps(body["system"]))
    assert len(rules) == 1


@pytest.mark.checklist("T-34", "S21")
def test_whatever_a_model_says_of_its_module_is_a_plain_line(claude: Callable[..., Any]) -> None:
    writer = _writer(claude(*(_answer(text, _MAIN) for text in FIELD)).url)
    for text in FIELD:
        draft = generate(Ask("a label", None, None, "acme"), writer=writer, judge=_passed)
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", draft.name), text
        assert re.fullmatch(r"[a-z0-9]{1,20}", draft.system), text
        for line in (draft.title, draft.summary, *draft.assumptions):
            assert line.isprintable(), text
            assert not re.search(r"[<>`|\[\]\\]|@\w|#\d|://|^/", line), (text, line)


@pytest.mark.checklist("T-34", "S18")
def test_whatever_a_model_writes_beside_its_module_is_left_out(claude: Callable[..., Any]) -> None:
    beside = [{"path": path, "content": "evil"} for path in PATH]
    writer = _writer(claude(_answer("label", _MAIN, *beside)).url)
    draft = generate(Ask("a label", None, None, "acme"), writer=writer, judge=_passed)
    assert not [path for path in draft.files if draft.files[path].strip() == b"evil"]
    assert draft.refused_paths


@pytest.mark.checklist("T-34")
def test_a_model_that_never_gives_in_gets_nothing_out(claude: Callable[..., Any]) -> None:
    """The screen needs no engine, and none is there: whatever ran would have run something else."""
    nobody = EngineSettings(terraform="/nowhere/terraform")
    for code in CODE[::4]:
        evil = _answer("label", {"path": "main.tf", "content": code["text"]})
        with pytest.raises(RefusedDraftError) as refused:
            generate(
                Ask("a label", None, None, "acme"),
                writer=_writer(claude(evil).url),
                judge=lambda files: judge(files, profile="house", engine=nobody),
            )
        assert code["rule"] in {finding.rule for finding in refused.value.report.errors}
