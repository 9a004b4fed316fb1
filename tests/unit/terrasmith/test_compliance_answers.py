"""A registry may answer anything: what `terrasmith compliance` cannot read is told as such, and believed in no part."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.compliance.evidence import assess
from gate.compliance.formats import FORMATS, written
from gate.compliance.framework import built_in
from terrasmith.compliance import subject_of
from terrasmith.registry_client import RegistryError

FINDING = {"rule": "CKV_AWS_16", "severity": "warning", "message": "\x1b[31mred", "path": "a\x1b.tf", "line": 3}
ANSWER = {
    "address": "acme/db/aws", "version": "1.0.0", "sha256": "ab", "published_at": "2026-11-02T10:20:30Z",
    "verdict": "passed", "profile": "safety", "engine": "terraform 1.11.4", "tier": "provider", "sandbox": "L2",
    "checks": [{"id": "secrets", "title": "t", "outcome": "passed", "seconds": 0}], "findings": [FINDING],
    "asked": [{"rule": "CKV_AWS_16", "failed": 1}], "scanners": ["checkov 3.3.30"], "of_a_later_release": {},
}  # fmt: skip


def test_what_is_known_is_read_and_nothing_moves_the_cursor() -> None:
    subject = subject_of(ANSWER)
    assert (subject.name, subject.report.asked[0].failed) == ("acme/db/aws 1.0.0", 1)
    for form in FORMATS:
        assert "\x1b" not in written(assess(built_in("cis-aws"), "module", "m", [subject]), form)


def test_a_version_without_a_report_has_none() -> None:
    assert subject_of(ANSWER | {"verdict": None}).report is None


ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(ANSWER)), ANYTHING | st.lists(st.dictionaries(st.sampled_from(sorted(FINDING)), ANYTHING))
)
def test_anything_else_is_an_error_of_ours_or_can_be_written(name: str, value: object) -> None:
    try:
        subject = subject_of(ANSWER | {name: value})
    except RegistryError:
        return
    for form in FORMATS:
        written(assess(built_in("soc2"), "module", "m", [subject]), form)


@pytest.mark.parametrize("missing", ["address", "version", "profile"])
def test_what_is_missing_is_not_made_up(missing: str) -> None:
    with pytest.raises(RegistryError):
        subject_of({name: value for name, value in ANSWER.items() if name != missing})
