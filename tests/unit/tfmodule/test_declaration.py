"""`.terrasmith.hcl`: what it says of modules and tags, and that everything else is refused with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.declaration import MAX_BYTES, MAX_MODULES, Declaration, DeclarationError

GOOD = b"""# The modules of this repository.
module "network" {
  system = "aws"
  path   = "modules/network"
}

module "dns" {
  system     = "google"
  path       = "dns"
  tag_prefix = "dns-"
}

module "landing-zone" {
  system     = "aws"
  path       = "."
  tag_prefix = ""
}
"""


def block(name: str = "a", **values: str) -> str:
    lines = [f"  {key} = {value}" for key, value in ({"system": '"aws"', "path": '"a"'} | values).items() if value]
    return "\n".join([f'module "{name}" {{', *lines, "}\n"])


def test_a_module_has_a_folder_and_a_prefix_that_its_name_gives() -> None:
    declaration = Declaration.parse(GOOD)
    told = [(one.key, one.path, one.tag_prefix, one.line) for one in declaration.modules]
    assert told == [
        ("network/aws", "modules/network", "network/", 2),
        ("dns/google", "dns", "dns-", 7),
        ("landing-zone/aws", "", "", 13),
    ]
    assert str(declaration.modules[0].address("acme")) == "acme/network/aws"


@pytest.mark.parametrize(
    ("tag", "key"),
    [
        ("network/v1.2.0", "network/aws"),
        ("dns-0.1.0", "dns/google"),
        ("v1.0.0", "landing-zone/aws"),
        ("other/v1.0.0", "landing-zone/aws"),  # no version follows: whoever reads on finds that out
    ],
)
def test_the_longest_prefix_says_whose_tag_it_is(tag: str, key: str) -> None:
    module = Declaration.parse(GOOD).module_of(tag)
    assert module is not None and module.key == key
    assert Declaration.parse(block().encode()).module_of("other/v1.0.0") is None


def test_a_file_touches_the_modules_around_it() -> None:
    declaration = Declaration.parse(GOOD)
    touched = declaration.touched(("modules/network/main.tf", "dns2/main.tf"))
    assert [one.key for one in touched] == ["network/aws", "landing-zone/aws"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "no module is declared"),
        ('module "a" {\n', 1, "never closed"),
        ("modules = []\n" + block(), 1, "must stand inside"),
        (block() + 'repository "x" {\n}\n', 5, "only `module` blocks"),
        ('module "a" "b" {\n}\n', 1, "one name"),
        ("module {\n}\n", 1, "one name"),
        ('module "a" {\n  path = "a"\n}\n', 1, "`system` is missing"),
        ('module "a" {\n  system = "aws"\n}\n', 1, "`path` is missing"),
        (block(tag_prefixes='"a/"'), 4, "`tag_prefixes` is not known"),
        (block(path="var.path"), 3, "plain string"),
        (block(path='"a/${b}"'), 3, "plain string"),
        (block(path='["a"]'), 3, "plain string"),
        (block() + block("b", path='"b"\n  path = "c"'), 8, "given twice"),
        (block(path='"b"\n  options {\n  }'), 4, "`options` blocks are not known"),
        (block("a/b"), 1, "cannot be an address"),
        (block(system='"AWS"'), 1, "lower-case"),
        (block(path='"../x"'), 3, "`..`"),
        (block(path='"a/../../x"'), 3, "`..`"),
        (block(path='"/etc"'), 3, "absolute"),
        (block(path='"./a"'), 3, "`.`"),
        (block(path='"a/"'), 3, "empty"),
        (block(path='"a//b"'), 3, "empty"),
        (block(path='""'), 3, "empty"),
        (block(path='"a\\\\b"'), 3, "cannot be part of a file name"),
        (block(path='".github/modules"'), 3, "begins with a dot"),
        (block(path='"a/.terraform"'), 3, "begins with a dot"),
        (block(path='"a\\u202eb"'), 3, "invisible"),
        (block(tag_prefix='"net"'), 4, "tag prefix"),
        (block(tag_prefix='"/net/"'), 4, "tag prefix"),
        (block(tag_prefix='"a/../b/"'), 4, "tag prefix"),
        (block(tag_prefix='"a b/"'), 4, "tag prefix"),
        (block(tag_prefix='"1.0.0-"'), 4, "tag prefix"),
        (block(tag_prefix='"a.lock/"'), 4, "tag prefix"),
        (block(tag_prefix=f'"{"a" * 100}/"'), 4, "100 characters"),
        (block() + block("A", path='"b"', tag_prefix='"b/"'), 5, "the address"),
        (block("a_b") + block("a-b", path='"b"'), 5, "the address"),
        (block() + block("b", path='"A"'), 5, "the folder"),
        (block() + block("b", path='"b"', tag_prefix='"a/"'), 5, "the tag prefix"),
        (block() + block("a", system='"google"', path='"b"'), 5, "the tag prefix"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        Declaration.parse(text.encode())
    assert (line, True) in [(one.line, says in one.message) for one in caught.value.problems], caught.value.message
    assert f".terrasmith.hcl:{line}: " in caught.value.message


def test_every_problem_is_told_at_once_up_to_ten_lines() -> None:
    text = "".join(block(f"m{number}", path='"/x"') for number in range(12))
    with pytest.raises(DeclarationError) as caught:
        Declaration.parse(text.encode())
    assert len(caught.value.problems) == 12
    assert caught.value.message.splitlines()[-1] == "… and 2 more"


@pytest.mark.parametrize("data", [b"\xff", b"\x00", b"#" * (MAX_BYTES + 1), b"x = " + b"[" * 200_000])
def test_what_is_no_text_or_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(DeclarationError):
        Declaration.parse(data)


def test_only_so_many_modules() -> None:
    text = "".join(block(f"m{number}", path=f'"m{number}"') for number in range(MAX_MODULES + 1))
    with pytest.raises(DeclarationError, match=f"more than {MAX_MODULES} modules"):
        Declaration.parse(text.encode())


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: block(path=f'"{text}"').encode())))
def test_nothing_but_its_own_error_is_ever_raised(data: bytes) -> None:
    try:
        found = Declaration.parse(data).modules
    except DeclarationError:
        found = ()
    assert all(not one.path.startswith(("/", "..")) for one in found)
