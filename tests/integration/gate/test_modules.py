"""Modules that call modules of our own registry, judged by real engines that reach no registry at all."""

from dataclasses import replace

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.modules import KnownModule, Modules
from gate.report import Finding, Report

HOST = "reg.example.test"
HOSTS = frozenset({HOST, f"{HOST}:443"})

LABEL = KnownModule(
    "1.2.0",
    {
        "main.tf": b'variable "name" {}\n\noutput "label" {\n  value = module.case.text\n}\n\n'
        b'module "case" {\n  source = "./modules/case"\n  text   = var.name\n}\n',
        "modules/case/main.tf": b'variable "text" {}\n\noutput "text" {\n  value = upper(var.text)\n}\n',
        "README.md": b"# Label\n",
        "examples/basic/main.tf": b'module "it" {\n  source = "git::https://elsewhere.example/x.git"\n}\n',
    },
)
PAIR = KnownModule(
    "0.3.0",
    {
        "main.tf": f'module "one" {{\n  source  = "{HOST}/acme/label/null"\n  version = "~> 1.0"\n'
        '  name    = "one"\n}\n\noutput "one" {\n  value = module.one.label\n}\n'.encode(),
    },
)
CALLS = {(f"{HOST}/acme/label/null", "~> 1.0"): LABEL, (f"{HOST}:443/acme/pair/null", ""): PAIR} | {
    (f"{HOST}/acme/label/null//modules/case", "1.2.0"): LABEL
}
FILES = {
    "main.tf": f"""module "label" {{
  source  = "{HOST}/acme/label/null"
  version = "~> 1.0"
  name    = "web"
}}

module "pair" {{
  source = "{HOST}:443/acme/pair/null"
}}

module "inner" {{
  source = "./modules/inner"
}}

output "all" {{
  value = [module.label.label, module.pair.one, module.inner.text]
}}
""".encode(),
    "modules/inner/main.tf": f"""module "case" {{
  source  = "{HOST}/acme/label/null//modules/case"
  version = "1.2.0"
  text    = "x"
}}

output "text" {{
  value = module.case.text
}}
""".encode(),
    "examples/basic/main.tf": b'module "it" {\n  source = "../../"\n}\n\noutput "all" {\n  value = module.it.all\n}\n',
    "tests/all.tftest.hcl": b'run "all" {\n  assert {\n    condition     = output.all == ["WEB", "ONE", "X"]\n'
    b'    error_message = "not what they give"\n  }\n}\n',
}


def judged(files: dict[str, bytes], engine: EngineSettings, modules: Modules) -> Report:
    return judge(files, profile="safety", engine=engine, modules=modules)


def test_called_modules_are_installed_without_a_registry(engine: EngineSettings) -> None:
    report = judged(FILES, engine, Modules(HOSTS, CALLS))
    assert report.passed, report.findings
    outcomes = {check.id: check.outcome for check in report.checks}
    assert outcomes["modules"] == outcomes["init"] == outcomes["validate"] == outcomes["test"] == "passed"


def test_a_call_that_does_not_fit_the_called_module_has_its_line(engine: EngineSettings) -> None:
    files = FILES | {"main.tf": FILES["main.tf"].replace(b'name    = "web"', b'title   = "web"')}
    report = judged(files, engine, Modules(HOSTS, CALLS))
    assert not report.passed
    assert ("main.tf", 4) in {(f.path, f.line) for f in report.errors}
    assert all("/modules/" not in f.message for f in report.errors)


def test_what_the_registry_refuses_stands_in_the_report_and_no_engine_runs(engine: EngineSettings) -> None:
    problem = Finding("module-call", "error", "It was revoked.", "main.tf", 3, fix="Take another.")
    report = judged(FILES, engine, Modules(HOSTS, {}, (problem,)))
    assert report.verdict == "refused" and report.errors == (replace(problem, check="modules"),)
    assert {check.id: check.outcome for check in report.checks}["init"] == "skipped"


@pytest.mark.checklist("T-24")
def test_modules_of_other_hosts_and_of_a_registry_nobody_asked_are_refused(engine: EngineSettings) -> None:
    other = FILES | {"main.tf": FILES["main.tf"].replace(HOST.encode(), b"other.example.test")}
    for files, modules in ((other, Modules(HOSTS, CALLS)), (FILES, Modules())):
        report = judged(files, engine, modules)
        assert ("module-source", "main.tf", 2) in {(f.rule, f.path, f.line) for f in report.errors}
