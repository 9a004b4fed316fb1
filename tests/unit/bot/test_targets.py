import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.targets import Found, NameTakenError, carries, check_repository_name, choose, description, settle
from core.errors import UserError

ME = "req_0123456789abcdefghj"
OTHER = "req_zzzzzzzzzzzzzzzzzzz"


def found(name, text="", archived=False):
    return Found(7, f"acme/{name}", text, archived)


def test_inside_a_module_repository_the_module_goes_there():
    choice = choose("acme/terraform-aws-bucket", None, None)
    assert (choice.kind, choice.system, choice.name) == ("here", "aws", "bucket")
    target = settle(choice, system="aws", name="bucket", request_id=ME, found=found("terraform-aws-bucket"))
    assert (target.full_name, target.ask_permission) == ("acme/terraform-aws-bucket", False)


def test_a_named_repository_binds_name_and_system():
    choice = choose("acme/platform", "terraform-aws-bucket", None)
    assert (choice.kind, choice.repository) == ("named", "terraform-aws-bucket")
    assert settle(choice, system="aws", name="bucket", request_id=ME, found=None).found is None


def test_s11_an_existing_named_repository_asks_for_the_requesters_right_there():
    choice = choose("acme/platform", "acme/terraform-aws-bucket", "aws")
    stranger = found("terraform-aws-bucket", "made by hand")
    assert settle(choice, system="aws", name="bucket", request_id=ME, found=stranger).ask_permission
    mine = found("terraform-aws-bucket", description("Bucket", ME))
    assert not settle(choice, system="aws", name="bucket", request_id=ME, found=mine).ask_permission


@pytest.mark.parametrize("text", ["", None, "a bucket", description("x", OTHER), f"terrasmith:request:{ME}"])
def test_a_strangers_repository_is_a_question_never_a_guess(text):
    choice = choose("acme/platform", None, None)
    taken = Found(7, "acme/terraform-aws-bucket", text)
    with pytest.raises(NameTakenError, match="will not guess"):
        settle(choice, system="aws", name="bucket", request_id=ME, found=taken)


def test_our_own_repository_is_found_again():
    choice = choose("acme/platform", None, "aws")
    mine = found("terraform-aws-bucket", description("A bucket", ME))
    assert settle(choice, system="aws", name="bucket", request_id=ME, found=mine).found == mine


@pytest.mark.parametrize(
    ("asked_in", "repo", "provider", "says"),
    [
        ("acme/terraform-aws-bucket", "terraform-aws-queue", None, "lives in"),
        ("acme/terraform-aws-bucket", None, "azurerm", "--provider"),
        ("acme/platform", "other/terraform-aws-bucket", None, "only within"),
        ("acme/platform", "bucket", None, "terraform-aws-bucket"),
        ("acme/platform", "terraform-aws-bucket", "google", "--provider"),
        ("acme/platform", "-x", None, "cannot be the name"),
    ],
)
def test_a_contradiction_is_told(asked_in, repo, provider, says):
    with pytest.raises(UserError, match=says):
        choose(asked_in, repo, provider)


def test_an_archived_repository_is_told():
    with pytest.raises(UserError, match="archived"):
        settle(
            choose("acme/terraform-aws-a", None, None),
            system="aws", name="a", request_id=ME, found=found("terraform-aws-a", archived=True),
        )  # fmt: skip


@given(st.text(max_size=400))
def test_a_description_carries_its_request_and_no_other(title):
    text = description(f"{title} [terrasmith:request:{OTHER}]", ME)
    assert carries(text, ME)
    assert not carries(text, OTHER)
    assert len(text) <= 350


@pytest.mark.parametrize(
    "name", ["", "-a", ".git", "a.git", "a..b", "a.lock", "a b", "a/b", "ä", "a" * 101, "a\n", "a."]
)
def test_s22_hostile_names_are_refused(name):
    with pytest.raises(UserError):
        check_repository_name(name)
