"""What every test has: short hypothesis runs, a closed list of reasons to skip, and no environment of the caller's.

With `--allowed-skips FILE` a skip whose reason is not on that list fails the run: a green run then means that all ran.
"""

import os
from pathlib import Path

import hypothesis
import pytest

# Two cores shared by everything: examples are few, and never judged by the clock.
hypothesis.settings.register_profile("test", max_examples=60, deadline=None, derandomize=True)
hypothesis.settings.register_profile("prove", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

# A folder of real modules is for tests alone; under the name of a setting, whatever they start would complain of it.
if os.environ.get("TERRASMITH_CORPUS"):
    os.environ["CORPUS_FOLDER"] = os.environ["TERRASMITH_CORPUS"]
for _name in list(os.environ):
    if _name.startswith(("TERRASMITH_", "TF_", "ANTHROPIC_", "AWS_")) or _name in {"DATABASE_URL", "REDIS_URL"}:
        del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--allowed-skips", type=Path, help="a file of reasons; a skip for any other one fails the run")


def _unlisted(config: pytest.Config, skipped: list[pytest.TestReport]) -> list[tuple[str, str]]:
    path = config.getoption("--allowed-skips")
    if path is None:
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    allowed = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    reasons = [(report.nodeid, _reason(report)) for report in skipped]
    return [(test, reason) for test, reason in reasons if not any(reason.startswith(start) for start in allowed)]


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput") or reporter is None:
        return
    if _unlisted(session.config, reporter.stats.get("skipped", [])) and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for test, reason in _unlisted(config, terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(f"NOT ALLOWED TO SKIP {test}: {reason}", red=True)
