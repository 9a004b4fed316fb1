"""The types of a module's outputs, however often the same long local stands in them."""

from tfmodule.shapes import Shapes, shape_of


def test_the_same_is_looked_at_once_and_too_much_is_left_open() -> None:
    shapes = Shapes({"x": "string"})
    assert shapes.of("var.x") == shape_of("var.x", {"x": "string"}) == "string"
    long = "[" + "var.x, " * 5_000 + "]"
    assert shapes.of(long) == shapes.of(long) == shape_of(long, {"x": "string"})
    found = [shapes.of(f"[{number}, {long}]") for number in range(100)]
    assert found[0].startswith("tuple(")
    assert found[-1] == "any"
    assert shapes.of("var.x") == "string", "what was looked at stays known"
