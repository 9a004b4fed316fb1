"""Names: which are reserved, and which one reads for each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import names
from accounts.names import OURS, VENDORS, look_alike, reserved, skeleton
from tfmodule.address import Address

# What is drawn alike: each of these may stand for the other anywhere in a name.
ALIKE = (("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("8", "b"), ("rn", "m"), ("vv", "w"), ("cl", "d"), ("-", "_"))
LETTERS = st.sampled_from([*"abcdefghjkmnpqstuwxyz", "o", "l", "s", "b", "m", "w", "d"])
PAIRS = [(f"team{left}x", f"team{right}x") for left, right in ALIKE]


@pytest.mark.checklist("T-11")
@pytest.mark.parametrize(
    ("name", "other"),
    [
        *PAIRS,
        ("acme", "ACME"),
        ("acme", "acrne"),
        ("acme", "a-c-m-e"),
        ("acme-corp", "acmecorp"),
        ("paypal", "paypa1"),
        ("paypal", "PayPaI"),
        ("google", "g00gle"),
        ("twitter", "tvvitter"),
        ("cloud", "doud"),
        ("hashicorp", "hash1corp"),
        ("bob", "8ob"),
    ],
)
def test_T11_these_are_read_for_each_other(name: str, other: str) -> None:
    assert look_alike(other, ["something", name, "else"]) == name


@pytest.mark.checklist("T-11")
@given(st.lists(LETTERS, min_size=3, max_size=20), st.data())
def test_T11_no_exchange_of_letters_that_look_alike_makes_another_name(letters: list[str], data: st.DataObject) -> None:
    exchanges = {right: left for left, right in ALIKE}
    other = [exchanges.get(one, one) if data.draw(st.booleans()) else one for one in letters]
    changed = "".join(one.upper() if data.draw(st.booleans()) and one != "i" else one for one in other)
    assert skeleton("".join(letters)) == skeleton(changed)


@pytest.mark.parametrize(("name", "other"), [("acme", "acne"), ("acme", "acme2"), ("team", "teams"), ("a1", "a2")])
def test_names_that_differ_to_the_eye_are_different(name: str, other: str) -> None:
    assert look_alike(name, [other]) is None


@pytest.mark.checklist("T-11")
def test_T11_our_own_words_and_vendors_are_reserved() -> None:
    for name in ("api", "API", "v1", "well-known", "archives", "static", "login", "admin", "github"):
        assert reserved(name) == name.casefold()
    assert (reserved("HashiCorp"), reserved("hash1corp"), reserved("Terraform_AWS_modules")) == (
        "hashicorp", "hashicorp", "terraform-aws-modules",
    )  # fmt: skip
    # An abbreviation may look like a word of ours: nobody takes `apl` for our API.
    assert [reserved(name) for name in ("apl", "acme", "open", "platform", "cloud")] == [None] * 5


def test_the_lists_hold_names_that_could_be_asked_for() -> None:
    for name in OURS | VENDORS:
        Address(name, "module", "system")
        assert name == names.key(name)
    assert not OURS & VENDORS
