"""Where a source leads, and which hosts are ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.address import Address
from tfmodule.sources import is_ours, own_hosts, provider_address, read_source, within


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("./modules/x", "local"),
        ("../..", "local"),
        ("..", "local"),
        ("acme/bucket/aws", "registry"),
        ("reg.example.com/acme/bucket/aws", "registry"),
        ("reg.example.com:8443/acme/bucket/aws//modules/x", "registry"),
        ("127.0.0.1:8080/acme/bucket/aws", "registry"),
        ("localhost:8080/acme/bucket/aws", "unknown"),
        ("github.com/acme/bucket/aws", "git"),
        ("github.com/acme/bucket", "git"),
        ("git@github.com:acme/bucket.git", "git"),
        ("git::https://example.com/x.git?ref=v1", "git"),
        ("git::ssh://git@example.com/x", "git"),
        ("https://example.com/x.git", "git"),
        ("https://example.com/x.zip", "http"),
        ("s3::https://s3.amazonaws.com/b/x.zip", "s3"),
        ("gcs::https://www.googleapis.com/x", "gcs"),
        ("hg::https://example.com/x", "mercurial"),
        ("acme/bucket/AWS", "unknown"),
        ("/etc/modules", "unknown"),
        ("modules/x", "unknown"),
        ("var.source", "unknown"),
        ("", "unknown"),
    ],
)
def test_where_a_source_leads(text: str, kind: str) -> None:
    assert read_source(text).kind == kind


def test_a_registry_source_in_its_parts() -> None:
    read = read_source("Reg.Example.com:8443/Acme/bucket/aws//modules/x/")
    assert (read.host, read.address, read.submodule) == (
        "Reg.Example.com:8443", Address("Acme", "bucket", "aws"), "modules/x"
    )  # fmt: skip
    assert read_source("acme/bucket/aws").host == "registry.terraform.io"


@pytest.mark.parametrize(
    ("part", "text", "target"),
    [
        ("", "./modules/x", "modules/x"),
        ("modules/x", "../y", "modules/y"),
        ("modules/x", "../..", ""),
        ("", ".", ""),
        ("modules/x", "../../..", None),
        ("", "../x", None),
    ],
)
def test_a_local_source_stays_inside_or_leads_nowhere(part: str, text: str, target: str | None) -> None:
    assert within(part, read_source(text)) == target


@pytest.mark.parametrize(
    ("own", "host", "ours"),
    [
        ("registry.example.com", "registry.example.com", True),
        ("registry.example.com", "REGISTRY.example.com:443", True),
        ("registry.example.com", "registry.example.com:8443", False),
        ("registry.example.com:8443", "registry.example.com:8443", True),
        ("registry.example.com:8443", "registry.example.com", False),
        ("registry.example.com", "registry.example.org", False),
        ("127.0.0.1:8080", "127.0.0.1:8080", True),
        ("localhost:8080", "127.0.0.1:8080", True),
        ("[::1]:8080", "127.0.0.1:8080", True),
        ("127.0.0.1:8080", "127.0.0.1:8081", False),
        ("registry.terraform.io.example.com", "registry.terraform.io", False),
    ],
)
def test_which_hosts_are_ours(own: str, host: str, *, ours: bool) -> None:
    assert is_ours(read_source(f"{host}/acme/bucket/aws"), own_hosts(own)) is ours


def test_without_a_host_it_is_never_ours() -> None:
    assert not is_ours(read_source("acme/bucket/aws"), own_hosts("registry.example.com"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("aws", "registry.terraform.io/hashicorp/aws"),
        ("Integrations/GitHub", "registry.terraform.io/integrations/github"),
        ("reg.example.com/acme/x", "reg.example.com/acme/x"),
        ("a/b/c/d", None),
        ("", None),
        ("a b", None),
    ],
)
def test_the_address_of_a_provider(text: str, address: str | None) -> None:
    assert provider_address(text) == address


@given(st.text(max_size=60))
def test_any_text_leads_somewhere(text: str) -> None:
    assert read_source(text).text == text
