"""Frameworks are data: ours hold together, and a file of somebody else's is refused with everything that is wrong."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.compliance import known
from gate.compliance.framework import (
    _FOLDER,
    BUILT_IN,
    MOST_BYTES,
    FrameworkError,
    UnknownFrameworkError,
    built_in,
    read,
)
from gate.scanning import concerns

HEAD = 'id = "ours"\ntitle = "Our rules"\nversion = "1"\nlicence = "CC0-1.0"\nattribution = "Us."\n'
ONE = '[[requirement]]\nid = "R1"\nwords = "Buckets are private."\nrules = ["CKV_AWS_53"]\n'


@pytest.mark.parametrize("name", BUILT_IN)
def test_ours_name_rules_that_there_are(name: str) -> None:
    framework = read((_FOLDER / f"{name}.toml").read_bytes(), name, known.rules())
    assert framework == built_in(name)
    assert framework.id == name
    assert "Apache-2.0" in framework.attribution
    assert any(one.rules for one in framework.requirements)
    assert any(one.kind == "not-in-code" for one in framework.requirements)


def test_the_ids_are_those_of_the_frameworks() -> None:
    cis = [one.id for one in built_in("cis-aws").requirements]
    assert len(cis) == 63
    chapters = [sum(re.fullmatch(f"{chapter}(\\.[0-9]+)+", one) is not None for one in cis) for chapter in range(1, 6)]
    assert chapters == [21, 9, 9, 16, 8]
    soc2 = [one.id for one in built_in("soc2").requirements]
    series = [
        sum(re.fullmatch(f"{name}[0-9.]+", one) is not None for one in soc2) for name in ("CC", "A", "C", "PI", "P")
    ]
    assert series == [33, 3, 2, 5, 18]
    assert sum(series) == len(soc2)


def test_no_word_is_the_authors_and_none_claims_too_much() -> None:
    for name in BUILT_IN:
        for one in built_in(name).requirements:
            # Theirs begin with Ensure, or with "The entity"; ours are sentences of our own.
            assert not re.match(r"Ensure|The entity", one.words)
            assert "complian" not in one.words.lower()


def test_every_framework_is_data_with_a_licence() -> None:
    framework = read((HEAD + ONE).encode(), "ours.toml", known.rules())
    assert (framework.id, framework.licence, framework.attribution) == ("ours", "CC0-1.0", "Us.")
    assert framework.requirements[0].rules == ("CKV_AWS_53",)
    assert framework.digest == read((HEAD + ONE).encode(), "elsewhere", known.rules()).digest
    assert framework.digest != read((HEAD + ONE.replace("53", "54")).encode(), "ours.toml").digest


def test_policies_are_the_organisations_own() -> None:
    text = (HEAD + ONE).replace("CKV_AWS_53", "policy/allowed_regions")
    assert read(text.encode(), "ours.toml", known.rules()).requirements[0].rules == ("policy/allowed_regions",)
    with pytest.raises(FrameworkError, match="no rule is called"):
        read(text.replace("allowed_", "allowed ").encode(), "ours.toml", known.rules())


def test_a_concern_stands_for_all_its_rules() -> None:
    text = HEAD + '[[requirement]]\nid = "R1"\nwords = "w"\nconcerns = ["exposure"]\n'
    (requirement,) = read(text.encode(), "ours.toml").requirements
    assert set(requirement.rules) == {rule.id for rule in concerns.rules().values() if rule.concern == "exposure"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD.replace('licence = "CC0-1.0"\n', "") + ONE, "`licence` is missing"),
        (HEAD.replace('attribution = "Us."', 'attribution = " "') + ONE, "`attribution` is missing"),
        (HEAD.replace('"ours"', '"Our Rules"') + ONE, "takes small letters"),
        (HEAD, "no `[[requirement]]`"),
        (HEAD + ONE + ONE.replace("R1", "r1"), "`r1` stands twice"),
        (HEAD + ONE.replace("CKV_AWS_53", "CKV_AWS_9999"), "no rule is called `CKV_AWS_9999`"),
        (HEAD + ONE.replace("CKV_AWS_53", "encryptions"), "the nearest is `encryption`"),
        (HEAD + ONE.replace('["CKV_AWS_53"]', '["fmt", "fmt"]'), "`fmt` stands twice"),
        (HEAD + ONE.replace('["CKV_AWS_53"]', '"CKV_AWS_53"'), "not a list"),
        (HEAD + ONE + 'kind = "not-in-code"\n', "so it is not `not-in-code`"),
        (HEAD + ONE + 'kind = "code?"\n', "`kind` is neither"),
        (HEAD + ONE + 'against = ["CKV_AWS_53"]\n', "stands among `rules` and `against`"),
        (HEAD + ONE + 'against = ["nothing"]\n', "no rule is called `nothing`"),
        (HEAD + ONE + 'concerns = ["safety"]\n', "there is no concern `safety`"),
        (HEAD + ONE + 'title = "t"\n', "nothing is called `title`"),
        (HEAD + ONE.replace("Buckets", "a\\u202eb"), "nobody can see"),
        ("id = ", "not TOML"),
        (HEAD + "\xff", "not UTF-8"),
        ("#" * (MOST_BYTES + 1), "larger than"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, said: str) -> None:
    with pytest.raises(FrameworkError) as refused:
        read(text.encode("latin-1"), "ours.toml", known.rules())
    assert said in refused.value.message
    assert "`ours.toml`" in refused.value.message


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = ONE.replace("CKV_AWS_53", "nothing") + ONE
    with pytest.raises(FrameworkError) as refused:
        read(text.encode(), "ours.toml", known.rules())
    assert len(refused.value.problems) == 5 + 1 + 1


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownFrameworkError, match=r"`pci`.*`cis-aws`, `soc2`"):
        built_in("pci")


@given(st.binary(max_size=300) | st.text(alphabet='id=[]"\n requirmnt.', max_size=200).map(str.encode))
def test_any_bytes_are_a_framework_or_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(FrameworkError):
        read(data, "ours.toml")


def test_the_page_counts_right() -> None:
    page = (Path(__file__).parents[4] / "docs/COMPLIANCE.md").read_text(encoding="utf-8")
    for name in BUILT_IN:
        found = built_in(name)
        kept = [one for one in found.requirements if one.asks]
        outside = [one for one in found.requirements if one.kind == "not-in-code"]
        row = f"| `{name}` | {found.title}"
        (line,) = [line for line in page.splitlines() if line.startswith(row)]
        assert line.endswith(f"| {len(found.requirements)} | {len(kept)} | {len(outside)} |")
        assert found.version in line


def test_the_example_of_the_page_is_a_framework() -> None:
    page = (Path(__file__).parents[4] / "docs/COMPLIANCE.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert [one.kind for one in read(example.encode(), "house.toml", known.rules()).requirements] == [
        "code",
        "code",
        "not-in-code",
    ]
