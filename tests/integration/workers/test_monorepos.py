"""Several modules in one repository, on SQLite and Postgres, with GitHub in a test's hand: tags and bindings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import checks, declarations, installations
from bot.github.values import Repository
from core.db import Database
from core.errors import UserError
from gate import judge
from gate.engines.port import EngineSettings
from registry.models import Module
from registry.services import catalog, moving
from tests.audited import audited
from tests.integration.workers.monorepo import DECLARED, FILES, FIRST, INFRA, SECOND, TF, WHERE, Hub, hub_of
from tfmodule.address import Address


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


@pytest.mark.checklist("R28", "R33")
def test_each_tag_publishes_the_module_of_its_prefix_from_its_folder_alone(hub: Hub) -> None:
    network, dns = hub.push("network/v1.0.0"), hub.push("dns/0.1.0")
    assert network is not None and network["conclusion"] == "success"
    assert network["title"] == "Published acme/network/aws 1.0.0"
    assert dns is not None and dns["title"] == "Published acme/dns/aws 0.1.0"
    assert (hub.versions("acme/network/aws"), hub.versions("acme/dns/aws")) == (["1.0.0"], ["0.1.0"])
    assert hub.files("acme/network/aws", "1.0.0") == ["README.md", "main.tf", "modules/peering/main.tf"]
    assert hub.files("acme/dns/aws", "0.1.0") == ["main.tf"]
    with hub.database.read() as session:
        facts = catalog.version(session, Address.parse("acme/network/aws"), "1.0.0", None)
    assert facts.provenance is not None and facts.readme == "# Network\n"
    assert facts.provenance["source"]["path"] == "modules/network"
    assert facts.provenance["source"]["tag"] == facts.tag == "network/v1.0.0"


@pytest.mark.checklist("R33")
def test_R33_two_spellings_of_a_version_fight_within_their_module_only(hub: Hub) -> None:
    hub.commits[SECOND] = FILES | {"modules/network/main.tf": b"# other\n"}
    hub.push("network/v1.0.0")
    second = hub.push("network/1.0.0", SECOND)
    assert second is not None and second["conclusion"] == "failure" and "`network/v1.0.0`" in second["summary"]
    other = hub.push("dns/v1.0.0", SECOND)
    assert other is not None and other["conclusion"] == "success", "another module may have the number"
    assert hub.versions("acme/network/aws") == ["1.0.0"]


@pytest.mark.parametrize(
    ("tag", "conclusion", "says"),
    [
        (
            "netwrok/v1.0.0",
            "neutral",
            "begins like no module of `.terrasmith.hcl`; there the tags begin with `network/`",
        ),
        ("v1.0.0", "neutral", "begins like no module"),
        ("network/latest", "neutral", "push one such as `network/v1.4.0`"),
        ("network/v1.2", "failure", "push one such as `network/v1.4.0`"),
        ("network/v1.2.3.4", "failure", "is not a version"),
    ],
)
def test_a_tag_that_is_no_version_of_a_module_is_told_and_kept(lite: Hub, tag: str, conclusion: str, says: str) -> None:
    told = lite.push(tag)
    assert told is not None and (told["conclusion"], says in told["summary"]) == (conclusion, True), told
    release = lite.release(tag)
    assert release is not None and (release.state, release.version) == ("refused", None) and release.reason


@pytest.mark.parametrize(
    ("declaration", "says"),
    [
        (b"module {", "never closed"),
        (DECLARED.replace(b"modules/dns", b"../dns"), ".terrasmith.hcl:7: the folder `../dns`"),
        (b"", "no module is declared"),
    ],
)
def test_a_declaration_that_cannot_be_followed_stops_the_tag_and_a_corrected_commit_publishes(
    lite: Hub, declaration: bytes, says: str
) -> None:
    lite.commits[SECOND] = FILES
    lite.commits[FIRST] = FILES | {".terrasmith.hcl": declaration}
    told = lite.push("network/v1.0.0")
    assert told is not None and told["conclusion"] == "failure" and says in told["summary"].replace("\\", "")
    assert lite.versions("acme/network/aws") == []
    moved = lite.push("network/v1.0.0", SECOND)
    assert moved is not None and moved["conclusion"] == "success"
    assert lite.versions("acme/network/aws") == ["1.0.0"]


def test_a_declared_folder_that_is_missing_or_a_link_is_refused_with_its_name(lite: Hub) -> None:
    lite.commits[FIRST] = {name: data for name, data in FILES.items() if not name.startswith("modules/dns")}
    told = lite.push("dns/v0.1.0")
    assert told is not None and told["conclusion"] == "failure" and "modules/dns" in told["summary"]
    assert lite.versions("acme/dns/aws") == []


def test_what_leads_out_of_the_folder_is_refused_at_its_line_in_the_repository(lite: Hub) -> None:
    shared = b'module "shared" {\n  source = "../shared"\n}\n'
    lite.commits[FIRST] = FILES | {"modules/network/shared.tf": shared, "modules/shared/main.tf": TF}
    settings = EngineSettings(
        terraform=None, provider_mirror=None, sandbox="require", timeout_seconds=60, memory_bytes=1 << 30
    )
    lite.judge = lambda profile, files: judge.judge(files, profile=profile, engine=settings)
    told = lite.push("network/v1.0.0")
    assert told is not None and told["conclusion"] == "failure"
    [annotation] = told["annotations"]
    assert (annotation.path, annotation.start_line) == ("modules/network/shared.tf", 2)
    assert "leads out of this module" in annotation.message and "own folder" in annotation.message
    release = lite.release("network/v1.0.0")
    assert release is not None and "modules/network/shared.tf:2" in (release.reason or "")


@pytest.mark.checklist("T-22")
def test_T22_a_moved_tag_with_a_slash_is_found_and_changes_nothing(hub: Hub) -> None:
    hub.commits[SECOND] = FILES | {"modules/network/main.tf": b"# other\n"}
    hub.push("network/v1.0.0")
    hub.tags |= {"network/v1.0.0": SECOND, "dns/v0.1.0": SECOND, "api/v7.0.0": SECOND, "nightly": SECOND}
    with hub.database.unit_of_work() as session:
        installations.record(
            session, installation_id=1, account_id=11, account_login="acme", account_type="Organization", state="active"
        )
    hub.run("reconcile_tags")
    with hub.database.read() as session:
        from core.models import OutboxRow

        told = [row.payload["tag"] for row in session.scalars(select(OutboxRow)) if row.event == "TagAppeared"]
    assert sorted(told) == ["dns/v0.1.0", "network/v1.0.0"]
    hub.push("network/v1.0.0", SECOND)
    release = hub.release("network/v1.0.0")
    assert release is not None and (release.commit_sha, release.moved_to) == (FIRST, SECOND)
    hub.run("report_moved_tag", **WHERE, release_id=release.id, moved_to=SECOND)
    assert hub.shown[SECOND, "Terrasmith: version network/v1.0.0"]["conclusion"] == "failure"
    assert hub.files("acme/network/aws", "1.0.0")[1] == "main.tf"


def test_a_tag_that_is_too_long_is_refused_on_its_commit_and_leaves_no_row(hub: Hub) -> None:
    tag = f"network/v1.0.0-{'x' * 200}"
    for _ in range(2):
        hub.push(tag)
    [(_, output)] = hub.shown.items()
    assert output["conclusion"] == "failure" and "may have 200" in output["summary"]
    assert hub.release(tag) is None


def test_a_tag_of_a_repository_that_declares_nothing_leaves_nothing(lite: Hub) -> None:
    lite.commits[FIRST] = {"main.tf": TF}
    lite.tags["api/v1.0.0"] = FIRST
    assert lite.run("adopt_tag", **WHERE, tag="api/v1.0.0") == "done"
    assert lite.release("api/v1.0.0") is None and not lite.shown


def test_a_tag_on_a_commit_from_before_the_declaration_is_remembered_in_silence(lite: Hub) -> None:
    lite.push("network/v1.0.0")
    lite.commits[SECOND] = {"modules/network/main.tf": TF}
    assert lite.push("network/v0.9.0", SECOND) is None
    release = lite.release("network/v0.9.0")
    assert release is not None and (release.state, release.reason) == (
        "refused",
        "The commit has no `.terrasmith.hcl`.",
    )


def test_the_root_may_be_a_module_of_its_own_beside_the_others(lite: Hub) -> None:
    root = b'module "all" {\n  system = "aws"\n  path = "."\n  tag_prefix = ""\n}\n'
    lite.commits[FIRST] = {"main.tf": TF, "modules/dns/main.tf": TF, ".terrasmith.hcl": DECLARED + root}
    assert lite.push("v2.0.0") is not None and lite.push("dns/v0.1.0") is not None
    assert lite.files("acme/all/aws", "2.0.0") == ["main.tf", "modules/dns/main.tf"]
    assert lite.files("acme/dns/aws", "0.1.0") == ["main.tf"]


@pytest.mark.checklist("T-11")
def test_T11_an_address_keeps_its_repository_and_its_folder_until_an_operator_moves_it(hub: Hub) -> None:
    """Neither a neighbour in the repository nor another repository can publish into it."""
    hub.push("network/v1.0.0")
    hub.commits[SECOND] = {"net/main.tf": TF, ".terrasmith.hcl": DECLARED.replace(b"modules/network", b"net")}
    told = hub.push("network/v1.1.0", SECOND)
    assert told is not None and told["conclusion"] == "failure"
    assert "terrasmith module move acme/network/aws --path net" in told["summary"]
    hub.repository = Repository(**{**vars(INFRA), "id": 8, "full_name": "acme/evil", "name": "evil"})
    foreign = hub.push("network/v1.2.0", SECOND)
    assert foreign is not None and foreign["conclusion"] == "failure" and "another repository" in foreign["summary"]
    hub.repository = INFRA
    with hub.database.unit_of_work() as session:
        moving.move(session, Address.parse("acme/network/aws"), path="net")
        module = session.scalars(select(Module)).one()
        assert [one.action for one in audited(session, f"module:{module.id}")] == ["module.move"]
    release = hub.release("network/v1.1.0")
    assert release is not None
    hub.run("publish_version", release_id=release.id)
    assert hub.versions("acme/network/aws") == ["1.1.0", "1.0.0"]


@pytest.mark.parametrize("path", ["../x", "/x", "a//b"])
def test_a_module_moves_to_real_folders_only(lite: Hub, path: str) -> None:
    lite.push("network/v1.0.0")
    with lite.database.unit_of_work() as session, pytest.raises(UserError):
        moving.move(session, Address.parse("acme/network/aws"), path=path)
    with lite.database.unit_of_work() as session, pytest.raises(UserError, match="no module"):
        moving.move(session, Address.parse("acme/none/aws"), path="x")


def test_a_repository_is_noted_once(hub: Hub) -> None:
    with hub.database.unit_of_work() as session:
        assert declarations.note(session, 7) and not declarations.note(session, 7)
        assert declarations.among(session, (6, 7, 8)) == {7}
        assert checks.find(session, 7, FIRST, checks.PULL) is None
