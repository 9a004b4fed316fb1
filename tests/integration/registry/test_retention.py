"""Retention on both databases: whose policy counts, what goes, and that it says so."""

from datetime import timedelta

import pytest

from core import clock
from registry.services import download_counts, lifecycle, retention
from registry.services.lifecycle import OPERATOR
from registry.services.retention import Policy
from tests.audited import audited
from tfmodule.address import Address
from tfmodule.version import Version

LATER = timedelta(days=100)
STRICT = Policy(prerelease_days=90)


def _published(registry) -> None:
    for name in ("acme", "other"):
        registry.namespace(name)
        for version in ("1.0.0", "1.1.0-rc.1", "1.1.0-rc.2"):
            registry.publish(f"{name}/bucket/aws", version, repository_id=len(name))


def _planned(registry) -> list[str]:
    with registry.database.read() as session:
        found = [
            retention.plan(session, one, clock.now() + LATER)
            for one in retention.due_modules(session, clock.now() + LATER)
        ]
    return sorted(f"{one.address} {one.version}" for plan in found for one in plan)


def _set(registry, namespace: str | None, policy: Policy) -> None:
    with registry.database.unit_of_work() as session:
        retention.set_policy(session, namespace, policy)


def test_without_a_policy_nothing_goes_and_a_namespaces_own_counts_first(registry) -> None:
    _published(registry)
    assert _planned(registry) == []
    _set(registry, None, STRICT)
    _set(registry, None, STRICT)
    assert _planned(registry) == ["acme/bucket/aws 1.1.0-rc.1", "other/bucket/aws 1.1.0-rc.1"]
    _set(registry, "acme", Policy(prerelease_days=300))
    assert _planned(registry) == ["other/bucket/aws 1.1.0-rc.1"]
    with registry.database.unit_of_work() as session:
        assert list(retention.policies(session)) == ["default", "acme"] or set(retention.policies(session)) == {
            "default", "acme",
        }  # fmt: skip
        assert retention.clear_policy(session, "acme") and not retention.clear_policy(session, "acme")
    with registry.database.read() as session:
        assert [one.action for one in audited(session, "retention:default")] == ["retention.set"]
    assert len(_planned(registry)) == 2


def test_what_goes_is_a_tombstone_that_says_why(registry) -> None:
    _published(registry)
    _set(registry, "acme", STRICT)
    with registry.database.read() as session:
        (module,) = retention.due_modules(session, clock.now() + LATER)
    for expected in (["1.1.0-rc.1"], []):
        with registry.database.unit_of_work() as session:
            gone = retention.apply(session, module, clock.now() + LATER)
        assert [str(one.version) for one in gone] == expected
    with registry.database.read() as session:
        found = {one.version: one for one in lifecycle.standings(session, Address("acme", "bucket", "aws"))}
        removed = found["1.1.0-rc.1"]
        entries = audited(session, f"version:{removed.id}")
    assert removed.state == "tombstone" and removed.reason == "retention: a prerelease of 100 days (at most 90)"
    assert (entries[-1].action, entries[-1].actor) == ("version.remove", "retention")
    assert [found[one].state for one in ("1.0.0", "1.1.0-rc.2")] == ["published", "published"]


@pytest.mark.parametrize("version", [Version.parse("1.1.0-rc.1"), None])
def test_a_hold_wins(registry, version: Version | None) -> None:
    _published(registry)
    _set(registry, "acme", STRICT)
    with registry.database.unit_of_work() as session:
        lifecycle.hold(session, Address("acme", "bucket", "aws"), version, "case 4711", OPERATOR)
    assert _planned(registry) == []


def test_what_was_downloaded_lately_stays_and_so_does_all_while_counting_is_young(registry) -> None:
    _published(registry)
    registry.publish("acme/bucket/aws", "1.1.0-rc.3", repository_id=4)
    _set(registry, "acme", Policy(prerelease_days=90, keep_downloaded_days=30))
    today = (clock.now() + LATER).date()
    with registry.database.read() as session:
        ids = {one.version: one.id for one in lifecycle.standings(session, Address("acme", "bucket", "aws"))}
    assert _planned(registry) == []
    for days, expected in ((29, []), (31, ["1.1.0-rc.2"])):
        with registry.database.unit_of_work() as session:
            key = (ids["1.1.0-rc.1"], "terraform", "1.11.4")
            download_counts.add(session, today - timedelta(days=days), {key: 1})
        assert _planned(registry) == [f"acme/bucket/aws {one}" for one in expected]
