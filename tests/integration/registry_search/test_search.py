"""What is found, for whom and in which order: one set of expectations for both databases."""

import pytest

from accounts import namespaces
from registry.services import lifecycle
from tfmodule.address import Address
from tfmodule.version import Version


def test_who_creates_a_resource_is_found_by_its_type(filled) -> None:
    """Those that create it, in a submodule too; not those of a longer type, nor whose example alone creates it."""
    for text in ("aws_sqs_queue", "AWS_SQS_QUEUE", "which modules create `aws_sqs_queue`?"):
        found = filled.names(text)
        assert set(found[:2]) == {"acme/queue/aws", "acme/worker/aws"}, text
        assert "acme/network/google" not in found, text
    assert set(filled.names(resource_type="aws_sqs_queue")) == {"acme/queue/aws", "acme/worker/aws"}
    assert filled.names("bucket", resource_type="aws_sqs_queue") == []


# What is asked, and what comes first: by words, by the beginning of a word.
FIRST = (
    ("queue", "acme/queue/aws"),  # in the name, before the description and the README of others
    ("queues", "acme/queue/aws"),
    ("s3 bucket", "acme/s3-bucket/aws"),
    ("s3bucket", "acme/s3-bucket/aws"),
    ("s3-bucket", "acme/s3-bucket/aws"),
    ("visibility_timeout_seconds", "acme/queue/aws"),
    ("visibility timeout", "acme/queue/aws"),
    ("message hides", "acme/queue/aws"),
    ("poison pill", "acme/queue/aws"),
    ("bucket_arn", "acme/s3-bucket/aws"),
    ("encrypted replication", "acme/s3-bucket/aws"),
    ("aws_ecs_service", "acme/worker/aws"),
    ("acme/network/google", "acme/network/google"),
    ("buck", "acme/s3-bucket/aws"),
    ("aws_s3_b", "acme/s3-bucket/aws"),
    ("netw", "acme/network/google"),
)
MISTYPED = (
    ("bukcet", "acme/s3-bucket/aws", {"bukcet": "bucket"}),
    ("netwrok", "acme/network/google", {"netwrok": "network"}),
    ("quue", "acme/queue/aws", {"quue": "queue"}),
    ("aws_s3_bukcet", "acme/s3-bucket/aws", {"bukcet": "bucket"}),
)


def test_words_and_their_beginnings_are_found_wherever_a_module_has_them(filled) -> None:
    for text, first in FIRST:
        found = filled.find(text)
        assert filled.addresses(found)[0] == first, text
        assert found.matched == "all", text


def test_a_mistyped_word_is_taken_for_a_near_one(filled) -> None:
    for text, first, corrections in MISTYPED:
        found = filled.find(text)
        assert filled.addresses(found)[0] == first, text
        assert (found.matched, dict(found.corrections)) == ("corrected", corrections)


def test_where_nothing_has_all_the_words_some_are_enough(filled) -> None:
    found = filled.find("bucket submarine")
    assert filled.addresses(found)[0] == "acme/s3-bucket/aws"
    assert found.matched == "some"
    nothing = filled.find("submarine")
    assert (nothing.module_ids, nothing.total, nothing.total_is_exact) == ((), 0, True)


def test_an_empty_question_finds_everything_one_may_read_page_by_page(filled) -> None:
    assert len(filled.names()) == 5
    assert len(filled.names(principal=filled.reader("hush"))) == 6
    whole = filled.names(limit=10)
    assert [*filled.names(limit=2), *filled.names(limit=2, offset=2), *filled.names(limit=2, offset=4)] == whole
    assert filled.find(limit=2, offset=100).module_ids == ()
    assert filled.find(limit=2, offset=100).total == 5


def test_filters_narrow_and_facets_count(filled) -> None:
    with filled.database.unit_of_work() as session:
        namespaces.set_verified(session, "acme", on=True)
    filled.index()
    found = filled.find()
    counts = {name: {one.value: one.count for one in facets} for name, facets in found.facets.items()}
    assert counts["system"] == {"aws": 4, "google": 1}
    assert counts["namespace"] == {"acme": 5}
    assert counts["verified"] == {"true": 5}
    assert counts["provider"] == {"hashicorp/aws": 4}
    assert counts["resource_type"]["aws_sqs_queue"] == 2
    assert filled.names(system="google") == ["acme/network/google"]
    assert len(filled.names(provider="hashicorp/aws")) == 4
    assert len(filled.names(verified=True)) == 5
    assert filled.names(verified=False) == []
    assert filled.names(namespace="ACME", system="google") == ["acme/network/google"]
    assert filled.names(system="no such system") == []


@pytest.mark.checklist("T-09")
def test_a_private_module_is_there_for_its_own_readers_alone(filled) -> None:
    """Neither found, nor counted, nor completed, nor suggested: for strangers and for readers of other namespaces."""
    filled.namespace("other", "private")
    for nobody in (None, filled.reader("other")):
        for text in ("zeppelin", "zepp", "zeppelni", "airships", "zeppelin_hangar", "hush", "secret"):
            found = filled.find(text, nobody)
            assert (found.module_ids, found.total, dict(found.corrections)) == ((), 0, {}), text
        assert filled.names(namespace="hush", principal=nobody) == []
        assert filled.names(resource_type="zeppelin_hangar", principal=nobody) == []
        everything = filled.find("queue", nobody)
        assert "zeppelin" not in str(everything.facets)
        assert "hush" not in str(everything.facets)
    mine = filled.reader("hush")
    for text in ("zeppelin", "zepp", "zeppelni", "airships", "zeppelin_hangar"):
        assert filled.names(text, mine) == ["hush/zeppelin/aws"], text
    assert filled.names(resource_type="zeppelin_hangar", principal=mine) == ["hush/zeppelin/aws"]
    assert "acme/queue/aws" in filled.names("queue", mine)


@pytest.mark.checklist("T-09")
def test_a_namespace_that_closes_is_gone_at_once_and_one_that_opens_is_found_when_indexed(filled) -> None:
    with filled.database.unit_of_work() as session:
        namespaces.set_visibility(session, "acme", "private")
    assert filled.names("queue") == []
    assert filled.find("queue").facets["system"] == ()
    filled.index()
    assert filled.names("queue") == []
    assert filled.names("queue", filled.reader("acme"))[0] == "acme/queue/aws"
    with filled.database.unit_of_work() as session:
        namespaces.set_visibility(session, "acme", "public")
    filled.index()
    assert filled.names("queue")[0] == "acme/queue/aws"


def test_a_renamed_namespace_is_found_by_its_new_name(filled) -> None:
    filled.accounts["emca"] = filled.accounts["acme"]
    filled.namespace("emca")
    filled.index()
    assert filled.names("queue", namespace="emca")[0] == "emca/queue/aws"
    assert filled.names(namespace="acme") == []


def test_only_the_latest_version_counts(filled) -> None:
    filled.put("acme/queue/aws", {"main.tf": 'resource "aws_kinesis_stream" "this" {}\n'}, "2.0.0")
    filled.put("acme/queue/aws", {"main.tf": 'resource "aws_mq_broker" "this" {}\n'}, "3.0.0-rc.1")
    filled.index()
    assert filled.names(resource_type="aws_kinesis_stream") == ["acme/queue/aws"]
    assert filled.names(resource_type="aws_mq_broker") == []
    assert filled.names(resource_type="aws_sqs_queue") == ["acme/worker/aws"]

    # A removed version is found no more.
    for version in ("1.0.0", "2.0.0", "3.0.0-rc.1"):
        with filled.database.unit_of_work() as session:
            lifecycle.remove(session, Address.parse("acme/queue/aws"), Version.parse(version), "broken", "operator")
    filled.index()
    assert filled.names(resource_type="aws_kinesis_stream") == []
    assert filled.names(namespace="acme", text="dead letter") == []
