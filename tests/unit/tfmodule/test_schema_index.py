"""The schema index: what a provider describes comes back as it was, in a form that is small and read type by type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.schema_index import ProviderSchema, Schemas, index, nearest

AWS = "registry.terraform.io/hashicorp/aws"
DESCRIBED = {
    "resource_schemas": {
        "aws_thing": {
            "block": {
                "attributes": {
                    "name": {"type": "string", "required": True},
                    "arn": {"type": "string", "computed": True},
                    "password": {"type": "string", "optional": True, "sensitive": True},
                    "password_wo": {"type": "string", "optional": True, "write_only": True},
                    "old": {"type": ["list", ["object", {"a": "string", "b": ["set", "number"]}]], "deprecated": True},
                    "anything": {"type": "dynamic", "optional": True},
                    "nested": {"nested_type": {"nesting_mode": "list", "attributes": {}}, "optional": True},
                },
                "block_types": {
                    "rule": {
                        "nesting_mode": "list",
                        "block": {
                            "attributes": {"port": {"type": "number", "optional": True}},
                            "block_types": {"inner": {"block": {"deprecated": True}}},
                        },
                    }
                },
            }
        },
        "aws_old_thing": {"block": {"deprecated": True}},
    },
    "data_source_schemas": {"aws_thing": {"block": {"attributes": {"id": {"type": "string", "computed": True}}}}},
}
SCHEMA = index(AWS, "5.100.0", DESCRIBED)


def test_what_was_described_comes_back() -> None:
    body = SCHEMA.find("resource", "aws_thing")
    assert body is not None and not body.deprecated
    assert {name: one.flags for name, one in body.attributes.items()} == {
        "name": "r",
        "arn": "c",
        "password": "os",
        "password_wo": "ow",
        "old": "d",
        "anything": "o",
        "nested": "o",
    }
    assert body.attributes["old"].type == "list(object({a = string, b = set(number)}))"
    assert [body.attributes[name].type for name in ("anything", "nested")] == ["any", "list(object)"]
    rule = body.blocks["rule"]
    assert set(rule.attributes) == {"port"} and rule.blocks["inner"].deprecated and not rule.blocks["inner"].attributes
    assert SCHEMA.find("data", "aws_thing") != body
    old = SCHEMA.find("resource", "aws_old_thing")
    assert old is not None and old.deprecated and not old.attributes
    assert SCHEMA.find("resource", "aws_nothing") is None


def test_it_survives_being_kept() -> None:
    again = ProviderSchema.from_bytes(SCHEMA.to_bytes())
    assert again == SCHEMA and again.find("resource", "aws_thing") == SCHEMA.find("resource", "aws_thing")


@given(st.binary(max_size=100))
def test_what_was_not_kept_here_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="schema"):
        ProviderSchema.from_bytes(data)


@pytest.mark.parametrize("described", [{"resource_schemas": []}, {"resource_schemas": {"aws_x": {}}}])
def test_another_form_is_refused(described) -> None:
    with pytest.raises(ValueError, match="providers schema"):
        index(AWS, "1.0.0", described)


def test_a_type_of_any_size_is_cut_where_it_is_deep() -> None:
    deep: dict = {"attributes": {"leaf": {"type": "string", "optional": True}}}
    for _ in range(6):
        deep = {"block_types": {f"b{number}": {"block": deep} for number in range(4)}}
    body = index(AWS, "1.0.0", {"resource_schemas": {"aws_deep": {"block": deep}}}).find("resource", "aws_deep")
    assert body is not None
    for _ in range(3):
        body = body.blocks["b0"]
        assert not body.open
    assert body.blocks["b0"].open


def test_the_name_that_was_meant() -> None:
    schemas = Schemas((SCHEMA,))
    body = schemas.find("resource", "aws_thing")
    assert body is not None
    assert (body.nearest("passwd"), body.nearest("rules"), body.nearest("arm")) == ("password", "rule", None)
    assert schemas.nearest("resource", "aws_thingy") == "aws_thing"
    assert schemas.knows("aws_x") and not schemas.knows("google_x")
    assert nearest("x" * 100_000, ["y"]) is None
