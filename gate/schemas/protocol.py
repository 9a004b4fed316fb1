"""The one message of Terraform's plugin protocol 6 that we write: a provider's schema, from the JSON Terraform prints.

Field numbers are those of tfplugin6.proto. Written by hand, because the message is small and protobuf's runtime is not.
"""

import json
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

_FLAGS = ((4, "required"), (5, "optional"), (6, "computed"), (7, "sensitive"), (9, "deprecated"), (11, "write_only"))
_BLOCK_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
_OBJECT_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}


def provider_schema(provider: Json, resources: Json, data_sources: Json, ephemeral: Json) -> bytes:
    """GetProviderSchema.Response."""
    found = _message(1, _schema(provider))
    for number, schemas in ((2, resources), (3, data_sources), (8, ephemeral)):
        for name, schema in schemas.items():
            found += _message(number, _text(1, name) + _message(2, _schema(schema)))
    return found


def _schema(schema: Json) -> bytes:
    return _number(1, schema.get("version", 0)) + _message(2, _block(schema.get("block", {})))


def _block(block: Json) -> bytes:
    found = b"".join(_message(2, _attribute(name, one)) for name, one in block.get("attributes", {}).items())
    for name, one in block.get("block_types", {}).items():
        nested = _text(1, name) + _message(2, _block(one.get("block", {})))
        nested += _number(3, _BLOCK_NESTING[one["nesting_mode"]])
        nested += _number(4, one.get("min_items", 0)) + _number(5, one.get("max_items", 0))
        found += _message(3, nested)
    return found + _number(6, block.get("deprecated", False))


def _attribute(name: str, attribute: Json) -> bytes:
    found = _text(1, name)
    if "type" in attribute:
        found += _text(2, json.dumps(attribute["type"], separators=(",", ":")))
    for number, word in _FLAGS:
        found += _number(number, attribute.get(word, False))
    if "nested_type" in attribute:
        nested = attribute["nested_type"]
        inner = b"".join(_message(1, _attribute(one, value)) for one, value in nested.get("attributes", {}).items())
        found += _message(10, inner + _number(3, _OBJECT_NESTING[nested["nesting_mode"]]))
    return found


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(int(value)) if value else b""


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _message(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
