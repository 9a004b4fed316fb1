"""Version constraints in Terraform's three dialects; tests/integration/tfmodule compares them with the real client."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from tfmodule import constraints
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError, Line
from tfmodule.version import Version

MODULE, PROVIDER, TERRAFORM = Dialect.MODULE, Dialect.PROVIDER, Dialect.TERRAFORM


def v(text: str) -> Version:
    return Version.parse(text)


def allows(text: str | None, version: str, dialect: Dialect = MODULE) -> bool:
    return Constraints.parse(dialect, text).allows(v(version))


@pytest.mark.checklist("R30")
@pytest.mark.parametrize(
    ("constraint", "text", "expected"),
    [
        ("~> 1.2", "1.9.0", True),
        ("~> 1.2", "2.0.0", False),
        ("~> 1.2", "1.1.9", False),
        ("~> 1.2.3", "1.2.9", True),
        ("~> 1.2.3", "1.3.0", False),
        ("~> 1", "7.0.0", True),
        (">= 1.0, < 2.0", "1.5.0", True),
        (">= 1.0, < 2.0", "2.0.0", False),
        ("1.2", "1.2.0", True),
        ("= 1.2.0", "1.2.1", False),
        ("!= 1.2.0", "1.2.0", False),
        ("!= 1.2.0", "1.2.1", True),
        ("> 1.0.0", "1.0.0", False),
        ("<= 1.0.0", "1.0.0", True),
        ("v1.0.0", "1.0.0", True),
        (" \t>=\n v01.02 ", "1.2.0", True),
        ("1.0.0", "1.0.0+build", True),
        ("~> 1.1.0-rc.1", "1.1.0", False),
        (">=1.0.0-rc.1", "1.0.0", True),
        ("<1.0.0-rc.1", "1.0.0", False),
        ("1.2.3.0", "1.2.3", True),
        ("> 1.2.3.4", "1.2.3", False),
        ("> 1.2.3.4", "1.2.4", True),
        ("~> 1.2.3.4", "1.2.4", False),
        (None, "1.0.0", True),
    ],
)
def test_R30_what_a_module_constraint_takes(constraint: str, text: str, *, expected: bool) -> None:
    assert allows(constraint, text) is expected


@pytest.mark.checklist("R31")
def test_R31_a_prerelease_only_where_it_is_all_that_is_asked_for() -> None:
    rc = "1.1.0-rc.1"
    assert allows("1.1.0-rc.1", rc) and allows("=1.1.0-rc.1", rc) and allows(" 1.1-rc.1 ", rc)
    assert allows("1.1.0-rc.1+b", rc + "+b")
    for constraint in (
        "~> 1.1.0-rc.1", ">= 1.0", ">= 1.1.0-rc.1", "!= 1.0.0", "= 1.1.0", "1.1.0-rc.1+b",
        # Terraform itself does not take these either, although a person would.
        "= 1.1.0-rc.1", "v1.1.0-rc.1", "1.1.0-rc.1, >= 1.0", "1.1.0.0-rc.1", "1.1.0rc.1", None,
    ):  # fmt: skip
        assert not allows(constraint, rc), constraint


@pytest.mark.checklist("R31")
def test_R31_providers_are_read_by_another_library() -> None:
    assert allows("~> 1", "1.9.0", PROVIDER) and not allows("~> 1", "2.0.0", PROVIDER)
    assert allows("= 1.1.0-rc.1, >= 1.0", "1.1.0-rc.1", PROVIDER)
    assert not allows("= 1.1.0-rc.1, >= 1.1.0", "1.1.0-rc.1", PROVIDER)
    assert not allows(">= 1.1.0-rc.1", "1.1.0-rc.2", PROVIDER)
    assert allows("~> 1.1.0-rc.1", "1.1.0", PROVIDER)
    for bad in ("v1.0", "1.2.3.4", ">=  1.0", "1.0.0beta", ">=\t1.0"):
        assert Constraints.parse(MODULE, bad).terms
        with pytest.raises(InvalidConstraintError):
            Constraints.parse(PROVIDER, bad)


def test_required_version_knows_no_prerelease() -> None:
    assert allows(">= 1.5", "1.5.0-alpha20230405", TERRAFORM)
    with pytest.raises(InvalidConstraintError, match="no prerelease"):
        Constraints.parse(TERRAFORM, ">= 1.5.0-beta1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("latest", "`latest` is not a version"),
        (">", "no version follows `>`"),
        ("1.0.0 2.0.0", "a comma is missing"),
        (">= 1.0 < 2.0", "a comma is missing"),
        ("=> 1", "perhaps `>=` is meant"),
        ("^1.0", "perhaps `~>` is meant"),
        ("== 1", "perhaps `=` is meant"),
        ("1.0,", "a comma stands beside nothing"),
        ("1.*", "no wildcards"),
        ("~> 1.x", "no wildcards"),
        ("1.0 || 2.0", "no `||`"),
        ("@1", "no operator `@`"),
        ("9" * 30, "too large"),
        ("1." * 300 + "1", "longer than 500"),
    ],
)
@pytest.mark.parametrize("dialect", Dialect)
def test_what_is_no_constraint_and_why(text: str, reason: str, dialect: Dialect) -> None:
    with pytest.raises(InvalidConstraintError) as raised:
        Constraints.parse(dialect, text)
    assert reason in raised.value.message


@given(st.text(st.sampled_from(list("0123456789.,<>=!~ v-x+a*\n|")), max_size=30), st.sampled_from(Dialect))
def test_any_text_is_a_constraint_or_told_why_not(text: str, dialect: Dialect) -> None:
    try:
        read = Constraints.parse(dialect, text)
    except InvalidConstraintError:
        return
    # Spaces between terms and at the ends mean nothing to either library.
    spaced = Constraints.parse(dialect, f" {text} ".replace(",", " , "))
    for version in (v("1.0.0"), v("1.2.3")):
        assert read.allows(version) == spaced.allows(version)


def test_the_newest_is_chosen() -> None:
    versions = [v(text) for text in ("1.0.0", "1.2.0", "2.0.0-rc.1", "1.10.0")]
    assert Constraints.parse(MODULE, "~> 1.0").choose(versions) == v("1.10.0")
    assert Constraints.parse(MODULE, None).choose(versions) == v("1.10.0")
    assert Constraints.parse(MODULE, "2.0.0-rc.1").choose(versions) == v("2.0.0-rc.1")
    assert Constraints.parse(MODULE, "> 3").choose(versions) is None


@pytest.mark.parametrize(
    ("constraint", "line", "expected"),
    [
        ("~> 5.40", "5", True),
        ("~> 5.40", "5.x", True),
        ("~> 5.40", "5.39", False),
        ("~> 5.40", "5.40.x", True),
        ("~> 5.40", "6", False),
        (">= 4.0, < 5.0", "5", False),
        ("> 5.1.7, < 5.1.9", "5.1", True),
        ("> 5.1.7, < 5.1.9, != 5.1.8", "5.1", False),
        ("= 5.0.0-beta1", "5", False),
        ("= 5.0.0-beta1", "5.0.0-beta1", True),
        (">= 5.0.0", "5.0.0", True),
        (">= 5.0.1", "v5.0.0", False),
    ],
)
def test_whether_some_version_of_a_line_will_do(constraint: str, line: str, *, expected: bool) -> None:
    assert Constraints.parse(PROVIDER, constraint).can_meet(Line.parse(line)) is expected


_BOUND = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda numbers: ".".join(map(str, numbers)))
_TERMS = st.lists(st.tuples(st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "~>"]), _BOUND), max_size=4)


@given(_TERMS, st.lists(st.integers(0, 3), min_size=1, max_size=2), st.sampled_from(Dialect))
def test_a_line_is_met_exactly_when_one_of_its_versions_is(
    terms: list[tuple[str, str]], line: list[int], dialect: Dialect
) -> None:
    text = ", ".join(" ".join(term) for term in terms) or None
    read, asked = Constraints.parse(dialect, text), Line.parse(".".join(map(str, line)))
    # Bounds stop at 3, so what holds at all holds somewhere below 9.
    found = (Version(*numbers) for numbers in itertools.product(range(9), repeat=3))
    assert read.can_meet(asked) is any(asked.holds(one) and read.allows(one) for one in found)


@pytest.mark.parametrize("text", ["", "x", "latest", "1.2.3.4", ">= 5", "5.x.1", "1" * 600])
def test_no_line(text: str) -> None:
    with pytest.raises(UserError, match="no version to ask about"):
        Line.parse(text)


TERMS = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(["", "=", "!=", ">", ">=", "<", "<=", "~>"]),
        st.sampled_from(
            ["1", "1.0", "1.0.0", "1.0.1", "1.0.2", "1.1", "1.1.0", "1.2", "2", "1.1.0-rc.1", "1.0.1+b", "1.0.0.1"]
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(TERMS, st.sampled_from(["1", "1.0", "1.1", "2", "0", "1.2.x"]), st.sampled_from(Dialect))
def test_a_line_is_met_exactly_where_one_of_its_releases_is(terms: list[str], line: str, dialect: Dialect) -> None:
    try:
        read = Constraints.parse(dialect, ", ".join(terms))
    except InvalidConstraintError:
        return
    wanted = Line.parse(line)
    releases = [Version(*numbers) for numbers in itertools.product(range(5), repeat=3)]
    expected = any(read.allows(one) for one in releases if wanted.holds(one))
    assert read.can_meet(wanted) is expected


def test_a_line_costs_no_comparison_of_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = itertools.count()
    real = constraints._compare

    def counted(version: Version, term: constraints.Term) -> int:
        next(calls)
        return real(version, term)

    monkeypatch.setattr(constraints, "_compare", counted)
    together = Constraints(MODULE)
    for start in range(0, 2000, 20):
        text = ",".join(f"{operator}5.0.{n}" for n in range(start, start + 20) for operator in ("!=", ">="))
        together = together.together(Constraints.parse(MODULE, text))
    assert together.can_meet(Line.parse("5.0"))
    assert next(calls) < 4000 * 20
