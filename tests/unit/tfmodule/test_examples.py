"""Examples as somebody outside can use them: what leads into the archive is rewritten, and everything else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.address import Address
from tfmodule.examples import Release, is_example, render
from tfmodule.hcl import parse
from tfmodule.version import Version

RELEASE = Release("reg.example.com", Address("acme", "net", "aws"), Version.parse("1.2.3"))
HERE = "reg.example.com/acme/net/aws"
FILES = {
    "main.tf": b"", "modules/x/main.tf": b"", "modules/empty/README.md": b"", "examples/other/main.tf": b"",
    "examples/a/README.md": b'source = "../.."', "examples/a/inner/main.tf": b"",
}  # fmt: skip


def rendered(text: str | bytes, path: str = "main.tf") -> str:
    data = text.encode() if isinstance(text, str) else text
    return render({**FILES, f"examples/a/{path}": data}, "examples/a", RELEASE)[path].decode("utf-8", "replace")


def call(source: str) -> str:
    return f'module "m" {{\n  source = "{source}"\n}}\n'


def test_the_files_of_the_example_come_along_named_from_its_folder() -> None:
    found = render(FILES | {"examples/a/main.tf": call("../..").encode()}, "examples/a", RELEASE)
    assert set(found) == {"main.tf", "README.md", "inner/main.tf"}
    assert found["README.md"] == b'source = "../.."'
    assert is_example(FILES, "examples/other")
    assert not any(is_example(FILES, path) for path in ("modules/x", "examples", "examples/none", "modules/empty", ""))


@pytest.mark.parametrize("source", ["../..", "../../", "./../..", "./../../", "../../modules/.."])
def test_the_module_itself(source: str) -> None:
    assert rendered(call(source)) == f'module "m" {{\n  source  = "{HERE}"\n  version = "1.2.3"\n}}\n'


@pytest.mark.parametrize(("source", "path"), [("../../modules/x", "modules/x"), ("../other", "examples/other")])
def test_another_folder_of_the_archive(source: str, path: str) -> None:
    assert f'source  = "{HERE}//{path}"\n  version = "1.2.3"' in rendered(call(source))


@pytest.mark.parametrize(
    "source",
    [
        "./inner", "../a/inner", "../../../outside", "../../modules/none", "../../modules/empty",
        "hashicorp/consul/aws", "git::https://example.com/x.git", "..", "../..//modules/x", "../../?ref=v1",
        "${path.module}/../..", "/", "reg.example.com/acme/net/aws",
    ],
)  # fmt: skip
def test_what_leads_elsewhere_stays(source: str) -> None:
    assert rendered(call(source)) == call(source)


def test_comments_order_and_spacing_stay() -> None:
    text = (
        '# top\n\nmodule "one" {\n  # first\n  source = "../.." # here, not there\n  name   = "a"\n\n  long_name = 1\n'
        '  providers = {\n    aws = aws.x\n  }\n}\n\nmodule "two" {\n\tsource        = "../../modules/x"\n'
        '\tbucket_prefix = 2\n}\n\nresource "x" "y" {\n  source = "../.."\n}\n'
    )
    assert rendered(text) == (
        f'# top\n\nmodule "one" {{\n  # first\n  source  = "{HERE}" # here, not there\n  version = "1.2.3"\n'
        '  name    = "a"\n\n  long_name = 1\n  providers = {\n    aws = aws.x\n  }\n}\n\nmodule "two" {\n'
        f'\tsource        = "{HERE}//modules/x"\n\tversion       = "1.2.3"\n\tbucket_prefix = 2\n}}\n\n'
        'resource "x" "y" {\n  source = "../.."\n}\n'
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('module "m" { source = "../.." }\n', f'module "m" {{\n  source  = "{HERE}"\n  version = "1.2.3"\n}}\n'),
        ('module "m" {source="../.."}', f'module "m" {{\n  source  ="{HERE}"\n  version = "1.2.3"\n}}'),
        (
            'module "m" {\r\n  source = "../.."\r\n}\r\n',
            f'module "m" {{\r\n  source  = "{HERE}"\r\n  version = "1.2.3"\r\n}}\r\n',
        ),
        (
            'module "m" {\n  version = "~> 9.0" # old\n  source = "../.."\n}\n',
            f'module "m" {{\n  version = "1.2.3" # old\n  source = "{HERE}"\n}}\n',
        ),
        (
            'module "m" {\n  source = "../.." /* a\n  b */\n}\n',
            f'module "m" {{\n  source  = "{HERE}"\n  version = "1.2.3" /* a\n  b */\n}}\n',
        ),
        (
            'module "m" {\n  source /* x */ = "../.." // y\n}\n',
            f'module "m" {{\n  source /* x */ = "{HERE}" // y\n  version = "1.2.3"\n}}\n',
        ),
    ],
)
def test_odd_spellings(text: str, result: str) -> None:
    assert rendered(text) == result


@pytest.mark.parametrize(
    "text",
    [call("../..") + "}", b"\xff" + call("../..").encode(), 'module "m" {\n  source = "../.."\n  source = "x"\n}\n'],
)
def test_a_file_that_cannot_be_read_for_sure_stays(text: str | bytes) -> None:
    assert rendered(text) == (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)


def test_a_file_below_the_example_leads_out_by_its_own_folder() -> None:
    assert f'"{HERE}"' in rendered(call("../../.."), "inner/more.tf")
    assert rendered(call("../.."), "inner/more.tf") == call("../.."), "that is examples/, which holds no code"


_SOURCES = st.sampled_from(
    ["../..", "../../", "./../..", "../../modules/x", "./inner", "../other", "a/b/c", "../../no"]
)
_NOISE = st.sampled_from(["", "# note\n", "/* note */\n", "\n", "  // note\n"])
_AFTER = st.sampled_from(["\n", " # why\n", " // why\n", " /* why */\n", "\r\n"])
_ARGUMENT = st.sampled_from(['  name = "x"\n', "  a_longer_name = [1,\n 2]\n", "  providers = {\n    a = b\n  }\n", ""])


@st.composite
def _blocks(draw: st.DrawFn) -> str:
    spaces = " " * draw(st.integers(0, 9))
    version = draw(st.sampled_from(["", '  version = "0.1"\n']))
    return (
        f'{draw(_NOISE)}module "m{draw(st.integers(0, 9))}" {{\n{draw(_NOISE)}{draw(_ARGUMENT)}'
        f'  source{spaces}= "{draw(_SOURCES)}"{draw(_AFTER)}{version}{draw(_NOISE)}{draw(_ARGUMENT)}}}\n'
    )


@given(st.lists(_blocks(), max_size=4).map("".join))
def test_a_second_time_changes_nothing_and_the_rest_is_untouched(text: str) -> None:
    if parse("main.tf", text.encode()).repeated:
        return
    once = rendered(text)
    assert rendered(once) == once
    before, after = parse("main.tf", text.encode()), parse("main.tf", once.encode())
    assert not after.problems and len(before.blocks) == len(after.blocks)
    for old, new in zip(before.blocks, after.blocks, strict=True):
        moved = old.literal("source") != new.literal("source")
        assert moved == (old.literal("source") not in ("./inner", "a/b/c", "../../no"))
        for name in (old.attributes.keys() | new.attributes.keys()) - ({"source", "version"} if moved else set()):
            assert old.text(name) == new.text(name)
        assert not moved or new.literal("version") == "1.2.3"
    kept = [line.strip() for line in text.splitlines() if "note" in line]
    assert [line.strip() for line in once.splitlines() if "note" in line] == kept
    assert text.count("why") == once.count("why")
