"""Pull requests and merges of a repository with several modules, with GitHub in a test's hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import declarations, releases, requests
from bot.github.values import Repository
from bot.requests import NewRequest
from core.db import Database
from gate.report import Finding, Report
from tests.integration.workers.monorepo import DECLARED, FILES, FIRST, INFRA, TF, WHERE, Hub, hub_of
from workers.touched import MOST_JUDGED


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    """On SQLite and on Postgres."""
    return hub_of(database, tmp_path)


@pytest.fixture
def lite(sqlite_url: str, tmp_path: Path) -> Iterator[Hub]:
    """On SQLite only: for what has nothing to do with the database."""
    database = Database(sqlite_url)
    yield hub_of(database, tmp_path)
    database.dispose()


def known(hub: Hub) -> None:
    with hub.database.unit_of_work() as session:
        declarations.note(session, 7)


def test_a_pull_request_is_judged_for_the_modules_it_touches(lite: Hub) -> None:
    known(lite)
    lite.changed = ("modules/network/main.tf", "README.md")
    told = lite.check()
    assert told is not None and told["conclusion"] == "success"
    assert lite.judged == [("README.md", "main.tf", "modules/peering/main.tf")]


def test_a_pull_request_that_touches_several_gets_one_check_with_the_worst_verdict(lite: Hub) -> None:
    known(lite)
    finding = Finding("screen", "error", "no", "main.tf", 3)
    lite.reports = {"main.tf": Report("safety", "x", "builtin", "L1", "refused", (), (finding,))}
    lite.changed = (".terrasmith.hcl",)  # concerns every module
    told = lite.check()
    assert told is not None and told["conclusion"] == "failure"
    assert len(lite.judged) == 2
    assert [one.path for one in told["annotations"]] == ["modules/network/main.tf"]


def test_of_a_pull_request_too_large_to_be_listed_every_module_is_judged(lite: Hub) -> None:
    known(lite)
    lite.changed = tuple(f"apps/{number}" for number in range(3_000))
    told = lite.check()
    assert told is not None and told["conclusion"] == "success" and len(lite.judged) == 2


def test_a_pull_request_that_touches_no_module_is_not_judged(lite: Hub) -> None:
    known(lite)
    lite.changed = ("README.md", "apps/main.go")
    for _ in range(2):
        told = lite.check()
        assert told is not None and told["conclusion"] == "neutral" and "2 modules" in told["summary"]
    assert lite.judged == []


@pytest.mark.parametrize(
    ("declaration", "line", "says"),
    [
        (DECLARED.replace(b"modules/dns", b"/dns"), 7, "absolute"),
        (DECLARED.replace(b"modules/dns", b"modules/gone"), 5, "holds no .tf file"),
    ],
)
def test_a_pull_request_that_breaks_the_declaration_is_red_at_its_line(
    lite: Hub, declaration: bytes, line: int, says: str
) -> None:
    known(lite)
    lite.commits[FIRST] = FILES | {".terrasmith.hcl": declaration}
    lite.changed = (".terrasmith.hcl",)
    told = lite.check()
    assert told is not None and told["conclusion"] == "failure"
    [annotation] = told["annotations"]
    assert (annotation.path, annotation.start_line, says in annotation.message) == (".terrasmith.hcl", line, True)


def test_too_many_modules_at_once_are_undecided(lite: Hub) -> None:
    known(lite)
    count = MOST_JUDGED + 1
    text = "".join(f'module "m{one}" {{\n  system = "aws"\n  path = "m{one}"\n}}\n' for one in range(count))
    lite.commits[FIRST] = {".terrasmith.hcl": text.encode(), **{f"m{one}/main.tf": TF for one in range(count)}}
    lite.changed = tuple(f"m{one}/main.tf" for one in range(count))
    told = lite.check()
    assert told is not None and told["conclusion"] == "action_required" and "Split it" in told["summary"]
    lite.changed = (".terrasmith.hcl", "m3/main.tf")
    told = lite.check()
    assert told is not None and told["conclusion"] == "success" and len(lite.judged) == 1


def test_a_fork_and_a_repository_that_declares_no_more_are_left_alone(lite: Hub) -> None:
    assert lite.check() is None, "nobody has seen a declaration there"
    known(lite)
    lite.own = False
    told = lite.check()
    assert told is not None and told["conclusion"] == "neutral" and "fork" in told["summary"]
    lite.shown.clear()
    lite.own, lite.commits[FIRST] = True, {"main.go": b""}
    assert lite.check() is None
    assert lite.judged == []


def test_a_merge_releases_nothing_where_modules_are_declared_and_who_waits_is_told(hub: Hub) -> None:
    hub.repository = Repository(**{**vars(INFRA), "name": "terraform-aws-x", "full_name": "acme/terraform-aws-x"})
    new = NewRequest(
        source="comment:7:1", installation_id=1, repository_id=7, repository="acme/terraform-aws-x", issue_number=1,
        comment_id=1, on_pull_request=False, author_login="ada", author_id=4, command="generate", prompt="x",
        options={}, problem=None,
    )  # fmt: skip
    with hub.database.unit_of_work() as session:
        request = requests.receive(session, new)
        assert request is not None
        requests.accept(session, request.id)
        requests.set_target(session, request.id, 7, "acme/terraform-aws-x")
        requests.attach_pull(session, request.id, 3)
    assert hub.run("release_module", **WHERE, number=3, merge_sha=FIRST) == "done"
    with hub.database.read() as session:
        told = requests.get(session, request.id)
        assert releases.find_by_merge(session, 7, 3) is None
    assert told.state == "merged" and "push the version's tag" in (told.reason or "")
