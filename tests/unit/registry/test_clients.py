"""Clients by their User-Agent: nothing that anybody could write there is misunderstood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.services.clients import CONFORMANCE, OTHER, Client, identify, needs_absolute, takes_credentials


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("OpenTofu/1.12.0 (+https://opentofu.org)", True),
        ("OpenTofu/1.12.1-dev (+https://opentofu.org)", True),
        ("OpenTofu/2.0.0 my-pipeline/7", True),
        ("OpenTofu/1.11.99", False),
        ("OpenTofu/1.12.0-rc1", False),
        ("OpenTofu/1.9.0", False),
        ("OpenTofu/one", False),
        ("Terraform/1.12.0 (+https://www.terraform.io)", False),
        ("my-pipeline/7 OpenTofu/1.12.0", False),
        ("", False),
    ],
)
@pytest.mark.checklist("R13", "R16")
def test_R13_R16_only_an_opentofu_that_knows_them_takes_credentials(agent: str, expected: bool) -> None:
    assert takes_credentials(agent) is expected


def test_trivy_resolves_nothing() -> None:
    assert needs_absolute("trivy/v0.64.0") and not needs_absolute("Terraform/1.11.4") and not needs_absolute("trivy")


@given(st.text())
def test_any_text_is_taken(agent: str) -> None:
    assert takes_credentials(agent) in {True, False}
    assert takes_credentials(f"OpenTofu/{agent}") in {True, False}
    assert needs_absolute(agent) in {True, False}
    assert len(identify(agent).version) <= 32 and len(identify(f"Terraform/{agent}").version) <= 32


@pytest.mark.parametrize(
    ("agent", "name", "version"),
    [
        ("Terraform/1.11.4 (+https://www.terraform.io)", "terraform", "1.11.4"),
        ("HashiCorp Terraform/1.11.4 (+https://www.terraform.io) ci/7", "terraform", "1.11.4"),
        ("OpenTofu/1.12.0-rc1", "opentofu", "1.12.0-rc1"),
        ("Renovate/41.2.0 (https://github.com/renovatebot/renovate)", "renovate", "41.2.0"),
        ("trivy/v0.64.0", "trivy", "0.64.0"),
        ("Terraform/one", "terraform", ""),
        ("Terraform/1.2.3-" + "9" * 40, "terraform", ""),
    ],
)
@pytest.mark.checklist("R16")
def test_R16_a_client_is_known_by_what_it_says_first(agent: str, name: str, version: str) -> None:
    assert identify(agent) == Client(name, version)


@pytest.mark.parametrize("agent", ["", "curl/8.0", "Mozilla/5.0 Terraform/1.11.4", "\x7f"])
def test_whoever_we_do_not_know_is_other(agent: str) -> None:
    assert identify(agent) == OTHER


@pytest.mark.parametrize("agent", ["Terraform/1.11.4 (+https://www.terraform.io)", "trivy/v0.64.0", "curl/8"])
def test_the_conformance_command_is_itself_whoever_it_asks_as(agent: str) -> None:
    assert identify(f"{agent} terrasmith-conformance") is CONFORMANCE
    assert identify(f"{agent} not-terrasmith-conformance") is not CONFORMANCE
