"""What is judged is what is published: nothing that the gate left alone goes into an archive."""

import pytest

from gate.file_types import belongs


@pytest.mark.checklist("P-06")
@pytest.mark.parametrize("path", ["main.tf", "README.md", "examples/minimal/main.tf", "tests/x.tftest.hcl", "LICENSE"])
def test_P06_a_modules_files_belong(path: str) -> None:
    assert belongs(path)


@pytest.mark.checklist("P-06")
@pytest.mark.parametrize(
    "path", [".github/workflows/ci.yml", ".tflint.hcl", ".gitignore", "terraform.tfstate", "a.exe"]
)
def test_P06_what_the_gate_leaves_alone_does_not(path: str) -> None:
    assert not belongs(path)
