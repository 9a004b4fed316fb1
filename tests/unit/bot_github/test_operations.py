"""The ledger against GitHub's own description, against app.yml, and against names that want to be other paths."""

import json
from pathlib import Path

import pytest
import yaml

from bot.github.credentials import CREATE, WORK
from bot.github.operations import GET_PULL, GET_REF, MUTATIONS, OPERATIONS

ROOT = Path(__file__).parents[3]
LEVELS = ("read", "write", "admin")


def test_every_operation_stands_in_githubs_own_description() -> None:
    paths = json.loads((ROOT / "simulators/github/openapi/github.json").read_text())["paths"]
    described = {
        (item["operationId"], method.upper(), path) for path, each in paths.items() for method, item in each.items()
    }
    ours = {(each.id, each.method, each.template) for each in OPERATIONS}
    # The one address that GitHub itself redirects to and does not describe.
    assert ours - described == {("repos/get-by-id", "GET", "/repositories/{repository_id}")}


def test_no_operation_is_listed_twice() -> None:
    assert len({each.id for each in OPERATIONS}) == len(OPERATIONS)
    assert len({each.name for each in MUTATIONS}) == len(MUTATIONS)


def test_no_operation_that_creates_is_repeated_unless_repeating_is_harmless() -> None:
    repeated = {each.id for each in OPERATIONS if each.method == "POST" and each.again}
    assert repeated == {
        "apps/create-installation-access-token",
        "git/create-ref",
        "reactions/create-for-issue",
        "reactions/create-for-issue-comment",
    }


def test_the_manifest_grants_what_the_ledger_needs() -> None:
    """G37: and the token for everyday work can create no repository."""
    granted = yaml.safe_load((ROOT / "app.yml").read_text())["default_permissions"]
    for wanted in (WORK, CREATE):
        for name, level in wanted.items():
            assert LEVELS.index(granted[name]) >= LEVELS.index(level), name
    assert "administration" not in WORK
    assert "workflows" not in {**WORK, **CREATE}


@pytest.mark.parametrize("ref", ["heads/../../x", "heads//x", "heads/.", "", "heads/x/"])
def test_a_name_never_becomes_another_path(ref: str) -> None:
    with pytest.raises(ValueError, match="path"):
        GET_REF.path({"owner": "acme", "repo": "x", "ref": ref})


def test_names_are_quoted() -> None:
    path = GET_REF.path({"owner": "acme", "repo": "x", "ref": "heads/a#b?c/%2e%2e/é"})
    assert path == "/repos/acme/x/git/ref/heads/a%23b%3Fc/%252e%252e/%C3%A9"
    with pytest.raises(ValueError, match="path"):
        GET_PULL.path({"owner": "..", "repo": "x", "pull_number": 1})
