"""The upgrade test with a real Terraform: what it destroys, what it keeps, whom it breaks, and what stays open."""

import shutil

import pytest

from gate.engines.port import EngineSettings
from gate.proof.prover import prove
from gate.proof.values import Proof

MAIN = (
    b'variable "name" {\n  type = string\n}\n\nresource "terraform_data" "this" {\n  input = lower(var.name)\n}\n'
    b'\nresource "terraform_data" "kept" {\n  triggers_replace = "v1"\n}\n'
)
OLD = {"main.tf": MAIN, "examples/basic/main.tf": b'module "it" {\n  source = "../../"\n\n  name = "Web"\n}\n'}
MOVED = b"\nmoved {\n  from = terraform_data.this\n  to   = terraform_data.that\n}\n"


@pytest.fixture
def terraform() -> EngineSettings:
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("neither terraform nor tofu is on PATH")
    return EngineSettings(terraform=program, timeout_seconds=120.0)


def told(proof: Proof) -> list[tuple[str, tuple[str, ...]]]:
    (scenario,) = proof.scenarios
    return [(one.address, one.actions) for one in scenario.changes]


def test_an_upgrade_says_what_it_destroys_and_replaces(terraform: EngineSettings) -> None:
    changed = MAIN.replace(b'"this"', b'"that"').replace(b'"v1"', b'"v2"')
    new = {**OLD, "main.tf": changed, "examples/basic/main.tf": b"nonsense = {}\n"}
    proof = prove(OLD, {**new, "examples/basic/main.tf": OLD["examples/basic/main.tf"]}, engine=terraform)
    assert told(proof) == [
        ("module.it.terraform_data.kept", ("delete", "create")),
        ("module.it.terraform_data.that", ("create",)),
        ("module.it.terraform_data.this", ("delete",)),
    ]
    assert proof.scenarios[0].changes[0].replace_paths == ("triggers_replace",)
    assert (proof.bump, proof.undecided, proof.scenarios[0].verdict) == ("major", (), "breaking")


def test_what_moves_is_kept(terraform: EngineSettings) -> None:
    new = {**OLD, "main.tf": MAIN.replace(b'"this"', b'"that"') + MOVED}
    proof = prove(OLD, new, engine=terraform)
    assert told(proof) == [("module.it.terraform_data.that", ("no-op",))]
    assert (proof.bump, proof.undecided) == ("patch", ())
    assert (
        prove(dict(reversed(OLD.items())), dict(reversed(new.items())), engine=terraform).to_dict() == proof.to_dict()
    )


def test_a_call_that_is_refused_now_breaks(terraform: EngineSettings) -> None:
    new = {**OLD, "main.tf": MAIN.replace(b"string", b"bool").replace(b"lower(var.name)", b"var.name")}
    proof = prove(OLD, new, engine=terraform)
    assert (proof.scenarios[0].verdict, proof.bump) == ("breaking", "major")
    assert "bool" in proof.scenarios[0].problems[0]


def test_an_old_version_that_never_worked_proves_nothing(terraform: EngineSettings) -> None:
    broken = {**OLD, "main.tf": MAIN.replace(b"var.name", b"var.nome")}
    proof = prove(broken, OLD, engine=terraform)
    assert not proof.tried
    assert "nome" in proof.undecided[0]


def test_without_an_engine_the_interface_alone_speaks() -> None:
    proof = prove(OLD, {**OLD, "main.tf": b""}, engine=EngineSettings(terraform="no-such-terraform"))
    assert proof.bump == "major"
    assert proof.undecided == ("No upgrade was tried: there is no terraform on this machine.",)


REQUIRES = b'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n'
CLOUD = (
    b'data "aws_caller_identity" "me" {\n}\n\nresource "aws_s3_bucket" "this" {\n  bucket = "old-${var.name}"\n'
    b"  tags   = { by = data.aws_caller_identity.me.account_id }\n}\n\n"
    b'resource "aws_s3_bucket" "other" {\n  bucket = data.aws_caller_identity.me.account_id\n}\n\n'
    b'variable "name" {\n  type = string\n}\n'
)


@pytest.mark.prove
def test_a_renamed_bucket_is_replaced_and_a_moved_one_is_kept(terraform: EngineSettings, aws: dict[str, bytes]) -> None:
    """A mocked provider would change the bucket's name in place; the real one, asked without an account, says no."""
    assert aws
    old = {**OLD, "versions.tf": REQUIRES, "main.tf": CLOUD}
    new = CLOUD.replace(b"old-", b"new-").replace(b'"other"', b'"another"')
    move = b"\nmoved {\n  from = aws_s3_bucket.other\n  to   = aws_s3_bucket.another\n}\n"
    proof = prove(old, {**old, "main.tf": new + move}, engine=terraform)
    assert told(proof) == [
        ("module.it.aws_s3_bucket.another", ("no-op",)),
        ("module.it.aws_s3_bucket.this", ("delete", "create")),
    ]
    assert proof.scenarios[0].changes[1].replace_paths == ("bucket",)
    assert (proof.bump, proof.undecided) == ("major", ())
