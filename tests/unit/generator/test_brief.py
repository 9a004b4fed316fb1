"""A brief is bounded, says why it refuses something, and comes back from plain values as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import brief as briefs
from generator.brief import Assertion, Brief, BriefInput, BriefOutput, InvalidBriefError, from_dict, markdown, to_dict

BRIEF = Brief(
    title="S3 bucket",
    purpose="A private, versioned bucket.",
    source="claude:claude-sonnet-5-5",
    name="bucket",
    system="aws",
    resources=("aws_s3_bucket",),
    inputs=(
        BriefInput("name", "string", "The bucket's name.", constraint="3 to 63 characters"),
        BriefInput("versioning", "bool", "Keep old objects.", "true"),
    ),
    outputs=(BriefOutput("arn", "Its ARN."),),
    non_goals=("Replication.",),
    assumptions=("One region.",),
    assertions=(
        Assertion(
            "Versioning is on.", "aws_s3_bucket_versioning.*", "versioning_configuration.status", "equals", "Enabled"
        ),
        Assertion("There is one bucket.", "aws_s3_bucket.*", "", "count", 1),
        Assertion("The ARN is handed out.", "output.arn", "", "present"),
    ),
    unproved=("It is fast.",),
)

ASSERTION: dict[str, Any] = {
    "says": "It is private.",
    "address": "aws_s3_bucket.this",
    "path": "force_destroy",
    "operator": "equals",
    "value": False,
}


def test_a_brief_survives_json() -> None:
    assert from_dict(json.loads(json.dumps(to_dict(BRIEF)))) == BRIEF


def test_what_people_read_names_everything() -> None:
    text = markdown(BRIEF)
    assert "**S3 bucket** (`bucket` / `aws`): A private, versioned bucket." in text
    assert "- `name` (`string`, required, 3 to 63 characters): The bucket's name." in text
    assert 'versioning_configuration.status is "Enabled"`' in text
    for part in ("`aws_s3_bucket`", "default `true`", "One region.", "Replication.", "It is fast.", "1 of it"):
        assert part in text


def test_a_place_in_a_list_is_dropped() -> None:
    read = briefs.assertion_from({**ASSERTION, "path": "rule[0].apply[*].algorithm"})
    assert read.path == "rule.apply.algorithm"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"address": "module.x.aws_s3_bucket.this"}, "no address"),
        ({"address": 'aws_s3_bucket.this"\n}'}, "no address"),
        ({"address": "aws_s3_bucket.this\n"}, "no address"),
        ({"path": "a.b.${file(x)}"}, "no path"),
        ({"path": ""}, "which attribute"),
        ({"operator": "matches"}, "no operator"),
        ({"operator": ["equals"]}, "no operator"),
        ({"operator": "count"}, "a count has no path"),
        ({"operator": "count", "path": "", "value": True}, "whole number"),
        ({"operator": "count", "path": "", "value": -1}, "whole number"),
        ({"operator": "at_least", "value": "3"}, "number"),
        ({"operator": "present"}, "has no value"),
        ({"value": None}, "wants a value"),
        ({"value": {"a": 1}}, "no string"),
        ({"value": float("nan")}, "no string"),
        ({"value": "x" * 501}, "no string"),
        ({"value": "a\u202eb"}, "no string"),
        ({"says": ""}, "no sentence"),
        ({"says": "x" * 301}, "longer"),
        ({"says": None}, "no text"),
    ],
)
def test_an_assertion_that_no_test_can_be_made_of_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidBriefError, match=why):
        briefs.assertion_from(ASSERTION | change)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"assertions": [ASSERTION] * 11}, "more than 10"),
        ({"inputs": [{"name": "n", "type": "string"}] * 61}, "more than 60"),
        ({"inputs": [{"name": "a b", "type": "string"}]}, "no name"),
        ({"inputs": [{"name": "a", "type": "x" * 501}]}, "longer"),
        ({"outputs": {"name": "x"}}, "no list"),
        ({"outputs": ["arn"]}, "named values"),
        ({"assumptions": [1]}, "no text"),
        ({"title": None}, "no text"),
        ({"name": 7}, "no text"),
    ],
)
def test_a_brief_that_breaks_the_form_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidBriefError, match=why):
        from_dict(json.loads(json.dumps(to_dict(BRIEF))) | change)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(to_dict(BRIEF))), JSON))
def test_anything_else_is_a_brief_or_a_refusal(values: dict[str, Any]) -> None:
    try:
        read = from_dict(to_dict(BRIEF) | values)
    except InvalidBriefError:
        return
    assert from_dict(to_dict(read)) == read
    markdown(read)
