"""Addresses: the client's own rules, and the repository names that imply them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.address import Address, InvalidAddressError, repository_name

_ENDS = "abcXYZ019"
_NAMES = st.builds(
    "".join, st.tuples(st.sampled_from(_ENDS), st.text(_ENDS + "-_", max_size=60), st.sampled_from(_ENDS))
)
_SYSTEMS = st.text("abcz019", min_size=1, max_size=64)


@given(_NAMES, _NAMES, _SYSTEMS)
def test_an_address_survives_text_and_repository_name(namespace: str, name: str, system: str) -> None:
    address = Address(namespace, name, system)
    assert Address.parse(str(address)) == address
    assert Address.from_repository(namespace, address.repository_name) == address


@pytest.mark.checklist("R8")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b",
        "a/b/c/d",
        "a//c",
        "-a/b/c",
        "a-/b/c",
        "a/_b/c",
        "a/b_/c",
        "a/b/C",
        "a/b/c-d",
        "a/b/c_d",
        "a b/c/d",
        "é/b/c",
        "a/b/c\n",
        "a" * 65 + "/b/c",
        "a/b/" + "c" * 65,
        "../b/c",
        "a/b/c?x",
    ],
)
def test_what_terraform_refuses_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddressError):
        Address.parse(text)


@pytest.mark.checklist("R9")
def test_case_is_kept_and_does_not_count() -> None:
    assert str(Address.parse("Acme/Bucket/aws")) == "Acme/Bucket/aws"
    assert Address.parse("Acme/Bucket/aws").key == Address.parse("acme/bucket/aws").key


@pytest.mark.parametrize(
    "name", ["bucket", "terraform-aws", "terraform-aws-", "terraform-AWS-x", "terraform-aws-x.y", "x-terraform-aws-y"]
)
def test_other_repositories_hold_no_module(name: str) -> None:
    assert Address.from_repository("acme", name) is None


def test_a_name_keeps_its_hyphens() -> None:
    assert Address.from_repository("acme", "terraform-aws-s3-bucket") == Address("acme", "s3-bucket", "aws")
    assert repository_name("aws", "s3-bucket") == "terraform-aws-s3-bucket"


def test_an_owner_that_is_no_namespace_gives_none() -> None:
    assert Address.from_repository("acme-", "terraform-aws-x") is None
