"""What is wrong with a folder of policies is said with file and line, before anything is evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.policies.bundle import BundleError, read_bundle
from gate.policies.rego_text import read_rego

GOOD = b'package p\n\nmetadata := {"id": "p", "title": "P", "level": "hard"}\n\ndeny contains "x" if input.a\n'


def refused(**files: bytes) -> str:
    names = {name.replace("__", "/").replace("_DOT_", "."): data for name, data in files.items()}
    with pytest.raises(BundleError) as raised:
        read_bundle(names)
    return raised.value.message


def test_a_folder_is_policies_settings_tests_and_fixtures() -> None:
    files = {"p.rego": GOOD, "p_test.rego": b"package q\n", "settings.json": b'{"a": 1}', "fixtures/f.json": b"[1]"}
    folder = read_bundle({**files, "README.md": b"x", ".git/x": b"y"})
    assert set(folder.bundle.files) == {"p.rego", "settings.json"}
    assert folder.bundle.packages == {"p": ("p.rego", 3)}
    assert (folder.bundle.settings, folder.fixtures) == ({"a": 1}, {"f": [1]})
    assert folder.bundle.digest != read_bundle({"p.rego": GOOD}).bundle.digest


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no policy"),
        ({"p_DOT_rego": b"\xff"}, "p.rego:1: It is no text"),
        ({"p_DOT_rego": b"x := 1\n"}, "p.rego:1: The file does not begin with `package"),
        ({"p_DOT_rego": GOOD, "x_DOT_sh": b"rm"}, "x.sh:1: A folder of policies holds no such file"),
        ({"p_DOT_rego": GOOD, "settings_DOT_json": b"{\n\n!"}, "settings.json:3: It is no JSON"),
        ({"p_DOT_rego": GOOD, "settings_DOT_json": b"[" * 100_000}, "settings.json:1: It is no JSON"),
        ({"p_DOT_rego": GOOD, "settings_DOT_json": b'{"levels":\n{"p": "firm"}}'}, "settings.json:2: `levels.p`"),
        ({"p_DOT_rego": b"package p\n\ndeny contains 1 if true\n"}, "p.rego:3: The package `p` has `deny` and no"),
        ({"p_DOT_rego": GOOD, "q_DOT_rego": GOOD}, "q.rego:3: `p.rego` describes the package"),
        ({"p_DOT_rego": GOOD + b'\nx := sprintf("%q", [1])\n'}, "p.rego:7: `%q` is not formatted"),
        ({"p_DOT_rego": GOOD + b'\nx := sprintf("%*d|", [3, 1])\n'}, "p.rego:7: `%*` is not formatted"),
        ({"p_DOT_rego": GOOD + b"\nx := time.now_ns()\n"}, "p.rego:7: `time.now_ns` may not be used"),
        ({"p_DOT_rego": GOOD + b"\nx := opa.runtime()\n"}, "p.rego:7: `opa.runtime` may not be used"),
        ({"p_DOT_rego": GOOD + b'\nx := http.send({"url": "u"})\n'}, "p.rego:7: `http.send` may not be used"),
        ({"p_DOT_rego": GOOD + b"\nt if deny with input as {}\n"}, "p.rego:7: `with` is not supported"),
        ({"p_DOT_rego": GOOD + b"\nx if {\n\tinputt.a\n}\n"}, "p.rego:8: `inputt` stands once"),
        ({"p_DOT_rego": GOOD + b"x" * (1 << 20)}, "more than 200 files"),
    ],
)
def test_each_mistake_is_told_with_its_place(files: dict[str, bytes], said: str) -> None:
    assert said in refused(**files)


def test_what_a_string_or_a_comment_says_is_no_code() -> None:
    text = read_rego("p.rego", 'package p\n# %q http.send with\nx := sprintf("%s 100%%", ["with time.now_ns"])\n')
    assert not text.problems
    assert not text.lonely


@given(st.text(alphabet='pkgx:= "`{}[]()#\n%qa.\\$', max_size=200))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    read_rego("p.rego", text)
