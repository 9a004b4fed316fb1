"""A value for a type, to call a module that brings no example. Says nothing of what the module would accept."""

from tfmodule.hcl_writer import Value
from tfmodule.types import ANY, Type, parse_type


def placeholder(text: str) -> Value:
    """The plainest value of the type that is written there; of what is no type, a word."""
    return _value(parse_type(text) or ANY)


def _value(kind: Type) -> Value:
    if kind.kind == "number":
        return 1
    if kind.kind == "bool":
        return True
    if kind.kind == "map":
        return {}
    if kind.kind in ("list", "set"):
        return []
    if kind.kind == "tuple":
        return [_value(one) for one in kind.of]
    if kind.kind == "object":
        return {name: _value(one.type) for name, one in sorted(kind.attributes.items()) if not one.optional}
    return "example"
