"""Ten wrong changes of each template, each of which the gate must refuse: a template is only as good as its tests."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gate.report import Report
from generator.catalogue import built_in
from generator.loop import generate
from generator.request import Ask
from generator.template_writer import TemplateWriter
from tfmodule.files import FileMap

_MUTANTS = Path(__file__).parent / "mutants"
_LEAST = 10
_IN_EACH_RUN = 2
"""So many of each template are tried in `make test`; `make prove` tries all."""
_FORM_ONLY = {"fmt", "init"}


def _mutants(folder: str) -> list[dict[str, str]]:
    mutants: list[dict[str, str]] = tomllib.loads((_MUTANTS / f"{folder}.toml").read_text(encoding="utf-8"))["mutants"]
    return mutants


def _cases() -> Iterator[Any]:
    for template in built_in():
        for number, mutant in enumerate(_mutants(template.folder)):
            marks = [pytest.mark.prove] if number >= _IN_EACH_RUN else []
            yield pytest.param(template, mutant, id=f"{template.folder}: {mutant['says']}", marks=marks)


@pytest.mark.parametrize("template", built_in(), ids=lambda template: template.folder)
def test_each_template_has_ten_mutants_that_change_it(template: Any) -> None:
    mutants = _mutants(template.folder)
    assert len(mutants) >= _LEAST
    assert len({mutant["says"] for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        _mutated(_written(template), mutant)


@pytest.mark.parametrize(("template", "mutant"), list(_cases()))
def test_the_gate_refuses_a_mutant(
    template: Any, mutant: dict[str, str], house: Callable[[FileMap], Report], request: pytest.FixtureRequest
) -> None:
    if template.providers:
        request.getfixturevalue("aws")
    report = house(_mutated(_written(template), mutant))
    assert report.verdict == "refused"
    failed = {check.id for check in report.checks if check.outcome == "failed"}
    assert failed - _FORM_ONLY, "a mutant must be wrong in more than its form"


def _written(template: Any) -> FileMap:
    """All that the gate would be given, README and licence too: what is refused is refused for the mutant alone."""
    passed = Report("house", "none", "none", "L0", "passed")
    ask = Ask(template.example, None, None, "acme")
    return generate(ask, writer=TemplateWriter([template]), judge=lambda _files: passed).files


def _mutated(files: FileMap, mutant: dict[str, str]) -> FileMap:
    text = files[mutant["file"]].decode()
    assert text.count(mutant["old"]) == 1, f"{mutant['says']}: {text.count(mutant['old'])} places of `{mutant['old']}`"
    return {**files, mutant["file"]: text.replace(mutant["old"], mutant["new"]).encode()}
