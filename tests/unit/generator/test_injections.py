"""A corpus of injections, where no model is needed: what may come of them, whatever their words (T-33, T-34, T-35)."""

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from generator.paths import accept
from generator.request import Ask
from generator.template_writer import TemplateWriter
from tests.injections import CANARY, CODE, FIELD, PATH, SAID

_WISH = "a naming and tags module. "


@pytest.mark.checklist("T-33")
def test_the_corpus_is_large_and_no_text_stands_twice() -> None:
    texts = [*SAID, *FIELD, *PATH, *(one["text"] for one in CODE)]
    assert len(texts) == len(set(texts)) >= 150
    assert all(CANARY in text for text in (*SAID, *FIELD) if "\ufe0fx" not in text)


@pytest.mark.checklist("T-33")
@pytest.mark.parametrize("said", SAID)
def test_no_word_of_a_request_gets_into_what_a_template_writes(said: str) -> None:
    proposal = TemplateWriter().propose(Ask(_WISH + said, None, None, "acme"))
    plain = TemplateWriter().propose(Ask(_WISH, None, None, "acme"))
    assert proposal.source == plain.source
    assert CANARY not in repr(proposal)
    assert set(proposal.files) == set(plain.files)


@pytest.mark.checklist("T-34", "S18")
@pytest.mark.parametrize("path", PATH)
def test_a_model_writes_no_such_file(path: str) -> None:
    kept, _ = accept([("main.tf", "locals {}"), (path, CANARY)])
    assert list(kept) == ["main.tf"]


@pytest.mark.checklist("T-34", "T-24", "T-35", "S19")
@pytest.mark.parametrize("code", CODE, ids=lambda code: code["text"][:60])
def test_no_such_code_passes_and_nothing_of_it_is_run(code: dict[str, str]) -> None:
    nobody = EngineSettings(terraform="/nowhere/terraform")
    report = judge({"main.tf": code["text"].encode()}, profile="safety", engine=nobody)
    assert report.verdict == "refused"
    assert code["rule"] in {finding.rule for finding in report.errors}
