"""Module sources in every form a client reads: what leads elsewhere is refused at its line, by area."""

import pytest

from gate.modules import KnownModule, Modules
from gate.policy import Policy
from gate.screen import Screened, screen

OK = b'variable "x" {\n  type = string\n}\n'
CALL = 'module "x" {\n  source = %s\n}\n'
ESCAPED = "".join(f"\\u{ord(c):04x}" for c in "git::https://example.com/x.git")


def looked(files: dict[str, str], policy: Policy | None = None, modules: Modules | None = None) -> Screened:
    code = {"main.tf": OK} | {path: text.encode() for path, text in files.items()}
    return screen(code, policy or Policy(), modules or Modules())


def refused(files: dict[str, str]) -> set[tuple[str, str | None, int | None]]:
    return {(f.rule, f.path, f.line) for f in looked(files).findings if f.severity == "error"}


FOREIGN = [
    "git::https://example.com/x.git",
    "git::https://example.com/x.git?ref=v1",
    "git::ssh://git@example.com/x.git",
    "git::file:///etc/x",
    "git::ext::sh -c touch% x",
    "git::./x",
    "git@github.com:a/b.git",
    "ssh://git@example.com/x",
    "hg::http://example.com/x",
    "hg::./x",
    "s3::https://s3.amazonaws.com/b/k.zip",
    "gcs::https://www.googleapis.com/storage/v1/b/k.zip",
    "oci://example.com/x",
    "oci::example.com/x",
    "https://example.com/x.zip",
    "http://127.0.0.1/x.zip",
    "https://example.com/x.zip//sub?archive=zip",
    "https://example.com/x.tar.gz?checksum=file:http://127.0.0.1/sum",
    "./x?checksum=file:http://127.0.0.1/",
    "./x?archive=zip",
    "file:///etc",
    "file::./x",
    "/etc/x",
    "//x",
    "~/x",
    "C:/x",
    "C:\\\\x",
    "\\\\\\\\host\\\\x",
    ".\\\\x",
    "github.com/a/b",
    "github.com/a/b/c",
    "GitHub.com/a/b/c",
    "bitbucket.org/a/b",
    "gitlab.com/a/b",
    "codeberg.org/a/b",
    "a/b/c",
    "a/b/c//sub",
    "a/b/c//../../x",
    "registry.terraform.io/a/b/c",
    "registry.opentofu.org/a/b/c",
    "app.terraform.io/a/b/c",
    "xn--80ak6aa92e.com/a/b/c",
    "[::1]:443/a/b/c",
    "a/b",
    "x",
    "x.tar.gz",
    "",
    " ./x",
    "./x ?",
    "./a//b",
    "./a:b",
    "../x",
    "./../..",
    "../../../etc",
    "./modules/../../x",
    "./e\\u0301",
    "./x\\u202e",
    "./x\\n",
    "./\\u0000",
    ESCAPED,
    "${path.module}/x",
    "${path.root}/../x",
    "./${var.x}",
    '${"git"}::https://example.com/x',
    "%{ if true }./x%{ endif }",
]
EXPRESSIONS = [
    "<<EOT\n./x\nEOT",
    "<<-EOT\n  git::https://example.com/x\n  EOT",
    '("git::https://example.com/x")',
    "var.source",
    "local.source",
    'join("", ["git", "::x"])',
    'true ? "./a" : "git::x"',
    '["./x"]',
    "null",
    '"./x" "y"',
]


@pytest.mark.checklist("T-24", "S19")
@pytest.mark.parametrize("source", [*(f'"{text}"' for text in FOREIGN), *EXPRESSIONS])
def test_T24_what_leads_elsewhere_is_refused_in_the_module_and_its_submodules(source: str) -> None:
    for path in ("main.tf", "modules/deep/main.tf"):
        up = source if path == "main.tf" else source.replace("../", "../../../", 1)
        found = [f for f in looked({path: CALL % up}).findings if f.severity == "error" and f.path == path]
        assert found, path
        assert all(f.line and f.fix for f in found)
        assert {f.rule for f in found} & {"module-source", "syntax", "unreadable", "invisible-text"}


@pytest.mark.checklist("T-24")
@pytest.mark.parametrize("name", ["main.tf.json", "modules/a/x.tf.json", "x_override.tf.json", "t.tftest.json"])
def test_T24_json_forms_are_not_read_but_refused(name: str) -> None:
    assert ("planted-file", name, None) in refused({name: '{"module": {"x": {"source": "git::x"}}}'})


@pytest.mark.checklist("T-24")
def test_T24_a_second_source_in_one_block_is_refused() -> None:
    code = 'module "x" {\n  source = "./x"\n  source = "git::https://example.com/x"\n}\n'
    assert ("repeated", "main.tf", 3) in refused({"main.tf": code})


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("main.tf", "./modules/x"),
        ("main.tf", "./modules/x/"),
        ("main.tf", "./.hidden/my module"),
        ("main.tf", "./modules/größe"),
        ("main.tf", "\\u002e/x"),
        ("modules/x/main.tf", "../y"),
        ("examples/a/main.tf", "../../"),
        ("examples/a/main.tf", "../.."),
        ("examples/a/main.tf", "../b"),
        ("examples/a/main.tf", "registry.acme.dev/acme/bucket/aws"),
        ("examples/a/main.tf", "acme/bucket/aws//modules/x"),
        ("tests/setup/main.tf", "acme/bucket/aws"),
        ("modules/x/examples/a/main.tf", "acme/bucket/aws"),
    ],
)
def test_what_stays_inside_or_is_an_examples_own_passes(path: str, source: str) -> None:
    assert not refused({path: CALL % f'"{source}"'})


@pytest.mark.parametrize("source", ["git::https://example.com/x", "https://example.com/x.zip", "../../../x", "/etc"])
@pytest.mark.parametrize("path", ["examples/a/main.tf", "tests/setup/main.tf"])
def test_T24_examples_and_tests_may_not_reach_out_either(path: str, source: str) -> None:
    assert ("module-source", path, 2) in refused({path: CALL % f'"{source}"'})


@pytest.mark.checklist("T-24")
def test_T24_an_example_that_the_module_calls_is_the_module() -> None:
    """Otherwise foreign code would come in by the back door, and a provider block with it."""
    inner = CALL % '"acme/bucket/aws"' + 'provider "aws" {}\n'
    files = {"main.tf": CALL % '"./examples/a"', "examples/a/main.tf": inner}
    assert {("module-source", "examples/a/main.tf", 2), ("provider-block", "examples/a/main.tf", 4)} == refused(files)
    assert not refused({"examples/b/main.tf": CALL % '"../a"', "examples/a/main.tf": inner})


def test_calls_of_registries_are_noted_where_they_are_not_followed() -> None:
    ours = Modules(hosts=frozenset({"registry.acme.dev"}))
    files = {
        "examples/a/main.tf": CALL % '"acme/bucket/aws"',
        "examples/b/main.tf": CALL % '"registry.acme.dev/acme/bucket/aws"',
        "examples/c/main.tf": CALL % '"../a"',
    }
    screened = looked(files, modules=ours)
    notes = [(f.rule, f.severity, f.path, f.line) for f in screened.findings]
    assert notes == [("registry-source", "note", f"examples/{name}/main.tf", 2) for name in "ab"]
    assert "the registry `registry.terraform.io`" in screened.findings[0].message
    assert "of this registry" in screened.findings[1].message
    assert screened.leading_out == {"examples/a", "examples/b", "examples/c"}


def test_a_test_that_calls_a_registry_is_kept_from_the_engine() -> None:
    """`init` fetches what the tests of a module call, too; one such test must not stop the others."""
    run = 'run "x" {\n  module {\n    source = "%s"\n  }\n}\n'
    files = {
        "tests/a.tftest.hcl": run % "acme/bucket/aws",
        "tests/b.tftest.hcl": run % "./tests/setup",
        "tests/c.tftest.hcl": run % "./tests/plain",
        "tests/setup/main.tf": CALL % '"acme/bucket/aws"',
        "tests/plain/main.tf": "",
    }
    screened = looked(files)
    assert not screened.refused
    assert {"tests/a.tftest.hcl", "tests/b.tftest.hcl"} & set(screened.admitted) == set()
    assert {"tests/c.tftest.hcl", "tests/setup/main.tf"} <= set(screened.admitted)


@pytest.mark.checklist("T-24")
def test_T24_a_registry_the_operator_allows_leaves_it_open() -> None:
    files = {"main.tf": CALL % '"acme/bucket/aws"'}
    policy = Policy(allowed_module_hosts=frozenset({"registry.terraform.io"}))
    [found] = [f for f in looked(files).findings if f.rule == "module-source"]
    assert "TERRASMITH_ALLOWED_MODULE_HOSTS" in found.fix
    screened = looked(files, policy)
    assert (screened.refused, screened.unresolved) == (False, True)
    assert [(f.rule, f.severity, f.line) for f in screened.findings] == [("module-unresolved", "warning", 2)]
    known = Modules(found={("acme/bucket/aws", ""): KnownModule("1.0.0", {"main.tf": OK})})
    assert not looked(files, policy, known).unresolved
    assert looked({"main.tf": CALL % '"evil.example.com/acme/bucket/aws"'}, policy).refused
    assert looked({"main.tf": CALL % '"git::https://registry.terraform.io/x"'}, policy).refused


@pytest.mark.parametrize(
    ("source", "passes"),
    [("./tests/mocks", True), ("tests/mocks", True), ("../mocks", False), ("/etc", False), ("./${var.x}", False)],
)
def test_mocks_come_from_inside(source: str, *, passes: bool) -> None:
    found = refused({"tests/a.tftest.hcl": f'mock_provider "aws" {{\n  source = "{source}"\n}}\n'})
    assert found == (set() if passes else {("mock-source", "tests/a.tftest.hcl", 2)})


@pytest.mark.parametrize(
    ("files", "places"),
    [
        ({"a.tf": CALL % '"./"'}, {("a.tf", 2)}),
        (
            {"a.tf": CALL % '"./modules/a"', "modules/a/main.tf": CALL % '"../../"'},
            {("a.tf", 2), ("modules/a/main.tf", 2)},
        ),
        ({"examples/a/main.tf": CALL % '"../../"'}, set()),
        ({"a.tf": CALL % '"./modules/a"', "modules/a/main.tf": OK.decode()}, set()),
    ],
)
def test_calls_in_circles_are_refused_at_their_lines(files: dict[str, str], places: set[tuple[str, int]]) -> None:
    assert refused(files) == {("module-source", *place) for place in places}
