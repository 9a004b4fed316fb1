"""The standard structure: where examples lie."""

from gate.structure import example_directories


def test_examples_are_the_directories_directly_below() -> None:
    paths = [
        "examples/b/main.tf",
        "examples/a/x.tf",
        "examples/a/deep/x.tf",
        "examples/main.tf",
        "examples/c/README.md",
        "x/examples/a/y.tf",
    ]
    assert example_directories(dict.fromkeys(paths, b"")) == ("examples/a", "examples/b")
