"""The library of mocks: only what is used, readable by Terraform's own words, and never over what people changed."""

import ipaddress
import json
import re

import pytest
from typer.testing import CliRunner

from gate.mocks import FOLDER, library, mocks_for, mocks_of
from gate.policy import Policy
from gate.screen import screen
from terrasmith.main import app
from tfmodule.hcl import parse

PATH = f"{FOLDER}/aws/defaults.tfmock.hcl"
MODULE = {
    "main.tf": b'data "aws_iam_policy_document" "x" {\n}\nresource "aws_kms_key" "x" {\n}\nresource "x_y" "z" {\n}\n',
    "modules/a/main.tf": b'resource "google_service_account" "x" {\n}\n',
    "examples/a/main.tf": b'resource "aws_vpc" "x" {\n}\n',
    "tests/a.tftest.hcl": b'mock_provider "aws" {\n}\n\nrun "x" {\n}\n',
}
ALL = [
    (name, kind, of)
    for name in ("aws", "azurerm", "google")
    for kind in ("data", "resource")
    for of in library(name)[kind]
]


def test_exactly_what_the_module_uses_is_mocked() -> None:
    made = mocks_for(MODULE)
    assert set(made) == {PATH, f"{FOLDER}/google/defaults.tfmock.hcl"}
    blocks = parse(PATH, made[PATH]).blocks
    assert [(block.kind, *block.labels) for block in blocks] == [
        ("mock_data", "aws_iam_policy_document"),
        ("mock_resource", "aws_kms_key"),
    ]
    document = blocks[0].attributes["defaults"].members["json"].literal
    assert json.loads(document or "")["Version"] == "2012-10-17"
    assert not mocks_for({"main.tf": b'resource "terraform_data" "x" {}\n'})
    assert not mocks_for({"main.tf": b"\xff {"})


@pytest.mark.parametrize(("name", "kind", "of"), ALL)
def test_every_default_is_well_formed_and_passes_the_screen(name: str, kind: str, of: str) -> None:
    code = f'{kind} "{of}" "x" {{\n}}\n'.encode()
    made = mocks_for({"main.tf": code})
    [(path, content)] = made.items()
    [block] = parse(path, content).blocks
    assert (block.kind, block.labels) == (f"mock_{kind}", (of,))
    assert not screen({"main.tf": code, path: content}, Policy()).refused
    for attribute, value in library(name)[kind][of].items():  # type: ignore[index]
        text = str(value)
        if attribute == "arn" or attribute.endswith("_arn"):
            assert re.match(r"arn:aws[\w-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws|lambda|cloudfront)?:\S+", text), text
        if attribute in ("json", "minified_json", "policy_data", "assume_role_policy", "policy"):
            assert json.loads(text)
        if attribute == "cidr_block":
            ipaddress.ip_network(text)
        if attribute.endswith(("private_ip", "public_ip")):
            ipaddress.ip_address(text)


def test_what_people_changed_stays_and_what_they_did_not_follows_the_module() -> None:
    written = MODULE | mocks_for(MODULE)
    assert not mocks_for(written)
    more = written | {"sns.tf": b'resource "aws_sns_topic" "x" {\n}\n'}
    assert b"aws_sns_topic" in mocks_for(more)[PATH]
    changed = more | {PATH: written[PATH].replace(b"us-east-1", b"eu-west-1")}
    assert mocks_of(changed).kept == (PATH,)
    assert PATH not in mocks_for(changed)
    assert mocks_of(more | {PATH: b"# mine\n"}).kept == (PATH,)


def test_the_command_prints_writes_and_says_what_is_left_to_do(tmp_path) -> None:
    for path, data in MODULE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    printed = CliRunner().invoke(app, ["mocks", str(tmp_path)])
    assert printed.exit_code == 0
    assert 'mock_data "aws_iam_policy_document"' in printed.stdout
    assert not (tmp_path / PATH).exists()
    written = CliRunner().invoke(app, ["mocks", str(tmp_path), "--write"])
    assert written.exit_code == 0
    assert f"wrote {PATH}" in written.stderr
    assert 'tests/a.tftest.hcl:1: add `source = "./tests/mocks/aws"`' in written.stderr
    (tmp_path / PATH).write_text("# mine\n")
    assert f"kept {PATH}" in CliRunner().invoke(app, ["mocks", str(tmp_path), "--write"]).stderr
    assert (tmp_path / PATH).read_text() == "# mine\n"
    assert CliRunner().invoke(app, ["mocks", str(tmp_path / "nowhere")]).exit_code == 2
