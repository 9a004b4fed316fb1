"""Clients by their User-Agent: nothing that anybody could write there is misunderstood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.services.clients import needs_absolute, takes_credentials


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
