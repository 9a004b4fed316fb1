"""The latest version kept in a module's row: right after every publication and removal, whatever their order."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from registry import models
from registry.services import lifecycle
from tfmodule.address import Address
from tfmodule.version import Version


def _latest(registry) -> str | None:
    with registry.database.read() as session:
        return session.scalar(
            select(models.Version.version).join(models.Module, models.Module.latest_version_id == models.Version.id)
        )


@pytest.mark.checklist("R31", "R32")
def test_the_highest_release_is_kept_and_a_prerelease_only_where_there_is_nothing_else(registry) -> None:
    registry.namespace("acme")
    for version, expected in (
        ("1.0.0-rc.1", "1.0.0-rc.1"),
        ("0.9.0", "0.9.0"),
        ("0.10.0", "0.10.0"),
        ("0.2.0", "0.10.0"),
    ):
        registry.publish("acme/bucket/aws", version)
        assert _latest(registry) == expected


def test_a_removed_version_is_latest_no_longer(registry) -> None:
    registry.namespace("acme")
    for version in ("1.0.0", "2.0.0"):
        registry.publish("acme/bucket/aws", version)
    for version, expected in (("2.0.0", "1.0.0"), ("1.0.0", None)):
        with registry.database.unit_of_work() as session:
            lifecycle.remove(session, Address.parse("acme/bucket/aws"), Version.parse(version), "wrong", "operator")
        assert _latest(registry) == expected


def test_publishers_at_the_same_moment_leave_the_highest(registry) -> None:
    registry.namespace("acme")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: registry.publish("acme/bucket/aws", f"1.{number}.0"), range(8)))
    assert _latest(registry) == "1.7.0"
