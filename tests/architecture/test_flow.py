"""The tables that tell the system agree with each other: manifest, handlers, events, subscriptions, schedule, jobs."""

from pathlib import Path

import pytest
import yaml

from bot.github.operations import MUTATIONS, OPERATIONS
from bot.handlers import HANDLERS
from core.events import EVENTS
from workers.jobs import JOBS
from workers.schedule import SCHEDULE
from workers.subscriptions import SUBSCRIPTIONS

# GitHub sends these to every app, whatever its manifest says, and refuses a manifest that names them.
ALWAYS_DELIVERED = {
    "installation",
    "installation_repositories",
    "installation_target",
    "github_app_authorization",
    "meta",
    "ping",
}


@pytest.fixture(scope="module")
def manifest(root: Path) -> dict:
    return yaml.safe_load((root / "app.yml").read_text(encoding="utf-8"))


def test_every_event_has_a_subscriber() -> None:
    assert set(SUBSCRIPTIONS) == set(EVENTS.values())
    assert all(SUBSCRIPTIONS.values()), "an event that nobody listens to"


def test_every_job_is_subscribed_or_scheduled() -> None:
    subscribed = {one.job for subscriptions in SUBSCRIPTIONS.values() for one in subscriptions}
    scheduled = {tick.job for tick in SCHEDULE}
    assert subscribed | scheduled == set(JOBS)


def test_every_job_file_is_a_job(product) -> None:
    names = {Path(source.path).stem for source in product if source.path.startswith("workers/jobs/")}
    assert names - {"__init__"} == set(JOBS)


@pytest.mark.checklist("G37")
def test_the_app_asks_for_the_events_it_handles(manifest: dict) -> None:
    asked = set(manifest["default_events"])
    assert not asked & ALWAYS_DELIVERED
    assert asked == set(HANDLERS) - ALWAYS_DELIVERED


@pytest.mark.checklist("G24", "G36", "G37")
def test_the_app_asks_for_no_permission_it_does_not_need(manifest: dict) -> None:
    """The ledger of calls decides. Workflow files are never written, so that permission is never asked for."""
    needed: dict[str, str] = {"metadata": "read"}
    for call in (*OPERATIONS, *MUTATIONS):
        for permission, level in (pair.split("=") for pair in call.permission.split(",") if "=" in pair):
            needed[permission] = max(needed.get(permission, "read"), level)  # "read" < "write"
    assert manifest["default_permissions"] == needed
    assert "workflows" not in needed
    assert manifest["public"] is False
    assert manifest["hook_attributes"]["url"].startswith("https://")
