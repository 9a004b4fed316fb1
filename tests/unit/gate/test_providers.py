"""Which providers a module asks for, however it is written; which exist, and which the writer may have meant."""

import re
from importlib.resources import files as resources

import pytest

from core.errors import SettingsError, UserError
from core.settings import load
from gate.known import as_of, known_providers, nearest
from gate.mocked import unmocked
from gate.policy import DEFAULT_PROVIDERS, Policy, operators_policy
from gate.providers import BUILTIN, needed_providers
from gate.report import Finding
from gate.screen import screen
from tfmodule.hcl import parse

OK = b'variable "x" {\n  type = string\n}\n'
NEEDS = "terraform {\n  required_providers {\n    %s\n  }\n}\n"


def found(code: str, path: str = "main.tf", policy: Policy | None = None, **more: str) -> list[Finding]:
    files = {"main.tf": OK} | {path: code.encode()} | {name: text.encode() for name, text in more.items()}
    return [f for f in screen(files, policy or Policy()).findings if f.severity == "error"]


# What Terraform reads as a provider, and a quick look does not. (code, line)
HIDDEN = [
    (NEEDS % 'aws = { ("source") = "evil/aws" }', 3),
    (NEEDS % 'aws = { "${"source"}" = "evil/aws" }', 3),
    (NEEDS % 'aws = { "sour\\u0063e" = "evil/aws" }', 3),
    (NEEDS % 'aws = { source = "hashicorp/aws", source = "evil/aws" }', 3),
    (NEEDS % 'aws = { source = "${"evil"}/aws" }', 3),
    (NEEDS % 'aws = { source = ("evil/aws") }', 3),
    (NEEDS % "aws = { source = <<E\nevil/aws\nE\n    }", 3),
    (NEEDS % 'aws = { source = "\\u0065vil/aws" }', 3),
    (NEEDS % "aws = { source = var.x }", 3),
    (NEEDS % 'aws = merge({}, { source = "evil/aws" })', 3),
    (NEEDS % 'aws = { for k in ["source"] : k => "evil/aws" }', 3),
    (NEEDS % 'aws = { source = "hashicorp/\\u0430ws" }', 3),
    (NEEDS % 'aws = { source = "evil.example.com/hashicorp/aws" }', 3),
    (NEEDS % 'aws = { source = "registry.terraform.io/hashicorp/aws/x" }', 3),
    (NEEDS % 'aws = { source = "../evil/aws" }', 3),
    ('resource "aws_vpc" "x" {\n  provider = docker.y\n}\n', 1),
    ('resource "aws_vpc" "x" {\n  provider = "docker"\n}\n', 1),
    ('resource "aws_vpc" "x" {\n  provider = "\\u0064ocker"\n}\n', 1),
    ('resource "aws_vpc" "x" {\n  provider = docker["y"]\n}\n', 1),
    ('resource "aws_vpc" "x" {\n  provider = (docker)\n}\n', 1),
    ('resource "\\u0064ocker_image" "x" {\n}\n', 1),
    ("resource docker_image x {\n}\n", 1),
    ('resource "аws_vpc" "x" {\n}\n', 1),
    ('ephemeral "docker_x" "y" {\n}\n', 1),
    ('check "c" {\n  data "docker_image" "x" {\n  }\n}\n', 2),
    ('import {\n  to = docker_image.x\n  id = "x"\n}\n', 1),
    ('import {\n  to = aws_vpc.x\n  id = "x"\n  provider = docker.y\n}\n', 1),
    ('module "m" {\n  source = "./m"\n  providers = {\n    aws = docker.x\n  }\n}\n', 4),
    ('module "m" {\n  source = "./m"\n  providers = merge({}, { aws = docker })\n}\n', 3),
    ('terraform {\n  provider_meta "docker" {\n  }\n}\n', 2),
]


@pytest.mark.checklist("T-25", "T-35")
@pytest.mark.parametrize(("code", "line"), HIDDEN)
def test_T25_no_way_of_writing_hides_a_provider(code: str, line: int) -> None:
    [error] = [one for one in found(code) if one.rule == "provider"]
    assert (error.path, error.line) == ("main.tf", line)
    assert error.fix


@pytest.mark.checklist("T-25")
def test_T25_a_submodule_does_not_inherit_the_roots_names() -> None:
    """In Terraform it does not: `docker_image` in it means hashicorp/docker, whatever the root calls docker."""
    root = NEEDS % 'docker = { source = "hashicorp/aws" }'
    [error] = found('resource "docker_image" "x" {}\n', "modules/a/main.tf", **{"versions.tf": root})
    assert (error.rule, error.path, error.line) == ("provider", "modules/a/main.tf", 1)
    mock = 'mock_provider "docker" {}\n'
    assert not found(mock, "tests/a.tftest.hcl", **{"versions.tf": root})
    assert not found(mock, "modules/a/tests/a.tftest.hcl", **{"modules/a/versions.tf": root})
    assert found(mock, "modules/a/tests/a.tftest.hcl", **{"versions.tf": root})


@pytest.mark.parametrize(
    "code",
    [
        NEEDS % "aws = {}",
        NEEDS % 'aws = "~> 5.0"',
        NEEDS % 'aws = {\n      "source" = "HashiCorp/AWS" # theirs\n      version = ">= 5"\n    }',
        NEEDS % 'aws = { source = "hashicorp/aws", configuration_aliases = [aws.a, aws.b] }',
        'module "m" {\n  source = "./m"\n  providers = {\n    aws     = aws.x\n    aws.dst = aws\n  }\n}\n',
        'module "m" {\n  source = "./m"\n  providers = {}\n}\n',
        'resource "aws_vpc" "x" {\n  provider = aws.by_region[each.key]\n}\n'.replace(".by_region", ""),
        'resource "aws_x" "y" {\n  data {\n    provider = "anything"\n  }\n  import {}\n}\n',
        'import {\n  to = module.a.aws_vpc.x\n  id = "x"\n}\n',
    ],
)
def test_what_people_write_passes(code: str) -> None:
    assert not [one for one in found(code) if one.rule in ("provider", "unreadable", "syntax")]


@pytest.mark.checklist("T-35")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hashicorp/awss", "hashicorp/aws"),
        ("hashlcorp/aws", "hashicorp/aws"),
        ("hashicrop/random", "hashicorp/random"),
        ("evil/aws", "hashicorp/aws"),
        ("evil.example.com/hashicorp/aws", "hashicorp/aws"),
        ("hashicorp/аws", "hashicorp/aws"),
        ("hashicorp/docker", "kreuzwerker/docker"),
        ("cloudfare", "cloudflare/cloudflare"),
        ("snowflake/snowflake", "snowflakedb/snowflake"),
        ("acme/very-own-thing", None),
        ("x" * 100_000, None),
    ],
)
def test_T35_the_nearest_real_provider_is_told(written: str, meant: str | None) -> None:
    assert nearest(written) == meant


@pytest.mark.checklist("T-35")
def test_T35_unknown_and_known_but_not_allowed_are_told_apart() -> None:
    [unknown] = found(NEEDS % 'aws = { source = "hashicorp/awss" }')
    assert unknown.message == (f"No provider `hashicorp/awss` is known as of {as_of()}. Did you mean `hashicorp/aws`?")
    assert "TERRASMITH_ALLOWED_PROVIDERS" in unknown.fix
    [known] = found(NEEDS % 'docker = { source = "kreuzwerker/docker" }')
    assert known.message == "The provider `kreuzwerker/docker` is not on the list of allowed providers."
    assert known.fix.endswith("TERRASMITH_ALLOWED_PROVIDERS=kreuzwerker/docker.")
    [implied] = found('resource "docker_image" "x" {}\n')
    assert "No provider `hashicorp/docker`" in implied.message
    assert "`kreuzwerker/docker`" in implied.message


@pytest.mark.checklist("T-35")
def test_T35_a_thousand_invented_providers_are_told_without_guessing_at_all_of_them() -> None:
    errors = found("".join(f'resource "invented{n}_x" "y" {{}}\n' for n in range(300)))
    assert len(errors) == 300


def test_the_list_of_real_providers_is_in_order_and_holds_the_allowed() -> None:
    lines = (resources("gate") / "known_providers.txt").read_text(encoding="utf-8").splitlines()
    tiers = "\n".join(lines).split("\n# official\n")[1].split("\n# ")
    for tier in tiers:
        names = [line for line in tier.split("\n") if "/" in line]
        assert names == sorted(set(names))
        assert all(re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", name) for name in names)
    assert len(known_providers()) == sum(1 for line in lines if line and not line.startswith("#")) > 400
    assert known_providers() >= DEFAULT_PROVIDERS - {BUILTIN}


def test_the_operator_adds_to_what_is_allowed() -> None:
    given = {"TERRASMITH_ALLOWED_PROVIDERS": "kreuzwerker/docker, reg.acme.dev/acme/inner"}
    given["TERRASMITH_ALLOWED_MODULE_HOSTS"] = "Registry.Terraform.io"
    settings = load("check", given)
    policy = operators_policy(settings.allowed_providers, settings.allowed_module_hosts)
    assert policy.allowed_module_hosts == {"registry.terraform.io"}
    assert policy.allowed_providers - DEFAULT_PROVIDERS == {
        "registry.terraform.io/kreuzwerker/docker",
        "reg.acme.dev/acme/inner",
    }
    assert not found(NEEDS % 'docker = { source = "kreuzwerker/docker" }', policy=policy)
    assert not found(NEEDS % 'a = { source = "reg.acme.dev/acme/inner" }', policy=policy)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PROVIDERS", "docker"), ("PROVIDERS", "a/b/c/d"), ("PROVIDERS", "a b/c"), ("MODULE_HOSTS", "https://x.y/")],
)
def test_an_allowance_that_is_no_address_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"TERRASMITH_ALLOWED_{name} is wrong"):
        load("check", {f"TERRASMITH_ALLOWED_{name}": value})
    with pytest.raises(UserError):
        operators_policy(["docker"])


MOCK, REAL = 'mock_provider "aws" {}\n', 'provider "aws" {}\n'
ALIASED = 'mock_provider "aws" {\n  alias = "fake"\n}\n'
RUN, HANDED = 'run "x" {}\n', 'run "x" {\n  providers = {\n    aws = aws.fake\n  }\n}\n'


@pytest.mark.checklist("T-26")
@pytest.mark.parametrize(
    ("test", "real"),
    [
        (MOCK + RUN, []),
        (RUN, ["aws"]),
        (REAL + RUN, ["aws"]),
        (ALIASED + HANDED, []),
        (ALIASED + RUN, ["aws"]),
        (ALIASED + HANDED + RUN.replace('"x"', '"y"'), ["aws"]),
        (ALIASED + REAL + HANDED, ["aws"]),
        (MOCK + 'provider "aws" {\n  alias = "real"\n}\n' + RUN, ["aws"]),
    ],
)
def test_T26_a_test_is_run_only_if_no_provider_of_it_is_real(test: str, real: list[str]) -> None:
    code = {"main.tf": 'resource "aws_vpc" "x" {}\nresource "random_id" "y" {}\n', "tests/a.tftest.hcl": test}
    parsed = {path: parse(path, text.encode()) for path, text in code.items()}
    assert unmocked("tests/a.tftest.hcl", parsed, needed_providers(parsed)) == real


@pytest.mark.checklist("T-26")
def test_T26_tls_computes_until_it_fetches_a_certificate() -> None:
    code = {"main.tf": 'resource "tls_private_key" "x" {}\n', "tests/a.tftest.hcl": RUN}
    parsed = {path: parse(path, text.encode()) for path, text in code.items()}
    assert unmocked("tests/a.tftest.hcl", parsed, needed_providers(parsed)) == []
    parsed["data.tf"] = parse("data.tf", b'data "tls_certificate" "x" {\n  url = var.url\n}\n')
    assert unmocked("tests/a.tftest.hcl", parsed, needed_providers(parsed)) == ["tls"]


VPC = 'resource "aws_vpc" "x" {}\n'
NAMES_A_MODULE = 'run "x" {\n  module {\n    source = "./examples/e"\n  }\n}\n'


@pytest.mark.checklist("T-26")
@pytest.mark.parametrize(
    ("main", "example", "test", "real"),
    [
        # What the module calls is part of it, wherever it lies.
        ('module "e" {\n  source = "./examples/e"\n}\n', VPC, RUN, ["aws"]),
        ('module "e" {\n  source = "./examples/e"\n}\n', VPC, MOCK + RUN, []),
        # So is what a run names in the module's place.
        ("", VPC, NAMES_A_MODULE, ["aws"]),
        ("", VPC, RUN, []),
        ("", REAL + VPC, MOCK + NAMES_A_MODULE, []),
        # A mock stands for one name only; an alias beside it would start a program, by `credential_process`.
        ("", 'provider "aws" {\n  alias = "real"\n}\n' + VPC, MOCK + NAMES_A_MODULE, ["aws"]),
        ("", 'provider "aws" {\n  alias = "fake"\n}\n' + VPC, MOCK + ALIASED + NAMES_A_MODULE, []),
        ("", 'data "tls_certificate" "x" {\n  url = var.url\n}\n', NAMES_A_MODULE, ["tls"]),
    ],
)
def test_T26_all_that_a_test_loads_is_looked_at(main: str, example: str, test: str, real: list[str]) -> None:
    code = {"main.tf": main, "examples/e/main.tf": example, "tests/a.tftest.hcl": test}
    parsed = {path: parse(path, text.encode()) for path, text in code.items()}
    assert unmocked("tests/a.tftest.hcl", parsed, needed_providers(parsed)) == real
