"""Which versions work with a Terraform and with providers: their own constraints, and those of all they call."""

from typing import Any

import pytest

from accounts.permissions import SignInRequiredError
from core.errors import UserError
from registry.services import compatibility
from registry.services.compatibility import Compatibility, compatible
from tests.integration.registry.calling import call, demands, own, publish
from tfmodule.address import Address

NET = "acme/net/aws"


def asked(registry: Any, terraform: str | None = None, part: str = "", **providers: str) -> tuple[Compatibility, ...]:
    with registry.database.read() as session:
        return compatible(
            session, Address.parse(NET), None, terraform=terraform, part=part,
            providers={f"hashicorp/{name}": line for name, line in providers.items()},
        ).versions  # fmt: skip


def working(found: tuple[Compatibility, ...]) -> list[str]:
    return [str(one.version) for one in found if one.works]


def test_terraform_and_providers_of_the_module_itself(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, NET, "1.0.0", demands(">= 1.3", aws="~> 4.0"))
    publish(registry, NET, "2.0.0", demands(">= 1.5", aws=">= 4.5, < 6.0"))
    publish(registry, NET, "3.0.0", demands(">= 1.6", aws="~> 5.40"))
    publish(registry, NET, "3.1.0-rc.1", demands(">= 1.9", aws="~> 6.0"))
    assert working(asked(registry, "1.5", aws="5")) == ["2.0.0"]
    assert working(asked(registry, "1.5.7", aws="5.x")) == ["2.0.0"]
    assert working(asked(registry, aws="5.39")) == ["2.0.0"]
    assert working(asked(registry, aws="5.40.1")) == ["3.0.0", "2.0.0"]
    assert working(asked(registry, "1.9", aws="6")) == ["3.1.0-rc.1"]
    assert working(asked(registry, google="4")) == ["3.1.0-rc.1", "3.0.0", "2.0.0", "1.0.0"]
    first = asked(registry, "1.2", aws="5")[-1]
    assert first.reasons == (
        "`acme/net/aws` 1.0.0 wants Terraform `>= 1.3`, and 1.2 is asked for",
        "`acme/net/aws` 1.0.0 wants registry.terraform.io/hashicorp/aws `~> 4.0`, and 5 is asked for",
    )


def test_what_is_called_counts_too_and_constraints_must_fit_together(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, "acme/base/aws", "1.0.0", demands(aws=">= 5.30"))
    publish(registry, "acme/base/aws", "1.1.0", demands(aws=">= 5.50"))
    publish(registry, NET, "1.0.0", demands(aws="< 5.40") + own("acme/base/aws", "1.0.0"))
    publish(registry, NET, "1.1.0", demands(aws="< 5.40") + own("acme/base/aws", "~> 1.0"))
    publish(registry, NET, "1.2.0", call("in", "./modules/in"), modules__in__main=demands("~> 1.9.0", aws="~> 4.0"))
    found = {str(one.version): one for one in asked(registry, aws="5")}
    assert found["1.0.0"].works and not found["1.1.0"].works
    # Each alone would do with some 5.x; Terraform looks for one that suits both.
    assert "meets all of < 5.40, >= 5.50" in found["1.1.0"].reasons[0]
    assert found["1.2.0"].reasons[0].startswith("`acme/net/aws` 1.2.0//modules/in wants")
    assert working(asked(registry, "1.9")) == ["1.2.0", "1.1.0", "1.0.0"]
    assert working(asked(registry, "1.8", part="modules/in")) == ["1.1.0", "1.0.0"]


def test_what_leads_elsewhere_is_named_and_what_cannot_be_installed_does_not_work(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, NET, "1.0.0", call("far", "git::https://elsewhere.example/x.git"))
    publish(registry, NET, "1.1.0", own("acme/gone/aws", "1.0.0"))
    second, first = asked(registry, "1.5")
    assert first.works and first.not_followed == ("git::https://elsewhere.example/x.git",)
    assert not second.works and "cannot be installed" in second.reasons[0]


def test_circles_and_versions_from_before_end_well(registry: Any) -> None:
    from tfmodule.contents import Contents

    registry.namespace("acme")
    publish(registry, "acme/base/aws", "1.0.0", own(NET))
    publish(registry, NET, "1.0.0", own("acme/base/aws"))
    old = Contents.from_files({"main.tf": demands(">= 1.6", aws="~> 4.0").encode()})
    registry.publish(NET, "0.9.0", contents=old, repository_id=sum(NET.encode()))
    found = {str(one.version): one.works for one in asked(registry, "1.5")}
    assert found == {"1.0.0": True, "0.9.0": False}
    assert working(asked(registry, aws="4")) == ["1.0.0", "0.9.0"]


def test_bad_questions_and_strangers(sqlite_registry: Any) -> None:
    sqlite_registry.namespace("acme", "private")
    publish(sqlite_registry, NET, "1.0.0")
    with sqlite_registry.database.read() as session:
        for terraform, providers, words in (
            ("latest", {}, "no version to ask about"),
            (">= 1.5", {}, "no version to ask about"),
            (None, {"hashicorp/aws": "x"}, "no version to ask about"),
            (None, {"a/b/c/d": "5"}, "is no provider"),
            (None, {f"a/p{n}": "1" for n in range(21)}, "20 providers at most"),
        ):
            with pytest.raises(UserError, match=words):
                compatible(session, Address.parse(NET), None, terraform=terraform, providers=providers)
        with pytest.raises(SignInRequiredError):
            compatible(session, Address.parse(NET), None)


def test_too_many_constraints_are_left_open_and_of_many_versions_the_newest_are_judged(
    registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask; what one publisher wrote must not keep the others waiting."""
    registry.namespace("acme")
    many, number = {}, 0
    for part in range(14):
        text = ", ".join(f"!= 5.0.{number + one}" for one in range(40))
        many[f"modules__m{part}__main"] = demands(aws=text)
        number += 40
    calls = "".join(call(f"m{part}", f"./modules/m{part}") for part in range(14))
    publish(registry, NET, "1.0.0", demands(">= 1.3", aws="~> 5.0"))
    publish(registry, NET, "2.0.0", demands(">= 1.5") + calls, **many)
    publish(
        registry, NET, "2.1.0", demands(">= 1.5", aws="~> 5.0") + calls, **dict.fromkeys(many, demands(aws="~> 5.0"))
    )
    last, open_, first = asked(registry, "1.5", aws="5")
    assert last.works and last.decided and first.works and first.decided
    assert (open_.works, open_.decided) == (False, False)
    assert open_.reasons == ("registry.terraform.io/hashicorp/aws: too many constraints to decide",)
    refused = asked(registry, "1.4", aws="5")[1]  # one sure reason is enough
    assert (refused.works, refused.decided) == (False, True)
    assert len(refused.reasons) == 2
    monkeypatch.setattr(compatibility, "_MOST_PARTS_READ", 3)
    assert [one.decided for one in asked(registry, "1.5", aws="5")] == [True, False, False]
    monkeypatch.setattr(compatibility, "_MOST_VERSIONS", 2)
    with registry.database.read() as session:
        answer = compatible(session, Address.parse(NET), None)
    assert ([str(one.version) for one in answer.versions], answer.not_judged) == (["2.1.0", "2.0.0"], 1)


def test_calls_are_read_from_the_same_allowance(registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.namespace("acme")
    publish(registry, "acme/base/aws", "1.0.0")
    publish(registry, NET, "1.0.0", own("acme/base/aws", ">= 1.0, != 1.1, != 1.2"))
    monkeypatch.setattr(compatibility, "_MOST_PARTS_READ", 2)
    (only,) = asked(registry, "1.5")
    assert (only.works, only.decided) == (False, False)
    assert only.reasons == ("`acme/net/aws` 1.0.0: too many constraints to decide",)
