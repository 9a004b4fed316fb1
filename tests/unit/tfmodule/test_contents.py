"""What a module holds: every part with its interface, the same for the same files, whatever is in them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tfmodule.contents import EMPTY, README_LIMIT, Call, Contents, DeclaredResource
from tfmodule.facts import Validation

FILES = {
    "main.tf": b"""
variable "size" {
  type = number
  validation {
    condition     = var.size > 0
    error_message = "More than nothing."
  }
}
resource "aws_s3_bucket" "this" {}
data "aws_region" "here" {}
module "key" {
  source  = "registry.acme.test/acme/kms/aws"
  version = "~> 1.2"
}
""",
    "ReadMe.md": b"# Bucket\x00",
    "modules/policy/main.tf": b'output "arn" { value = "x" }',
    "modules/policy/README.md": b"# Policy",
    "modules/policy/inner/deep/main.tf": b"locals {}",
    "modules/notes.md": b"no module",
    "examples/complete/main.tf": b'module "bucket" { source = "../.." }',
    "examples/complete/modules/x/main.tf": b"locals {}",
    "examples/simple/main.tf": b'module "bucket" { source = "../.." }',
}


def test_every_part_is_found_with_what_it_declares() -> None:
    contents = Contents.from_files(FILES)
    assert [part.path for part in contents.submodules] == ["modules/policy", "modules/policy/inner/deep"]
    assert [part.path for part in contents.examples] == ["examples/complete", "examples/simple"]
    assert contents.parts[0] is contents.root and len(contents.parts) == 5
    assert contents.root.readme == "# Bucket\ufffd" and contents.submodules[0].readme == "# Policy"
    assert contents.submodules[0].name == "policy"
    assert contents.root.interface.inputs[0].validations == (Validation("var.size > 0", "More than nothing."),)
    assert contents.root.resources == (
        DeclaredResource("data", "aws_region", "here", ""),
        DeclaredResource("managed", "aws_s3_bucket", "this", ""),
    )
    assert contents.root.calls == (Call("key", "registry.acme.test/acme/kms/aws", "~> 1.2", "main.tf", 11, ""),)


def test_what_no_plain_string_says_is_kept_as_written() -> None:
    calls = Contents.from_files({"main.tf": b'module "x" { source = var.from }\nmodule "y" {}'}).root.calls
    assert [(call.source, call.version) for call in calls] == [("var.from", ""), ("", "")]


def test_it_survives_json() -> None:
    contents = Contents.from_files(FILES)
    assert Contents.from_dict(json.loads(json.dumps(contents.to_dict()))) == contents
    assert Contents.from_files({}) == EMPTY


def test_a_readme_is_kept_to_its_limit() -> None:
    assert len(Contents.from_files({"README.md": b"a" * (README_LIMIT + 1)}).root.readme) == README_LIMIT


_PATHS = st.sampled_from(
    ["main.tf", "modules/a/x.tf", "examples/b/x.tf", "README.md", "examples/x.tf", "modules/a/b/y.tf"]
)


@given(st.dictionaries(_PATHS, st.binary(max_size=200)))
def test_nothing_that_files_hold_makes_it_fail(files: dict[str, bytes]) -> None:
    contents = Contents.from_files(files)
    assert Contents.from_dict(json.loads(json.dumps(contents.to_dict()))) == contents
