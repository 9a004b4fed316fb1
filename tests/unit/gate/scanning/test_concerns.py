"""Our own list of what scanners' rules are worth: every line is whole, and the gravest are on it."""

import re

import pytest

from gate.scanning.concerns import Share, canonical, is_known, rule_of, rules, same, share
from gate.scanning.scanner import Scan, Tally


def test_every_line_of_the_list_is_whole() -> None:
    for rule in rules().values():
        assert re.fullmatch(r"CKV2?_[A-Z0-9]+_\d+", rule.id)
        assert rule.risk in ("critical", "high", "medium", "low", "info"), rule
        assert rule.concern in (None, "encryption", "exposure", "iam", "logging"), rule
        assert all(re.fullmatch(r"AVD-(?:AWS|AZU|GCP)-\d{4}", twin) for twin in rule.same_as), rule


def test_the_commonest_rules_are_on_it() -> None:
    aws = [name for name in rules() if name.startswith(("CKV_AWS_", "CKV2_AWS_"))]
    assert len(aws) > 400
    assert sum(name.startswith(("CKV_AZURE_", "CKV2_AZURE_")) for name in rules()) > 250
    assert sum(name.startswith(("CKV_GCP_", "CKV2_GCP_")) for name in rules()) > 150


@pytest.mark.parametrize(
    ("rule", "concern"),
    [
        ("CKV_AWS_20", "exposure"),
        ("CKV_AWS_24", "exposure"),
        ("CKV_AWS_16", "encryption"),
        ("CKV_AWS_62", "iam"),
        ("CKV_AZURE_10", "exposure"),
        ("CKV_GCP_2", "exposure"),
        ("CKV_AWS_41", None),
    ],
)
def test_what_must_never_be_published_is_critical(rule: str, concern: str | None) -> None:
    assert (rule_of(rule).risk, rule_of(rule).concern) == ("critical", concern)


def test_a_rule_that_nobody_knows_is_of_medium_risk() -> None:
    unknown = rule_of("CKV_NEW_1")
    assert (unknown.risk, unknown.concern, unknown.same_as) == ("medium", None, ())
    assert not is_known("CKV_NEW_1")


def test_trivys_two_spellings_are_one_and_the_gravest_twin_speaks() -> None:
    assert canonical("AWS-0107") == canonical("avd-aws-0107") == "AVD-AWS-0107"
    assert rule_of("AWS-0107").risk == "critical"
    assert same("CKV_AWS_24", "AWS-0107")
    assert same("AVD-AWS-0107", "CKV_AWS_25")
    assert not same("CKV_AWS_24", "AVD-AWS-0089")


def test_a_concern_is_answered_by_its_rules_and_by_none_where_none_applied() -> None:
    tally = {"CKV_AWS_16": Tally(1, 2), "CKV_AWS_42": Tally(0, 0, 1), "CKV_AWS_24": Tally(3)}
    whole = Scan(tally=tally)
    assert share(whole, "encryption") == Share(1, 2, 1)
    assert share(whole, "exposure") == Share(3, 0, 0)
    assert share(whole, "iam") is None
    assert whole.pass_rate == 4 / 6
    assert Scan().pass_rate is None
