"""What versions need, who needs a module, and what may be published: on both databases, with each reader's eyes."""

from typing import Any

import pytest
from sqlalchemy import event, update

from accounts import tokens
from registry import models
from registry.services import dependencies, lifecycle, resolving
from registry.services.catalog import UnknownModuleError
from registry.services.resolving import CallProblem, UnresolvedError
from tests.integration.registry.calling import HOST, call, demands, needs, own, publish
from tfmodule.address import Address
from tfmodule.version import Version

APP, NET = Address.parse("acme/app/aws"), Address.parse("acme/net/aws")


def principal(registry: Any, namespace: str) -> tokens.Principal | None:
    secret = registry.token(namespace)
    with registry.database.read() as session:
        return tokens.authenticate(session, secret)


def problems(registry: Any, main: str, address: Address = APP, version: str = "1.0.0", **others: str) -> Any:
    files = {"main.tf": main} | {f"{name.replace('__', '/')}.tf": text for name, text in others.items()}
    with registry.database.read() as session:
        return resolving.resolve(session, address, Version.parse(version), needs(files)).problems


def only(found: tuple[CallProblem, ...]) -> CallProblem:
    assert len(found) == 1, found
    return found[0]


def remove(registry: Any, address: Address, version: str, state: str = "tombstone") -> None:
    with registry.database.unit_of_work() as session:
        if state == "tombstone":
            lifecycle.remove(session, address, Version.parse(version), "it leaked a key", "operator")
        else:
            session.execute(
                update(models.Version).where(models.Version.version == version).values(state=state, state_reason="why")
            )


def test_what_a_version_needs_and_who_needs_a_module(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, "acme/net/aws", "1.0.0")
    publish(
        registry, "acme/app/aws", "1.0.0",
        demands(">= 1.5", aws="~> 5.0") + own("acme/net/aws//modules/sub", "~> 1.0") + call("inner", "./modules/x"),
        modules__x__main=call("far", "git::https://elsewhere.example/x.git") + call("public", "hashicorp/consul/aws"),
        examples__basic__main=own("acme/app/aws"),
    )  # fmt: skip
    with registry.database.read() as session:
        found = dependencies.of_version(session, APP, "v1.0.0", None).needs
        assert [(one.part, one.kind, one.name, one.source, one.constraint, one.line) for one in found] == [
            ("", "terraform", "terraform", "", ">= 1.5", 3),
            ("", "module", "it", f"{HOST}/acme/net/aws//modules/sub", "~> 1.0", 9),
            ("", "local", "inner", "./modules/x", "", 13),
            ("", "provider", "aws", "registry.terraform.io/hashicorp/aws", "~> 5.0", 5),
            ("modules/x", "git", "far", "git::https://elsewhere.example/x.git", "", 2),
            ("modules/x", "registry", "public", "hashicorp/consul/aws", "", 5),
        ]
        assert [(one.address, one.target) for one in found[1:3]] == [(NET, "modules/sub"), (None, "modules/x")]
        callers = dependencies.dependants(session, NET, None, offset=0, limit=10)
        assert [(one.address, str(one.version), one.constraint, one.path) for one in callers] == [
            (APP, "1.0.0", "~> 1.0", "main.tf")
        ]
        assert dependencies.dependants(session, APP, None, offset=0, limit=10) == ()


def test_dependants_are_told_only_to_those_who_may_read_them(registry: Any) -> None:
    registry.namespace("acme")
    registry.namespace("secret", "private")
    registry.namespace("other", "private")
    publish(registry, "acme/net/aws", "1.0.0")
    publish(registry, "secret/app/aws", "1.0.0", own("acme/net/aws"))
    publish(registry, "secret/base/aws", "1.0.0")
    for version in ("1.0.0", "1.1.0"):
        publish(registry, "secret/top/aws", version, own("secret/base/aws"))
    reader, stranger = principal(registry, "secret"), principal(registry, "other")
    with registry.database.read() as session:
        for who, count in ((None, 0), (stranger, 0), (reader, 1)):
            assert len(dependencies.dependants(session, NET, who, offset=0, limit=10)) == count
        base = Address.parse("secret/base/aws")
        found = dependencies.dependants(session, base, reader, offset=0, limit=10)
        assert [str(one.version) for one in found] == ["1.1.0", "1.0.0"]
        assert dependencies.dependants(session, base, reader, offset=1, limit=1) == found[1:]
        with pytest.raises(UnknownModuleError):
            dependencies.dependants(session, base, stranger, offset=0, limit=10)
    remove(registry, Address.parse("secret/top/aws"), "1.1.0")
    with registry.database.read() as session:
        assert len(dependencies.dependants(session, base, reader, offset=0, limit=10)) == 1


def test_a_module_that_calls_nothing_of_ours_is_let_alone(registry: Any) -> None:
    registry.namespace("acme")
    elsewhere = call("a", "hashicorp/consul/aws", "9.9") + call("b", "other.example.test/acme/none/aws")
    assert problems(registry, elsewhere + call("c", "github.com/x/y") + demands(aws="~> 5.0")) == ()


def test_an_unknown_module_is_refused_at_its_line(registry: Any) -> None:
    registry.namespace("acme")
    found = only(problems(registry, "\n\n" + own("acme/none/aws", "~> 1.0")))
    assert (found.severity, found.path, found.line) == ("error", "main.tf", 4)
    assert f"`{HOST}/acme/none/aws` is no module of this registry" in found.message and found.fix


@pytest.mark.checklist("T-25")
def test_T25_an_invented_module_is_told_with_the_one_that_was_meant(registry: Any) -> None:
    for name, visibility in (("acme", "public"), ("secret", "private"), ("acne", "private")):
        registry.namespace(name, visibility)
    for address in ("acme/vpc/aws", "acme/dns-zone/google", "secret/queue/aws"):
        publish(registry, address, "1.0.0")
    for written, meant in (
        ("acme/vpcs/aws", "acme/vpc/aws"),
        ("acme/dns_zones/google", "acme/dns-zone/google"),
        ("acmee/vpc/aws", "acme/vpc/aws"),
        ("acme/vpc/azurerm", "acme/vpc/aws"),
        ("acme/queue/aws", None),
        ("secrets/queue/aws", None),
        ("acme/kms/aws", None),
    ):
        fix = only(problems(registry, own(written, "~> 1.0"))).fix
        assert fix.startswith(f"Did you mean `{meant}`? ") if meant else "mean" not in fix, (written, fix)
    own_eyes = only(problems(registry, own("secret/queues/aws", "~> 1.0"), Address.parse("secret/app/aws"))).fix
    assert own_eyes.startswith("Did you mean `secret/queue/aws`?")
    remove(registry, Address.parse("acme/vpc/aws"), "1.0.0")
    assert "mean" not in only(problems(registry, own("acme/vpcs/aws", "~> 1.0"))).fix


def test_what_the_namespace_may_not_read_is_unknown_to_it(registry: Any) -> None:
    registry.namespace("acme")
    registry.namespace("secret", "private")
    publish(registry, "secret/base/aws", "1.0.0")
    unknown = only(problems(registry, own("secret/none/aws", "~> 1.0")))
    hidden = only(problems(registry, own("secret/base/aws", "~> 1.0")))
    assert hidden.message.replace("base", "none") == unknown.message
    assert problems(registry, own("secret/base/aws", "~> 1.0"), Address.parse("secret/app/aws")) == ()


def test_a_constraint_that_no_version_meets_names_those_there_are(registry: Any) -> None:
    registry.namespace("acme")
    for number in range(7):
        publish(registry, "acme/net/aws", f"1.{number}.0")
    found = only(problems(registry, own("acme/net/aws", "~> 2.0")))
    assert found.message == (
        "No version of `acme/net/aws` meets `~> 2.0`. There are 1.6.0, 1.5.0, 1.4.0, 1.3.0, 1.2.0 and 2 older."
    )
    assert (found.path, found.line) == ("main.tf", 3)
    assert "a comma is missing" in only(problems(registry, own("acme/net/aws", ">= 1.0 < 2.0"))).message


@pytest.mark.parametrize("state", ["tombstone", "revoked", "quarantined"])
def test_a_version_that_nobody_is_given_any_more_is_refused_with_the_reason(registry: Any, state: str) -> None:
    registry.namespace("acme")
    for version in ("1.0.0", "1.1.0"):
        publish(registry, "acme/net/aws", version)
    remove(registry, NET, "1.1.0", state)
    assert problems(registry, own("acme/net/aws", "~> 1.0")) == ()  # Terraform takes the other one
    found = only(problems(registry, own("acme/net/aws", "1.1.0")))
    word = {"tombstone": "removed (it leaked a key)", "quarantined": "in quarantine (why)"}.get(state, "revoked (why)")
    assert found.message == f"No version of `acme/net/aws` meets `1.1.0`: 1.1.0 is {word}. There are 1.0.0."
    remove(registry, NET, "1.0.0", state)
    assert "no version left" in only(problems(registry, own("acme/net/aws"))).message


def test_a_deprecated_version_is_a_warning(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, "acme/net/aws", "1.0.0")
    remove(registry, NET, "1.0.0", "deprecated")
    found = only(problems(registry, own("acme/net/aws", "1.0.0")))
    assert (found.severity, found.message) == ("warning", "`acme/net/aws` 1.0.0 is deprecated: why.")


@pytest.mark.checklist("R31")
def test_R31_a_prerelease_that_terraform_would_not_take_is_explained(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, "acme/net/aws", "1.0.0-rc.1")
    assert problems(registry, own("acme/net/aws", "1.0.0-rc.1")) == ()
    assert "stands alone" in only(problems(registry, own("acme/net/aws", "= 1.0.0-rc.1"))).fix


def test_trouble_further_down_is_told_at_the_call_that_leads_to_it(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, "acme/base/aws", "1.0.0")
    publish(registry, "acme/net/aws", "1.0.0", "", modules__in__main=own("acme/base/aws", "1.0.0"))
    remove(registry, Address.parse("acme/base/aws"), "1.0.0")
    assert problems(registry, own("acme/net/aws", "1.0.0")) == ()  # its root does not call that submodule
    found = only(problems(registry, call("x", "./modules/own"), modules__own__main=own("acme/net/aws//modules/in")))
    assert (found.path, found.line) == ("modules/own/main.tf", 2)
    assert "`acme/net/aws` 1.0.0, which it leads to, cannot be installed" in found.message


def test_a_module_that_in_the_end_calls_itself_is_refused(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, "acme/app/aws", "1.0.0")
    publish(registry, "acme/net/aws", "1.0.0", own("acme/app/aws", "~> 1.0"))
    found = only(problems(registry, own("acme/net/aws", "1.0.0"), version="1.1.0"))
    assert found.line == 2
    assert "`acme/app/aws` → `acme/net/aws` 1.0.0 → `acme/app/aws`" in found.message
    # The same with another major version ends: what is called does not take the new one.
    assert problems(registry, own("acme/net/aws", "1.0.0"), version="2.0.0") == ()
    # A submodule may call the root of its own module, as long as the root does not call it.
    assert problems(registry, "", modules__x__main=own("acme/app/aws", "2.0.0"), version="2.0.0") == ()
    circle = problems(
        registry, call("x", "./modules/x"), modules__x__main=own("acme/app/aws", "2.0.0"), version="2.0.0"
    )
    assert "never ends" in only(circle).message


def test_the_first_version_of_all_may_call_nothing_but_what_is_there(registry: Any) -> None:
    registry.namespace("acme")
    assert "never ends" in only(problems(registry, own("acme/app/aws", "~> 1.0"))).message
    with registry.database.read() as session:
        none_chosen = resolving.resolve(session, APP, None, needs({"main.tf": own("acme/app/aws")})).problems
    assert "never ends" in only(none_chosen).message


def test_what_was_revoked_meanwhile_stops_the_publication(registry: Any) -> None:
    registry.namespace("acme")
    publish(registry, "acme/net/aws", "1.0.0")
    wanted = needs({"main.tf": own("acme/net/aws", "1.0.0")})
    with registry.database.read() as session:
        resolving.require(session, APP, Version.parse("1.0.0"), wanted)
    remove(registry, NET, "1.0.0")
    with registry.database.read() as session, pytest.raises(UnresolvedError, match=r"was|is removed .* \(main.tf:3\)"):
        resolving.require(session, APP, Version.parse("1.0.0"), wanted)


def test_a_long_chain_and_a_wide_fan_are_bounded(sqlite_registry: Any) -> None:
    sqlite_registry.namespace("acme")
    publish(sqlite_registry, "acme/m0/aws", "1.0.0")
    for number in range(1, 36):
        publish(sqlite_registry, f"acme/m{number}/aws", "1.0.0", own(f"acme/m{number - 1}/aws"))
    assert problems(sqlite_registry, own("acme/m20/aws")) == ()
    assert "inside one another" in only(problems(sqlite_registry, own("acme/m35/aws"))).message


def test_what_no_database_can_hold_is_written_down_as_what_it_is_not(registry: Any) -> None:
    """An escape may stand for a NUL or half a character: Postgres refuses the one, no encoding has the other."""
    registry.namespace("acme")
    odd = (
        'module "n\\u0000" {\n  source = "./modules/x\\ud800"\n}\nterraform {\n  required_version = ">= 1\\u0000"\n}\n'
    )
    publish(registry, "acme/app/aws", "1.0.0", odd)
    with registry.database.read() as session:
        found = dependencies.of_version(session, APP, "1.0.0", None).needs
    assert {"\ufffd" in f"{one.name}{one.source}{one.constraint}" for one in found} == {True}


def test_the_question_who_needs_a_module_uses_its_index(registry: Any) -> None:
    """As the database plans it: nothing of it reads a whole table, however many versions call something else."""
    registry.namespace("acme")
    publish(registry, "acme/net/aws", "1.0.0")
    publish(registry, "acme/app/aws", "1.0.0", own("acme/net/aws"))
    said: list[tuple[str, Any]] = []
    with registry.database.read() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda _c, _cur, *one: said.append((one[0], one[1])))
        assert len(dependencies.dependants(session, NET, None, offset=0, limit=10)) == 1
    assert len([one for one, _ in said if "version_dependencies" in one]) == 1
    postgres = not registry.database.url.startswith("sqlite")
    with registry.database.read() as session:
        connection = session.connection()
        if postgres:  # for so few rows it would read the whole table, rightly
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in said:
            explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
            plan = "\n".join(map(str, connection.exec_driver_sql(explain + statement, parameters)))
            assert "Seq Scan" not in plan and "SCAN" not in plan, f"{statement}\n{plan}"
            if "version_dependencies" in statement:
                assert "ix_version_dependencies_module_id" in plan, plan
