"""What a report depends on: other files, other called modules, another policy, another gate."""

from dataclasses import fields, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.modules import KnownModule, Modules
from gate.policy import Policy
from gate.report import Finding
from gate.reuse import gate_version, input_digest, report_key

FILES = {"main.tf": b'variable "x" {\n  type = string\n}\n'}


@given(st.dictionaries(st.text(max_size=4), st.binary(max_size=4), max_size=3))
def test_other_files_have_another_digest(files: dict[str, bytes]) -> None:
    assert input_digest(files) == input_digest(dict(reversed(files.items())))
    for path, data in files.items():
        assert input_digest({**files, path: data + b"x"}) != input_digest(files)
        assert input_digest({name: other for name, other in files.items() if name != path}) != input_digest(files)


def test_where_one_part_ends_and_the_next_begins_counts() -> None:
    assert input_digest({"a": b"bc"}) != input_digest({"ab": b"c"})
    assert input_digest({"a": b"", "b": b""}) != input_digest({"a": b"b"})


def test_what_the_registry_said_of_called_modules_counts() -> None:
    found = Modules(found={("h/a/b/c", "~> 1"): KnownModule("1.0.0", {})})
    other = Modules(found={("h/a/b/c", "~> 1"): KnownModule("1.1.0", {})})
    problem = Modules(problems=(Finding("module-source", "error", "m"),))
    assert len({input_digest(FILES), *(input_digest(FILES, modules) for modules in (found, other, problem))}) == 4


def test_every_choice_of_a_policy_counts() -> None:
    changed = {
        "allowed_providers": frozenset({"x"}),
        "required_tier": "provider",
        "allow_suppressions": False,
        "critical_rules": frozenset({"CKV_1"}),
    }
    for field in fields(Policy):
        other = replace(Policy(), **{field.name: changed.get(field.name, 1)})
        assert other.digest != Policy().digest, field.name
    assert Policy(critical_rules=frozenset("ab")).digest == Policy(critical_rules=frozenset("ba")).digest


def test_a_report_names_all_three() -> None:
    report = judge(FILES, profile="safety", engine=EngineSettings(terraform="/nowhere"))
    assert report.gate_version == gate_version() != ""
    assert (report.input_digest, report.policy_digest) == (input_digest(FILES), Policy().digest)


def key(files: dict[str, bytes] = FILES, **other: object) -> str:
    settings = EngineSettings(terraform=str(other.pop("terraform", "/nowhere")), provider_mirror="/nowhere")
    values = {"profile": "safety", "engine": settings, "policy": Policy(), "modules": Modules(), **other}
    return report_key(files, **values)  # type: ignore[arg-type]


def test_everything_that_could_change_the_verdict_changes_the_key() -> None:
    others = [
        key({**FILES, "main.tf": b"#"}),
        key(profile="house"),
        key(policy=Policy(min_score=1)),
        key(modules=Modules(problems=(Finding("x", "error", "m"),))),
        key(engine=EngineSettings(terraform="/nowhere", provider_mirror="/nowhere", sandbox="trusted-local")),
        key(engine=EngineSettings(terraform="/nowhere", provider_mirror="/nowhere", timeout_seconds=1)),
        key(scanner="checkov 3.3.30"),
    ]
    assert key() == key()
    assert len({key(), *others}) == 1 + len(others)


def test_an_engine_replaced_in_its_place_is_another(tmp_path: Path) -> None:
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    before = key(terraform=program)
    program.write_text("#!/bin/sh\nexit\n")
    assert key(terraform=program) != before


def test_a_provider_more_in_the_mirror_counts(tmp_path: Path) -> None:
    settings = EngineSettings(terraform="/nowhere", provider_mirror=tmp_path)
    before = key(engine=settings)
    (tmp_path / "registry.terraform.io" / "hashicorp" / "aws" / "5.100.0").mkdir(parents=True)
    assert key(engine=settings) != before
