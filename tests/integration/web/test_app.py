"""The assembled web application: pages, health, headers, logs; and what reading does not need."""

import logging
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from accounts import namespaces, tokens
from accounts.http import UndeclaredRouteError, route
from accounts.permissions import Permission
from core import log
from core.db import Database
from core.errors import SettingsError
from core.settings import Settings
from registry.services import publishing
from registry.services.publishing import PublishVersion
from registry.storage.local import LocalStorage
from tfmodule.address import Address
from tfmodule.archive import Entry
from tfmodule.contents import Contents, Part
from tfmodule.interface import Input, Interface
from tfmodule.version import Version
from web.app import create_app
from web.edge import shown_path

HOST = "reg.example.test"
HTML = {"Accept": "text/html"}


def _boom(_request: Request) -> Response:
    raise RuntimeError("a secret of ours")


@pytest.fixture
def settings() -> Settings:
    return Settings(base_url=f"https://{HOST}", secret_key="k" * 32, webhook_secrets="w" * 32)  # type: ignore[arg-type]


@pytest.fixture
def database(sqlite_url: str):
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


@pytest.fixture
def as_in_production(settings: Settings):
    """Call it to log as the web process does, to what is standard error then; afterwards all is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield lambda: log.configure(settings, "web")
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers, root.level = handlers, level


@pytest.fixture
def client(settings: Settings, database: Database, storage: LocalStorage) -> TestClient:
    extra = [
        route("/boom", _boom, permission=Permission.PUBLIC),
        route("/v1/boom", _boom, permission=Permission.PUBLIC),
    ]
    return TestClient(create_app(settings, database, storage, extra), raise_server_exceptions=False)


def _publish(database: Database, storage: LocalStorage, namespace: str, version: str, readme: str = "# Read me") -> str:
    prepared = publishing.prepare([Entry("main.tf", f"# {namespace} {version}\n".encode())])
    publishing.store(storage, prepared)
    needed = Input(name="name", type="string", description="A name", default=None, required=True)
    with database.unit_of_work() as session:
        publishing.publish(
            session,
            PublishVersion(
                address=Address(namespace, "bucket", "aws"),
                version=Version.parse(version),
                tag=f"v{version}",
                commit_sha="c" * 40,
                repository_id=7,
                account_id={"open": 1, "closed": 2}.get(namespace) or 100 + int(namespace[1:]),
                source_url="https://github.example/x/y",
                source_is_private=False,
                sha256=prepared.sha256,
                h1=prepared.h1,
                size=prepared.size,
                contents=Contents(Part("", readme, Interface(inputs=(needed,)))),
                report={},
            ),
        )
    return prepared.sha256


@pytest.fixture
def modules(database: Database, storage: LocalStorage) -> str:
    with database.unit_of_work() as session:
        namespaces.bind(session, 1, "open", "Organization", "public")
        namespaces.bind(session, 2, "closed", "Organization")
    _publish(database, storage, "open", "1.2.0")
    _publish(database, storage, "open", "1.10.0", "# Bucket\n\n<script>alert(1)</script> **bold**")
    _publish(database, storage, "open", "2.0.0-rc.1+b", "")
    return _publish(database, storage, "closed", "1.0.0", "# hidden words")


@pytest.mark.checklist("T-08")
def test_T08_an_undeclared_route_stops_the_start(settings, database, storage) -> None:
    with pytest.raises(UndeclaredRouteError):
        create_app(settings, database, storage, [Route("/open", _boom)])
    with pytest.raises(SettingsError, match="TERRASMITH_SECRET_KEY"):
        create_app(Settings(base_url="https://x.example", webhook_secrets="w" * 32), database, storage)  # type: ignore[call-arg]


def test_the_home_page_lists_public_modules_only(client, modules) -> None:
    page = client.get("/", headers=HTML)
    assert page.status_code == 200 and "open/bucket/aws" in page.text and "1.10.0" in page.text
    assert "closed" not in page.text and HOST in page.text


def test_the_home_page_has_pages_of_its_own(client, database, storage) -> None:
    with database.unit_of_work() as session:
        for number in range(101):
            namespaces.bind(session, 100 + number, f"n{number:03}", "Organization", "public")
    for number in range(101):
        _publish(database, storage, f"n{number:03}", "1.0.0")
    first, second = client.get("/", headers=HTML).text, client.get("/?offset=100", headers=HTML).text
    assert "n099/bucket/aws" in first and "n100/" not in first and 'href="/?offset=100"' in first
    assert "n100/bucket/aws" in second and "n099/" not in second and 'href="/?offset=0"' in second
    assert client.get("/?offset=-1", headers=HTML).text == first


@pytest.mark.checklist("T-15")
def test_T15_the_api_pages_load_nothing_from_elsewhere_and_run_nothing_inline(client) -> None:
    page = client.get("/api/docs", headers=HTML)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy and "unsafe" not in policy
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(wanted) == 4 and all(one.startswith("/api/") for one in wanted)
    assert re.findall(r"<script(?! src=)|<style|\son\w+=", page.text) == []
    answers = {one: client.get(one) for one in wanted}
    assert {one.status_code for one in answers.values()} == {200}
    assert answers["/api/v1/openapi.json"].json()["info"]["title"] == "Terrasmith"
    assert "persistAuthorization: false" in answers["/api/docs/start.js"].text
    assert "javascript" in answers["/api/docs/swagger-ui-bundle.js"].headers["content-type"]


@pytest.mark.checklist("T-15")
def test_T15_a_module_page_has_block_readme_versions_and_a_strict_policy(client, modules) -> None:
    page = client.get("/modules/open/bucket/aws", headers=HTML)
    assert page.status_code == 200 and "<strong>bold</strong>" in page.text and "<script" not in page.text
    assert (
        f"source  = &#34;{HOST}/open/bucket/aws&#34;" in page.text
        and "~&gt; 1.10" in page.text
        and "name = " in page.text
    )
    assert page.text.index("1.10.0</a>") < page.text.index("1.2.0</a>")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    older = client.get("/modules/open/bucket/aws/1.2.0", headers=HTML)
    assert older.status_code == 200 and "version = &#34;1.2.0&#34;" in older.text
    pinned = client.get("/modules/open/bucket/aws/2.0.0-rc.1%2Bb", headers=HTML)
    assert "2.0.0-rc.1+b" in pinned.text and "<td>" in pinned.text  # no README: the tables of inputs and outputs


@pytest.mark.checklist("T-09")
def test_T09_a_page_of_a_private_module_is_a_page_of_nothing(client, modules) -> None:
    answers = [client.get(f"/modules/{name}/bucket/aws", headers=HTML) for name in ("closed", "nobody")]
    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}
    assert "hidden" not in answers[0].text


@pytest.mark.checklist("R37")
def test_R37_people_get_a_page_and_programs_json(client) -> None:
    assert "<h1>" in client.get("/nothing", headers=HTML).text
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert client.get("/nothing", headers=headers).json()["errors"][0].startswith("Not found: ")
    assert client.get("/v1/nothing", headers=HTML).json()["errors"][0].startswith("Not found: ")


def test_a_bug_is_logged_once_and_told_to_nobody(client, as_in_production, capsys) -> None:
    as_in_production()
    (said,) = client.get("/v1/boom").json()["errors"]
    assert said.startswith("Something went wrong on our side") and "secret" not in said
    page = client.get("/boom", headers=HTML)
    assert page.status_code == 500 and "secret" not in page.text
    logged = capsys.readouterr().err
    assert logged.count('"request failed"') == 2 and logged.count("Traceback") == 2


@pytest.mark.checklist("T-14")
def test_T14_the_log_holds_no_signature_and_no_query(client, modules, database, as_in_production, capsys) -> None:
    as_in_production()
    with database.unit_of_work() as session:
        _, secret = tokens.create(session, "ci", "closed", "read", timedelta(days=1))
    bearer = {"Authorization": f"Bearer {secret}"}
    location = client.get("/v1/modules/closed/bucket/aws/1.0.0/download", headers=bearer).json()["location"]
    assert client.get(location).status_code == 200
    client.get("/nothing?canary=1")
    logged = capsys.readouterr().err
    signature = location.split("/")[5]
    assert len(signature) == 64 and signature not in logged and secret not in logged and "canary" not in logged
    assert '"route": "/archives/signed/{expires}/{token}/{signature}/{file}"' in logged and modules in logged
    assert shown_path("/archives/signed/1/2/3/x.tar.gz") == "/archives/signed/…/x.tar.gz"


def test_health_says_what_is_missing(settings, storage, tmp_path, client) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "database": "ok", "storage": "ok", "archives": "ok"}
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    unready = TestClient(create_app(settings, empty, storage)).get("/readyz")
    assert unready.status_code == 503 and unready.json()["database"] == "down"
    empty.dispose()


@pytest.mark.checklist("P-09")
def test_P09_reading_needs_database_and_storage_only(sqlite_url: str, tmp_path: Path) -> None:
    code = f"""
import sys
from core.db import Database
from core.settings import Settings
from registry.storage.local import LocalStorage
from web.app import create_app
from pathlib import Path
import web.server
settings = Settings(base_url="https://{HOST}", secret_key="k" * 32, webhook_secrets="w" * 32)
create_app(settings, Database({sqlite_url!r}), LocalStorage(Path({str(tmp_path)!r}) / "s"))
print(sorted({{"redis", "rq", "githubkit", "anthropic", "boto3", "hcl2"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
