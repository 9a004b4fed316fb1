"""What a proof asks for, what its note says, and who is taken for a caller."""

import pytest

from gate.proof.callers import callers, data_sources, foreign_call, lay_out, mock_defaults, not_followed, provider_keys
from gate.proof.note import upgrade_note
from gate.proof.placeholders import placeholder
from gate.proof.prover import compare_files
from gate.proof.runs import AFTER, AWS, BEFORE, REALLY, Data, Providers, written
from gate.proof.values import PlannedChange, Proof, Scenario
from tfmodule.hcl import parse
from tfmodule.version import Version

MAIN = b'variable "name" {\n  type = string\n}\n\nresource "aws_s3_bucket" "a" {\n  bucket = var.name\n}\n'
CALL = b'module "it" {\n  source = "../../"\n  name = "x"\n}\n'
MODULE = {"main.tf": MAIN, "examples/basic/main.tf": CALL}


def proof(*changes: PlannedChange, **values: object) -> Proof:
    return Proof(scenarios=(Scenario("examples/basic", "harmless", changes, **values),))


def planned(*actions: str, **values: object) -> PlannedChange:
    return PlannedChange("module.it.aws_s3_bucket.a", "aws_s3_bucket", actions, "does", **values)


@pytest.mark.parametrize(
    ("found", "bump", "least"),
    [
        (Proof(), None, "1.2.4"),
        (proof(planned("no-op", moved_from="module.it.aws_s3_bucket.b")), None, "1.2.4"),
        (proof(planned("forget")), None, "1.2.4"),
        (proof(planned("update")), "minor", "1.3.0"),
        (proof(planned("create")), "minor", "1.3.0"),
        (proof(planned("delete")), "major", "2.0.0"),
        (proof(planned("delete", "create")), "major", "2.0.0"),
        (proof(planned("create", "delete")), "major", "2.0.0"),
        (Proof(scenarios=(Scenario("e", "breaking", problems=("Unsupported argument",)),)), "major", "2.0.0"),
        (Proof(scenarios=(Scenario("e", "undecided", undecided="why"),)), None, "1.2.4"),
    ],
)
def test_what_is_planned_asks_for_a_step(found: Proof, bump: str | None, least: str) -> None:
    before = Version.parse("1.2.3")
    assert (found.bump, str(found.least_version(before))) == (bump, least)
    assert found.allows(before, Version.parse(least))
    assert not found.allows(before, Version.parse("1.2.3"))


def test_below_one_a_breaking_change_takes_a_minor_step() -> None:
    assert str(proof(planned("delete")).least_version(Version.parse("0.4.1"))) == "0.5.0"


def test_what_is_not_known_is_said() -> None:
    found = proof(planned("update"), replacement="nobody could say")
    assert found.undecided == ("examples/basic: nobody could say",)
    assert "What nobody could find out" in upgrade_note(found)
    assert Proof(note="No upgrade was tried.").undecided == ("No upgrade was tried.",)
    assert not Proof(note="No upgrade was tried.").tried


def test_the_note_says_what_to_do_and_what_would_keep_it() -> None:
    renamed = {**MODULE, "main.tf": MAIN.replace(b'"a"', b'"b"').replace(b"name", b"title")}
    found = Proof(compare_files(MODULE, renamed).changes, proof(planned("delete")).scenarios)
    text = upgrade_note(found, Version.parse("1.0.0"), Version.parse("2.0.0"))
    assert text.startswith("# Upgrading from 1.0.0 to 2.0.0\n")
    assert "moved {\n  from = aws_s3_bucket.a\n  to   = aws_s3_bucket.b\n}" in text
    assert "- `module.it.aws_s3_bucket.a` in `examples/basic` does" in text
    assert "Take it out of every call." in text and "Set it in every call." in text
    assert text == upgrade_note(found, Version.parse("1.0.0"), Version.parse("2.0.0"))


def test_no_move_is_suggested_where_more_than_one_could_be_meant() -> None:
    two = MAIN.replace(b'"a"', b'"b"') + b'resource "aws_s3_bucket" "c" {\n}\n'
    assert "moved {" not in upgrade_note(Proof(compare_files(MODULE, {**MODULE, "main.tf": two}).changes))


def test_examples_are_the_callers_and_else_the_module_with_made_up_values() -> None:
    assert [(one.name, one.directory) for one in callers(MODULE)] == [("examples/basic", "examples/basic")]
    foreign = {**MODULE, "examples/basic/main.tf": b'module "it" {\n  source = "a/b/aws"\n}\n'}
    (alone,) = callers(foreign)
    assert (alone.directory, alone.values) == ("", {"name": "example"})


def test_both_sides_have_the_old_examples() -> None:
    laid = lay_out(MODULE, {"main.tf": b"", "examples/basic/main.tf": b"other", "tests/a.tftest.hcl": b""})
    assert set(laid) == {f"{side}/{path}" for side in ("old", "new") for path in MODULE}
    assert laid["new/examples/basic/main.tf"] == CALL and laid["new/main.tf"] == b""


def test_calls_are_followed() -> None:
    files = {
        **MODULE,
        "main.tf": b'module "in" {\n  source = "./modules/in"\n}\n',
        "modules/in/main.tf": b'data "aws_region" "here" {\n}\ndata "terraform_remote_state" "x" {\n}\n',
    }
    assert data_sources(files, "examples/basic") == ("module.it.module.in.data.aws_region.here",)
    assert foreign_call(files, "examples/basic") is None
    assert foreign_call({**files, "main.tf": b'module "x" {\n  source = "a/b/aws"\n}\n'}, "") == "a/b/aws"


def test_providers_are_given_by_the_names_that_the_caller_has_for_them() -> None:
    example = CALL + b'provider "aws" {\n  alias = "eu"\n}\nprovider "random" {\n}\n'
    keys = provider_keys({**MODULE, "examples/basic/main.tf": example}, "examples/basic", {AWS: "aws"})
    assert keys == {"aws": AWS, "aws.eu": AWS}


def test_the_modules_own_mock_defaults_come_before_those_of_the_library() -> None:
    text = b'mock_provider "aws" {\n  mock_data "aws_region" {\n    defaults = {\n      name = "x"\n    }\n  }\n}\n'
    used = {"old/main.tf": b'data "aws_region" "a" {\n}\ndata "aws_caller_identity" "me" {\n}\n'}
    identity, region = mock_defaults({"tests/a.tftest.hcl": text}, used, "aws")
    assert region == text.decode().split("\n", 1)[1].rsplit("\n", 2)[0]
    assert identity.startswith('mock_data "aws_caller_identity"') and "account_id" in identity


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "example"),
        ("number", 1),
        ("bool", True),
        ("list(string)", []),
        ("map(any)", {}),
        ("tuple([string, bool])", ["example", True]),
        ("object({ a = number, b = optional(string) })", {"a": 1}),
        ("nonsense(", "example"),
    ],
)
def test_placeholders_have_the_type(kind: str, value: object) -> None:
    assert placeholder(kind) == value


def test_the_test_file_is_plain_terraform() -> None:
    (caller,) = callers(MODULE)
    providers = Providers({AWS: "aws"}, {}, {"aws": AWS})
    data = Data(("data.aws_region.a",), ("data.aws_region.a",), {"data.aws_region.a": {"name": "${x}"}})
    file = parse("a.tftest.hcl", written(caller, providers, data, (BEFORE, AFTER, REALLY)))
    assert file.problems == ()
    assert [block.labels for block in file.blocks if block.kind == "run"] == [(BEFORE,), (AFTER,), (REALLY,)]


def test_calls_that_fan_out_are_followed_once() -> None:
    files = {
        f"{n}/main.tf": "".join(f'module "{one}" {{\n  source = "../{n + 1}"\n}}\n' for one in "abc").encode()
        for n in range(20)
    }
    files["20/main.tf"] = b'module "x" {\n  source = "a/b/aws"\n}\n'
    assert foreign_call(files, "0") == "a/b/aws"
    assert data_sources(files, "0") == ()


@pytest.mark.parametrize(("calls", "told"), [(3, False), (499, False), (600, True)])
def test_calls_that_are_not_followed_are_said(calls: int, told: bool) -> None:
    code = "".join(f'module "m{n}" {{\n  source = "./modules/a"\n}}\n' for n in range(calls)).encode()
    reason = not_followed({"main.tf": code, "modules/a/main.tf": b""}, "")
    assert (reason is not None) == told
    assert reason is None or "500" in reason


def test_a_module_that_calls_itself_is_not_followed_for_ever() -> None:
    assert not_followed({"main.tf": b'module "a" {\n  source = "./"\n}\n'}, "") is not None
