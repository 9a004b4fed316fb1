"""Comments that silence scanners are all found, with rule and reason, and what only looks like one is not."""

import pytest

from gate.scanning.suppressions import CONFIGURATION, find


def found(line: str, path: str = "main.tf") -> list[tuple[str, str, str]]:
    return [(one.tool, one.rule, one.reason) for one in find({path: f"\n{line}\n".encode()})]


@pytest.mark.checklist("T-31")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("#checkov:skip=CKV_AWS_18:kept by the trail", [("checkov", "CKV_AWS_18", "kept by the trail")]),
        ("  # checkov:skip=CKV_AWS_18, and more", [("checkov", "CKV_AWS_18", "")]),
        (
            "// bridgecrew:skip=CKV_AWS_1,CKV_AWS_2:both",
            [("checkov", "CKV_AWS_1", "both"), ("checkov", "CKV_AWS_2", "both")],
        ),
        ("# checkov:skip=", [("checkov", "", "")]),
        ("acl = 1 #tfsec:ignore:aws-s3-no-public-acl", [("tfsec", "aws-s3-no-public-acl", "")]),
        ("#tfsec:ignore:aws-x:exp:2030-01-01 a website", [("tfsec", "aws-x", "a website")]),
        ("#trivy:ignore:AVD-AWS-0107 behind a WAF", [("trivy", "AVD-AWS-0107", "behind a WAF")]),
        ("#trivy:ignore:*[name=x]", [("trivy", "*", "")]),
        ("#trivy:ignore:A tfsec:ignore:b", [("tfsec", "b", ""), ("trivy", "A", "tfsec:ignore:b")]),
        ("# tflint-ignore: terraform_naming", [("tflint", "terraform_naming", "")]),
        ("# tflint-ignore: a_b, c_d # old names", [("tflint", "a_b", "old names"), ("tflint", "c_d", "old names")]),
        ("# tflint-ignore-file: a_b", [("tflint", "a_b", "")]),
        ("# kics-scan ignore-line", [("kics", "", "")]),
        ("# kics-scan disable=abc-1 why", [("kics", "abc-1", "why")]),
        ("/* checkov:skip=CKV_AWS_1:x */", [("checkov", "CKV_AWS_1", "x")]),
        ("#ts:skip=AC_AWS_1 known", [("terrascan", "AC_AWS_1", "known")]),
    ],
)
def test_every_form_is_read(line: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(line) == expected


def test_where_it_stands_is_told() -> None:
    (one,) = find({"modules/a/main.tf": b"a\nb # tflint-ignore: x # y\n"})
    assert (one.path, one.line) == ("modules/a/main.tf", 2)


@pytest.mark.parametrize("line", ["# how to skip checkov", 'name = "checkov:skip=CKV_AWS_1:x"', "# trivy finds this"])
def test_what_only_looks_like_one_is_none(line: str) -> None:
    assert not found(line)


def test_documentation_may_speak_of_them() -> None:
    assert not found("#checkov:skip=CKV_AWS_18:x", "README.md")


def test_the_order_is_that_of_files_and_lines() -> None:
    files = {"b.tf": b"#checkov:skip=B:x\n", "a.tf": b"#checkov:skip=A2:x\n#checkov:skip=A1:x\n"}
    assert [one.rule for one in find(files)] == ["A2", "A1", "B"]


def test_files_that_steer_scanners_are_known() -> None:
    for name in (".trivyignore", "modules/a/.trivyignore.yaml", "trivy.yaml", ".tflint.hcl", ".tfsec/config.yml"):
        assert CONFIGURATION.search(name), name
    assert not CONFIGURATION.search("main.tf")
