"""The standard structure of a module: the files that every module has, and where its examples lie."""

import posixpath
from collections.abc import Iterable

from tfmodule.files import FileMap

FILES = (
    (("README.md",), "says what the module is for and how to call it"),
    (("LICENSE", "LICENSE.md", "LICENSE.txt"), "says under which terms others may use it"),
    (("CHANGELOG.md",), "says what changed from version to version"),
    (("main.tf",), "holds the resources"),
    (("variables.tf",), "holds the inputs"),
    (("outputs.tf",), "holds the outputs"),
    (("versions.tf", "terraform.tf"), "holds the required versions of Terraform and the providers"),
)


def has_code(files: Iterable[str]) -> bool:
    """Whether these are files of a module: code at the root, or submodules alone, as some repositories have it."""
    return any("/" not in path and path.endswith(".tf") for path in files) or bool(submodules(files))


def submodules(files: Iterable[str]) -> tuple[str, ...]:
    """The directories directly below `modules/` that hold Terraform code."""
    found = {posixpath.dirname(path) for path in files if path.startswith("modules/") and path.endswith(".tf")}
    return tuple(sorted(directory for directory in found if directory.count("/") == 1))


def example_directories(files: FileMap) -> tuple[str, ...]:
    """The directories directly below `examples/` that hold Terraform code."""
    found = {posixpath.dirname(path) for path in files if path.startswith("examples/") and path.endswith(".tf")}
    return tuple(sorted(directory for directory in found if directory.count("/") == 1))
