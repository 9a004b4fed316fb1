"""Tests of written modules answer as the mock library does, wherever a provider of it is mocked; what stands stays."""

from gate.mocks import mocks_for
from generator.mocking import with_mocks

CODE = b'resource "aws_iam_role" "this" {\n  name = "x"\n}\n'
PLACE = "tests/mocks/aws/defaults.tfmock.hcl"
OWN = b'mock_provider "aws" {\n  alias = "eu"\n\n  mock_resource "aws_iam_role" {\n    defaults = {}\n  }\n}\n'


def mocked(test: bytes, code: bytes = CODE) -> dict[str, bytes]:
    return dict(with_mocks({"main.tf": code, "tests/a.tftest.hcl": test}))


def test_every_form_of_a_mocked_provider_names_the_library() -> None:
    for test in (b'mock_provider "aws" {}\n', b'mock_provider "aws" {\n}\n', b'# x\n\nmock_provider "aws" { }\n', OWN):
        files = mocked(test + b'\nrun "a" {\n}\n')
        assert files["tests/a.tftest.hcl"].count(b'  source = "./tests/mocks/aws"\n') == 1, test
        assert files[PLACE] == mocks_for({"main.tf": CODE})[PLACE]
        assert dict(with_mocks(files)) == files
    assert mocked(OWN)["tests/a.tftest.hcl"] == OWN.replace(b"{\n", b'{\n  source = "./tests/mocks/aws"\n\n', 1)


def test_what_needs_no_library_or_cannot_be_read_stays_as_it_is() -> None:
    for test in (
        b'mock_provider "random" {}\n',
        b'mock_provider "aws" { alias = "x" }\n',
        b'mock_provider "aws" {\n  source = "./mine"\n}\n',
        b'mock_provider "aws" {\n',
    ):
        assert mocked(test) == {"main.tf": CODE, "tests/a.tftest.hcl": test}
    nothing = b'resource "terraform_data" "this" {\n}\n'
    assert set(mocked(b'mock_provider "aws" {}\n', nothing)) == {"main.tf", "tests/a.tftest.hcl"}
