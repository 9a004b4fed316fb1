"""Facts from HCL: every construct people write, and text that was written to hurt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.hcl import parse, read_facts
from tfmodule.prescan import MAX_NESTING, prescan

MODULE = {
    "versions.tf": b"""
terraform {
  required_version = ">= 1.5, < 2.0.0"

  required_providers {
    aws    = { source = "hashicorp/aws", version = ">= 5.0" }
    random = "~> 3.0"
  }
}
""",
    "variables.tf": b"""variable "name" {
  type        = string
  description = "The \\"name\\" of $${it}."
}

variable "rules" {
  type = map(object({
    x = optional(string, "q")
  }))
  description = <<-EOT
    Several rules {
      with "quotes
  EOT
  default   = {}
  nullable  = false
  sensitive = true
}
""",
    "outputs.tf": b'output "id" {\n  description = "Its id."\n  value = 1\n  sensitive = true\n}\n',
    "main.tf": b"""# comment with { and "
resource "aws_s3_bucket" "this" {
  provider = aws.other
  for_each = { for k, v in var.rules : k => v if v != "}" }
  name     = "a-${join(",", [for s in var.l : "${s}-x"])}%{ if true }yes%{ else }no%{ endif ~}"

  dynamic "rule" {
    for_each = each.value
    content { y = rule.value["q"] }
  }

  provisioner "local-exec" {
    command = "x"
  }
}

data "aws_region" "here" {}

check "c" {
  data "aws_caller_identity" "me" {}
}

module "inner" {
  source  = "./modules/inner"
  version = "1.0"
}

module "odd" {
  source = "./${var.name}"
}

locals {
  text = <<EOF
 ${var.x["}"]} %{ for x in y ~} {
%{ endfor ~}
 EOF
  neg  = -1 == -2 ? !true : false
  /* { */
}
""",
    "modules/inner/main.tf": b'variable "deep" {}\n',
}


def test_a_module_is_read_with_lines() -> None:
    facts = read_facts(MODULE)
    assert facts.problems == ()
    name, rules = facts.variables
    assert (name.name, name.type_text, name.description, name.required, name.line) == (
        "name",
        "string",
        'The "name" of ${it}.',
        True,
        1,
    )
    assert (rules.default_text, rules.required, rules.sensitive, rules.nullable, rules.line) == (
        "{}",
        False,
        True,
        False,
        6,
    )
    assert rules.description == 'Several rules {\n  with "quotes\n'
    assert [(o.name, o.description, o.sensitive, o.line) for o in facts.outputs] == [("id", "Its id.", True, 1)]
    assert facts.required_version == ">= 1.5, < 2.0.0"
    providers = [(p.name, p.source, p.version, p.line) for p in facts.required_providers]
    assert providers == [("aws", "hashicorp/aws", ">= 5.0", 6), ("random", None, "~> 3.0", 7)]
    assert [(r.type, r.name, r.provider, r.line) for r in facts.resources] == [("aws_s3_bucket", "this", "aws", 2)]
    assert [(d.type, d.line) for d in facts.data_sources] == [("aws_region", 17), ("aws_caller_identity", 20)]
    calls = [(c.name, c.source, c.version, c.line) for c in facts.module_calls]
    assert calls == [("inner", "./modules/inner", "1.0", 23), ("odd", None, None, 28)]
    assert [(p.kind, p.path, p.line) for p in facts.provisioners] == [("local-exec", "main.tf", 12)]
    assert next((b.kind, b.line, b.end_line) for b in facts.blocks if b.path == "main.tf") == ("resource", 2, 15)


def test_a_directory_is_read_alone() -> None:
    assert [variable.name for variable in read_facts(MODULE, "modules/inner").variables] == ["deep"]


def test_an_error_has_its_place() -> None:
    problem = read_facts({"main.tf": b'a = 1\nresource "x" {{\n'}).problems[0]
    assert (problem.path, problem.line) == ("main.tf", 2)


@pytest.mark.parametrize("text", [b"\xff = 1", b"a = \x00", b"\xef\xbb\xbfa = 1"])
def test_what_is_no_text_is_a_problem(text: bytes) -> None:
    assert parse("main.tf", text).problems


HOSTILE = {
    "5,000 brackets": "a = " + "[" * 5_000 + "]" * 5_000,
    "200,000 open brackets": "[" * 200_000,
    "negations": "a = " + "!" * 100_000 + "true",
    "minus signs": "a = " + "-" * 100_000 + "1",
    "conditionals": "a = " + "x ? y : " * 5_000 + "z",
    "templates": "a = " + '"${' * 3_000 + "1" + '}"' * 3_000,
    "blocks": "a {" * 5_000 + "}" * 5_000,
    "half a million words": "a " * 400_000,
    "quotes": 'a "' * 200_000,
    "comments": "/* " * 300_000,
    "heredocs": "x = <<A\n" + "A \n" * 90_000,
    "one long identifier": "a" * 900_000,
    "never closed": "x = <<EOT\n" + "$" * 900_000,
    "too long": "#" * 1_100_000,
}


@pytest.mark.checklist("T-29", "T-31")
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_bombs_end_as_problems(name: str) -> None:
    facts = read_facts({"main.tf": HOSTILE[name].encode()})
    assert facts.problems
    assert facts.blocks == ()


def test_what_people_write_is_far_below_the_caps() -> None:
    for path, data in MODULE.items():
        seen = prescan(data.decode())
        assert seen.problem is None, path
        assert seen.nesting < MAX_NESTING / 5


@pytest.mark.checklist("T-31")
@pytest.mark.parametrize(
    "text",
    [
        # Terraform ends the heredoc at the padded marker and then sees a provisioner.
        'resource "a" "b" {\n  x = <<E\n  E \t\n  provisioner "local-exec" {\n    command = "x"\n  }\n}\n',
        'resource "a" "b" {\n  x = <<-E\nE\r\n  provisioner "local-exec" {\n    command = "x"\n  }\n}\n',
        'resource "a" "b" {\n  x = "$${"\n  provisioner "local-exec" {}\n}\n',
        'resource "a" "b" {\n  /* */ provisioner "local-exec" {}\n}\n',
        'resource "a" "b" { provisioner "local-exec" {\n}}\n',
        'resource "a" "b" {\n  provisioner   local-exec   {}\n}\n',
    ],
)
def test_no_provisioner_can_hide(text: str) -> None:
    facts = read_facts({"main.tf": text.encode()})
    assert facts.provisioners or facts.problems


@given(st.text(alphabet='{}[]()"\\$%~<-EOT\n#/*=ab .:,!?', max_size=200))
def test_no_text_raises(text: str) -> None:
    facts = read_facts({"main.tf": text.encode()})
    for problem in facts.problems:
        assert problem.line >= 1


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    read_facts({"main.tf": data})


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_a_quoted_string_is_read_back(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    variable = read_facts({"main.tf": f'variable "x" {{\n  description = "{quoted}"\n}}\n'.encode()}).variables[0]
    assert variable.description == value
