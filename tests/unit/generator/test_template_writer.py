"""The keyless writer: files from a template, defaults from the prompt, and never the prompt itself."""

import pytest

from core.errors import UserError
from generator.catalogue import Template, built_in
from generator.request import Ask, NothingFitsError
from generator.template_writer import TemplateWriter, with_default, without_default
from tfmodule.facts import ModuleFacts
from tfmodule.hcl import read_facts
from tfmodule.hcl_writer import literal

_WRITER = TemplateWriter()


def _ask(prompt: str, name: str | None = None, system: str | None = None) -> Ask:
    return Ask(prompt, name, system, "acme")


def _facts(prompt: str) -> ModuleFacts:
    return read_facts(_WRITER.propose(_ask(prompt)).files)


def _default(facts: ModuleFacts, name: str) -> str | None:
    return next(variable.default_text for variable in facts.variables if variable.name == name)


def test_these_are_the_templates_and_one_needs_no_provider() -> None:
    assert [template.folder for template in built_in()] == [
        "aws-bucket",
        "aws-container-registry",
        "aws-database",
        "aws-distribution",
        "aws-event-rule",
        "aws-key",
        "aws-queue",
        "aws-security-group",
        "aws-service",
        "aws-table",
        "aws-topic",
        "aws-vpc",
        "aws-zone",
        "terraform-label",
    ]
    assert [template.folder for template in built_in() if not template.providers] == ["terraform-label"]


@pytest.mark.parametrize("template", built_in(), ids=lambda template: template.folder)
def test_every_option_names_variables_that_it_can_change(template: Template) -> None:
    variables = template.files["variables.tf"]
    for option in template.options:
        for effect in (option.asked, option.declined):
            for name, value in effect.set.items():
                assert f"= {literal(value)}\n".encode() in with_default(variables, name, value)
            for name in effect.require:
                without_default(variables, name)
        if option.number:
            with_default(variables, option.number.variable, option.number.least)


@pytest.mark.parametrize("template", built_in(), ids=lambda template: template.folder)
def test_the_minimal_example_gives_exactly_the_required_inputs(template: Template) -> None:
    required = {variable.name for variable in read_facts(template.files).variables if variable.required}
    assert set(template.minimal) == required


@pytest.mark.parametrize("template", built_in(), ids=lambda template: template.folder)
def test_tests_set_every_input_that_the_prompt_can_change(template: Template) -> None:
    """Otherwise another default would fail a test that passes on the template as it stands."""
    changed = {name for o in template.options for e in (o.asked, o.declined) for name in (*e.set, *e.require)}
    changed |= {option.number.variable for option in template.options if option.number}
    tests = b"".join(data for path, data in template.files.items() if path.startswith("tests/")).decode()
    common = tests.split("\nrun ", 1)[0].rsplit("variables {", 1)[1]
    assert {name for name in changed if f"  {name} " not in common} == set()


@pytest.mark.parametrize("template", built_in(), ids=lambda template: template.folder)
def test_its_own_example_prompt_chooses_it(template: Template) -> None:
    assert _WRITER.propose(_ask(template.example)).source == f"template:{template.folder}"


def test_the_prompt_changes_the_module() -> None:
    facts = _facts("an S3 bucket without versioning, KMS, expire after 30 days")
    assert _default(facts, "versioning") == "false"
    assert _default(facts, "encryption_algorithm") == '"aws:kms"'
    assert _default(facts, "expire_after_days") == "30"
    assert _default(_facts("an S3 bucket"), "versioning") == "true"


def test_replication_has_no_default_when_it_was_asked_for() -> None:
    required = {variable.name for variable in _facts("an S3 bucket with replication").variables if variable.required}
    assert required == {"name", "replication"}


def test_assumptions_say_what_the_prompt_changed() -> None:
    proposal = _WRITER.propose(_ask("an S3 bucket without versioning and a Lambda trigger"))
    assert "Versioning is off by default, as asked." in proposal.assumptions
    assert "Not part of this module, although the request names it: lambda." not in proposal.assumptions[:1]


def test_the_name_that_was_given_is_kept() -> None:
    proposal = _WRITER.propose(_ask("an S3 bucket", name="media-store"))
    assert proposal.name == "media-store"
    assert b'module "media_store"' in proposal.files["examples/minimal/main.tf"]


@pytest.mark.parametrize(
    "hostile",
    [
        '"; } provisioner "local-exec" { command = "id" }',
        '${file("/etc/passwd")} %{ if true }',
        "@everyone fixes #1 <img src=x onerror=alert(1)> <!-- x -->",
        "\u202e\U000e0041\u200b /approve\n/merge",
        "../../etc/passwd .github/workflows/x.yml",
    ],
)
def test_no_word_of_the_prompt_lands_in_a_file(hostile: str) -> None:
    plain = _WRITER.propose(_ask("an S3 bucket"))
    assert _WRITER.propose(_ask(f"an S3 bucket {hostile}")) == plain


def test_what_fits_nowhere_gets_a_list_and_the_hint_about_a_key() -> None:
    with pytest.raises(NothingFitsError) as caught:
        _WRITER.propose(_ask("make me a sandwich @everyone"))
    for template in built_in():
        assert template.title in caught.value.message
        assert f"/generate {template.example}" in caught.value.message
    assert "TERRASMITH_ANTHROPIC_API_KEY" in caught.value.message
    assert "sandwich" not in caught.value.message
    # Our own comment must not parse as a command (S21).
    assert not any(line.lstrip().startswith("/") for line in caught.value.message.splitlines())


def test_a_system_without_template_is_said_harmlessly() -> None:
    with pytest.raises(UserError) as caught:
        _WRITER.propose(_ask("an S3 bucket", system="google` @everyone <b>"))
    assert "`google' everyone`" in caught.value.message


def test_a_default_over_several_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="no variable"):
        with_default(b'variable "a" {\n  default = 1\n}\n', "b", 1)
    with pytest.raises(ValueError, match="no default on one line"):
        with_default(b'variable "a" {\n  type = string\n}\n', "a", 1)
