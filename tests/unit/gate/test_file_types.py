"""Which files belong to a module, which stay outside, and which are never accepted: told by name alone."""

import pytest

from gate.policy import Policy
from gate.screen import screen

OK = b'variable "x" {\n  type = string\n}\n'


def rules(files: dict[str, bytes]) -> set[tuple[str, str | None, int | None]]:
    """The errors, but for code that is missing at the root: the cases are parts of modules."""
    found = screen(files, Policy()).findings
    return {(f.rule, f.path, f.line) for f in found if f.severity == "error" and f.rule != "no-code"}


PLANTED = [
    ".terraform/providers/registry.terraform.io/x/y/1.0.0/linux_amd64/p",
    ".terraform/modules/modules.json",
    "examples/a/.terraform/x",
    "terraform.d/plugins/x/y/z/1.0.0/linux_amd64/p",
    ".terraform.d/x",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "examples/a/terraform.tfstate",
    "x.tfplan",
    "terraform.tfvars",
    "TERRAFORM.TFVARS",
    "x.auto.tfvars",
    "x.auto.tfvars.json",
    ".terraformrc",
    "terraform.rc",
    ".tofurc",
    ".checkov.yml",
    ".checkov.yaml",
    "override.tf",
    "main_override.tf",
    "main.tf.json",
    "main.tofu",
    "x.tftest.json",
    "tests/mocks/x.tfmock.json",
    "x.tfquery.hcl",
    "x.tfstack.json",
    "x.tofuvars",
    "x.tofutest.hcl",
    ".tflint.d/plugins/tflint-ruleset-x",
    ".tfsec/custom_checks.json",
    ".netrc",
    ".git/hooks/pre-commit",
    "key.pem",
    "id_rsa",
    ".env",
]


@pytest.mark.checklist("T-21", "T-20")
@pytest.mark.parametrize("path", PLANTED)
def test_planted_files_are_refused_and_never_reach_the_workspace(path: str) -> None:
    screened = screen({path: b"", "main.tf": OK}, Policy())
    assert ("planted-file", path, None) in {(f.rule, f.path, f.line) for f in screened.findings}
    assert all(finding.fix for finding in screened.findings)
    assert set(screened.admitted) == {"main.tf"}


@pytest.mark.checklist("T-20", "T-25")
@pytest.mark.parametrize(
    "path", [".versions.tf", "VERSIONS.TF", "a/.b.Tf", "tests/.a.tftest.hcl", "tests/A.TFTEST.hcl"]
)
def test_code_that_terraform_passes_over_is_refused(path: str) -> None:
    """Who reads it takes it for the module's: for what a provider's name stands for, for an output that is gone."""
    screened = screen({path: b"", "main.tf": OK}, Policy())
    assert [(f.rule, f.path) for f in screened.findings] == [("planted-file", path)]
    assert set(screened.admitted) == {"main.tf"}


@pytest.mark.parametrize("path", ["a\x1b[31m.md", "a\x1b[31m.tf", "a\udcff.md"])
def test_a_name_that_is_refused_reaches_no_terminal(path: str) -> None:
    findings = screen({path: b"}\xff", "main.tf": OK}, Policy()).findings
    assert findings and all((f.path or "").isprintable() for f in findings)


@pytest.mark.checklist("T-21")
@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/x.yml",
        ".tflint.hcl",
        "trivy.yaml",
        "trivy-secret.yaml",
        ".trivyignore",
        ".terraform.lock.hcl",
        "examples/a/.terraform.lock.hcl",
        ".terraform-version",
        ".tool-versions",
        ".gitignore",
        ".pre-commit-config.yaml",
    ],
)
def test_other_tools_files_stay_outside_without_complaint(path: str) -> None:
    screened = screen({path: b"\xff", "main.tf": OK}, Policy())
    assert not screened.findings
    assert set(screened.admitted) == {"main.tf"}


@pytest.mark.parametrize("path", ["x.exe", "lambda.zip", "x.so", "terraform-provider-x", "x.jar"])
def test_unknown_kinds_are_refused(path: str) -> None:
    assert ("file-type", path, None) in rules({path: b""})


@pytest.mark.parametrize(
    "path",
    ["README.md", "LICENSE", "docs/a.png", "templates/user-data.sh", "x.tftpl", "examples/a/dev.tfvars", "Makefile"],
)
def test_known_kinds_lie_beside_the_code(path: str) -> None:
    screened = screen({path: b"text", "main.tf": OK}, Policy())
    assert not screened.findings
    assert path in screened.admitted


def test_binary_in_disguise_is_refused() -> None:
    assert ("not-text", "x.sh", 2) in rules({"x.sh": b"#!\n\x7fELF\xff\xfe"})
