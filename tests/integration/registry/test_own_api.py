"""`/api/v1` on both databases: what is listed for whom, how pages turn, and how errors and caching look."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, event
from starlette.testclient import TestClient

from registry import models
from registry.services import publishing
from tfmodule.archive import Entry
from tfmodule.contents import Contents

FILES = {
    "main.tf": """
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}
variable "name" {
  type        = string
  description = "How it is called."
  validation {
    condition     = length(var.name) < 64
    error_message = "Shorter."
  }
}
variable "tags" {
  type    = map(string)
  default = { b = "2", a = "1" }
}
output "arn" {
  value = aws_s3_bucket.this.arn
}
resource "aws_s3_bucket" "this" {}
data "aws_region" "now" {}
module "logs" {
  source = "./modules/logs"
}
""",
    "README.md": "# Bucket\n\nA *private* bucket.\n\nMore.",
    "modules/logs/main.tf": 'variable "days" {\n  default = 60 * 2\n}\n',
    "modules/logs/README.md": "# Logs",
    "examples/small/main.tf": 'module "bucket" {\n  source = "../.."\n}\n',
}
CHANGED = {"main.tf": FILES["main.tf"].replace('  default = { b = "2", a = "1" }\n', ""), "modules/logs/main.tf": ""}
REPORT = {
    "verdict": "passed", "profile": "safety", "engine": "terraform 1.11.4", "tier": "builtin", "sandbox": "L1",
    "checks": [{"id": "syntax", "title": "It parses", "outcome": "passed", "seconds": 0.1}],
    "findings": [{"rule": "module.readme", "severity": "warning", "message": "Short.", "path": "README.md", "line": 1,
                  "end_line": None, "fix": "Say more."}],
}  # fmt: skip
ADDRESS = "Acme/My-Bucket/aws"
ONE = f"/api/v1/modules/{ADDRESS}"


@pytest.fixture
def client(registry) -> TestClient:
    return TestClient(registry.app, raise_server_exceptions=False)


def _contents(**changes: str) -> Contents:
    return Contents.from_files({path: text.encode() for path, text in (FILES | changes).items()})


def _fill(registry):
    registry.namespace("Acme")
    registry.publish(ADDRESS, "1.0.0", contents=_contents(), report=REPORT)
    registry.publish(ADDRESS, "1.1.0-rc.1", contents=_contents())
    registry.publish(ADDRESS, "2.0.0", contents=_contents(**CHANGED))
    registry.publish("Acme/other/google", "0.1.0")
    return registry


@pytest.fixture
def filled(registry):
    """A module in three versions, and another, on both databases."""
    return _fill(registry)


@pytest.fixture
def shown(sqlite_registry) -> TestClient:
    """A client of the same, for what is only rendered: the database counts for nothing there."""
    return TestClient(_fill(sqlite_registry).app, raise_server_exceptions=False)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_namespaces_are_listed_for_those_who_may_read_them(registry, client) -> None:
    registry.namespace("Beta")
    registry.namespace("acme", "private")
    registry.namespace("other", "private")
    answer = client.get("/api/v1/namespaces")
    assert answer.json() == {
        "namespaces": [{"name": "Beta", "visibility": "public"}],
        "meta": {"limit": 20, "current_offset": 0},
    }
    assert answer.headers["cache-control"] == "public, max-age=10" and answer.headers["vary"] == "Authorization"
    mine = client.get("/api/v1/namespaces?limit=1", headers=_bearer(registry.token("acme")))
    assert [one["name"] for one in mine.json()["namespaces"]] == ["acme"]
    assert mine.json()["meta"]["next_url"] == "/api/v1/namespaces?limit=1&offset=1"
    assert mine.headers["cache-control"] == "private, no-cache"


def test_a_wrong_page_is_refused_with_what_is_wrong(client) -> None:
    answer = client.get("/api/v1/namespaces?limit=101&offset=x")
    assert answer.status_code == 422
    assert answer.json() == {
        "errors": [
            "limit: Input should be less than or equal to 100",
            "offset: Input should be a valid integer, unable to parse string as an integer",
        ]
    }


def test_what_the_client_has_is_not_sent_again(registry, client) -> None:
    registry.namespace("acme")
    etag = client.get("/api/v1/namespaces").headers["etag"]
    again = client.get("/api/v1/namespaces", headers={"If-None-Match": f'"other", W/{etag}'})
    assert again.status_code == 304 and not again.content and again.headers["etag"] == etag
    registry.namespace("beta")
    assert client.get("/api/v1/namespaces", headers={"If-None-Match": etag}).status_code == 200


def test_modules_are_listed_with_their_latest_versions(filled, client) -> None:
    body = client.get("/api/v1/modules").json()
    assert [(one["address"], one["latest_version"]) for one in body["modules"]] == [
        (ADDRESS, "2.0.0"),
        ("Acme/other/google", "0.1.0"),
    ]
    first = body["modules"][0]
    assert first["description"] == "A private bucket." and first["visibility"] == "public" and first["downloads"] == 0
    assert datetime.now(UTC) - datetime.fromisoformat(first["published_at"]) < timedelta(minutes=5)


FILTERED = [
    ("system=google", ["other"]),
    ("namespace=acme&name=my-bucket", ["My-Bucket"]),
    ("name=my_bucket", []),
    ("namespace=nobody", []),
    ("verified=true", []),
    ("limit=1&offset=1", ["other"]),
    ("offset=2", []),
    ("offset=1000000000", []),
]


def test_filters_and_pages(filled, client) -> None:
    for query, expected in FILTERED:
        answer = client.get(f"/api/v1/modules?{query}").json()
        assert [one["name"] for one in answer["modules"]] == expected, query


def test_pages_lead_through_everything_and_keep_the_filter(registry, client) -> None:
    registry.namespace("acme")
    for number in range(5):
        registry.publish(f"acme/m{number}/aws", "1.0.0", repository_id=number + 1)
    url, found = "/api/v1/modules?limit=2&system=aws", []
    while url:
        body = client.get(url).json()
        found += [one["name"] for one in body["modules"]]
        url = body["meta"].get("next_url")
        assert url is None or "system=aws" in url
    assert found == [f"m{number}" for number in range(5)]


def test_one_module_and_its_versions_by_precedence(filled, client) -> None:
    body = client.get("/api/v1/modules/acme/my-bucket/aws").json()
    assert (body["address"], body["versions"], body["systems"]) == (ADDRESS, 3, ["aws"])
    listed = client.get(ONE + "/versions?limit=2").json()
    assert [(one["version"], one["prerelease"]) for one in listed["versions"]] == [
        ("2.0.0", False),
        ("1.1.0-rc.1", True),
    ]
    assert listed["meta"]["next_offset"] == 2
    assert client.get(ONE + "/downloads").json() == {
        "summary": {"week": 0, "month": 0, "year": 0, "total": 0},
        "clients": [],
    }


def test_a_version_tells_all_that_is_in_it(shown) -> None:
    body = shown.get(ONE + "/versions/1.0.0").json()
    root = body["root"]
    assert body["commit"] == "c" * 40 and body["tag"] == "v1.0.0" and len(body["sha256"]) == 64
    assert body["usage"].startswith('module "My-Bucket" {\n  source  = "reg.example.test/Acme/My-Bucket/aws"')
    assert root["required_version"] == ">= 1.3" and root["has_readme"]
    assert root["inputs"] == [
        {
            "name": "name", "type": "string", "description": "How it is called.", "required": True, "default": None,
            "default_json": None, "sensitive": False, "nullable": True,
            "validations": [{"condition": "length(var.name) < 64", "error_message": "Shorter."}],
        },
        {
            "name": "tags", "type": "map(string)", "description": "", "required": False,
            "default": '{ b = "2", a = "1" }', "default_json": '{"a":"1","b":"2"}',
            "sensitive": False, "nullable": True, "validations": [],
        },
    ]  # fmt: skip
    assert root["providers"] == [{"name": "aws", "source": "hashicorp/aws", "version": ">= 5.0"}]
    assert [(one["mode"], one["type"]) for one in root["resources"]] == [
        ("data", "aws_region"),
        ("managed", "aws_s3_bucket"),
    ]
    assert [(one["name"], one["source"]) for one in root["calls"]] == [("logs", "./modules/logs")]
    (logs,), (small,) = body["submodules"], body["examples"]
    assert logs["path"] == "modules/logs" and logs["inputs"][0]["default_json"] is None
    assert small["path"] == "examples/small"


def test_readme_digests_findings_and_provenance(shown) -> None:
    at = ONE + "/versions/1.0.0"
    assert shown.get(at + "/readme").json() == {"path": "", "readme": FILES["README.md"]}
    assert shown.get(at + "/readme?path=modules/logs").json()["readme"] == "# Logs"
    missing = shown.get(at + "/readme?path=modules/none")
    assert missing.status_code == 404 and "`modules/logs`" in missing.json()["errors"][0]
    version = shown.get(at).json()
    assert shown.get(at + "/digests").json() == {name: version[name] for name in ("sha256", "h1", "size")}
    judged = shown.get(at + "/findings").json()
    of = {"address": ADDRESS} | {name: version[name] for name in ("version", "sha256", "published_at")}
    new = dict.fromkeys(("gate_version", "input_digest", "policy_digest"), "") | {"scanners": [], "asked": []}
    expected = REPORT | of | new | {"score": None, "checks": [], "findings": []}
    assert {**judged, "checks": [], "findings": []} == expected
    for kind in ("checks", "findings"):
        # What this release adds has its default in a report of an earlier one.
        assert all(before.items() <= after.items() for before, after in zip(REPORT[kind], judged[kind], strict=True))
    assert shown.get(ONE + "/versions/2.0.0/findings").json()["verdict"] is None
    assert shown.get(at + "/provenance").json() == shown.get(f"/v1/modules/{ADDRESS}/1.0.0/provenance").json()


def test_what_changed_between_two_versions(shown) -> None:
    body = shown.get(ONE + "/versions/latest/changes").json()
    assert (body["since"], body["version"], body["bump"], body["breaking"]) == ("1.0.0", "2.0.0", "major", True)
    assert [(one["subject"], one["kind"], one["path"], one["name"]) for one in body["changes"]] == [
        ("input", "changed", "", "tags"),
        ("input", "removed", "modules/logs", "days"),
    ]
    same = shown.get(ONE + "/versions/1.1.0-rc.1/changes?since=1.0.0").json()
    assert same["bump"] is None and same["changes"] == []
    assert shown.get(ONE + "/versions/2.0.0/changes?since=9.9.9").status_code == 404


def test_a_first_version_has_no_changes(registry, client) -> None:
    registry.namespace("acme")
    registry.publish("acme/m/aws", "1.0.0")
    body = client.get("/api/v1/modules/acme/m/aws/versions/1.0.0/changes").json()
    assert body["since"] is None and body["changes"] == [] and body["bump"] is None


PATHS = [
    ONE, ONE + "/versions", ONE + "/downloads",
    *(ONE + "/versions/1.0.0" + end for end in ("", "/readme", "/digests", "/findings", "/provenance", "/changes")),
    ONE + "/versions/1.0.0/compliance?framework=soc2", "/api/v1/namespaces/Acme/compliance?framework=soc2",
    f"/v1/modules/{ADDRESS}", f"/v1/modules/{ADDRESS}/1.0.0", f"/v1/modules/{ADDRESS}/download", "/v1/modules/Acme",
    "/v1/modules/Acme/My-Bucket", f"/v2/modules/{ADDRESS}/downloads/summary",
]  # fmt: skip


@pytest.mark.checklist("T-09")
def test_a_stranger_learns_nothing_of_what_is_private(registry, client) -> None:
    registry.namespace("Acme", "private")
    registry.namespace("other", "private")
    registry.publish(ADDRESS, "1.0.0")
    mine = _bearer(registry.token("Acme"))
    others = [({}, 401), (_bearer("tsm_" + "0" * 36), 401), (_bearer(registry.token("other")), 404)]
    for path in PATHS:
        for headers, status in others:
            theirs, none = (client.get(one, headers=headers) for one in (path, path.replace("Acme", "nobody")))
            assert theirs.status_code == none.status_code == status and theirs.json() == none.json(), path
        answer = client.get(path, headers=mine, follow_redirects=False)
        assert answer.status_code in (200, 302) and answer.headers["cache-control"].startswith("private"), path
        assert "Authorization" in answer.headers["vary"]


def test_lists_hide_what_is_private(filled, client) -> None:
    filled.namespace("hidden", "private")
    filled.publish("hidden/secret/aws", "1.0.0", repository_id=9)
    filled.index()
    for path in ("/api/v1/modules", "/v1/modules", "/v1/modules/search?q=secret"):
        assert "secret" not in client.get(path).text
        assert "secret" in client.get(path, headers=_bearer(filled.token("hidden"))).text


NOWHERE = [
    "/api/v1/nothing", "/api/v1/modules/a", ONE + "/versions/9.9.9", ONE + "/versions/%00", ONE + "/versions/x",
    "/api/v1/modules/%00/b/aws", "/api/v1/modules/a%2Fb/c/aws", "/v1/modules/%00", "/v1/modules/nobody/x",
]  # fmt: skip


def test_what_is_not_there_is_told_in_the_one_form(filled, client) -> None:
    mine = _bearer(filled.token("Acme"))
    for path in NOWHERE:
        answer = client.get(path, headers=mine)
        assert answer.status_code == 404 and list(answer.json()) == ["errors"], path


def test_a_version_survives_its_plus(filled, client) -> None:
    filled.publish(ADDRESS, "3.0.0+build.7", content="x")
    for spelled in ("3.0.0+build.7", "3.0.0%2Bbuild.7"):
        assert client.get(f"{ONE}/versions/{spelled}").json()["version"] == "3.0.0+build.7"
        assert client.get(f"/v1/modules/{ADDRESS}/{spelled}").json()["version"] == "3.0.0+build.7"
    leads = client.get(f"/v1/modules/{ADDRESS}/download", follow_redirects=False)
    assert leads.headers["location"] == f"/v1/modules/{ADDRESS}/3.0.0+build.7/download"


@pytest.mark.checklist("R34", "R35", "R36")
def test_R34_R36_a_module_in_terraforms_own_form(shown) -> None:
    body = shown.get(f"/v1/modules/{ADDRESS}/1.0.0").json()
    root = body["root"]
    assert body["id"] == f"{ADDRESS}/1.0.0" and body["owner"] == "Acme" and body["provider"] == "aws"
    assert body["versions"] == ["2.0.0", "1.1.0-rc.1", "1.0.0"] and body["providers"] == ["aws"]
    assert [(one["name"], one["default"], one["required"]) for one in root["inputs"]] == [
        ("name", "", True),
        ("tags", '{"a":"1","b":"2"}', False),
    ]
    assert root["resources"] == [{"name": "this", "type": "aws_s3_bucket"}]
    assert root["provider_dependencies"] == [
        {"name": "aws", "namespace": "hashicorp", "source": "hashicorp/aws", "version": ">= 5.0"}
    ]
    assert body["submodules"][0]["inputs"][0]["default"] == '"60 * 2"' and not body["submodules"][0]["empty"]
    forgiven = shown.get("/v1/modules?limit=0&offset=-3").json()["meta"]
    assert (forgiven["limit"], forgiven["current_offset"]) == (1, 0)
    assert shown.get("/v1/modules/search").status_code == 422


def test_a_version_from_before_its_contents_were_kept_shows_its_root(filled, client) -> None:
    with filled.database.unit_of_work() as session:
        session.execute(delete(models.VersionContents))
    body = client.get(ONE + "/versions/1.0.0").json()
    assert [one["name"] for one in body["root"]["inputs"]] == ["name", "tags"] and body["submodules"] == []


def test_a_page_asks_the_database_as_often_however_long_it_is(registry, client) -> None:
    registry.namespace("acme")
    asked: list[str] = []
    event.listen(registry.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    counts = []
    for number in range(3):
        registry.publish(f"acme/m{number}/aws", "1.0.0", repository_id=number + 1)
        asked.clear()
        client.get("/api/v1/modules")
        counts.append(len([one for one in asked if one.lstrip().upper().startswith("SELECT")]))
    assert len(set(counts)) == 1 and counts[0] <= 3, counts


def test_an_example_is_ready_to_copy(sqlite_registry) -> None:
    sqlite_registry.namespace("acme", "private")
    prepared = publishing.prepare([Entry(path, text.encode()) for path, text in FILES.items()])
    publishing.store(sqlite_registry.storage, prepared)
    digests = {"sha256": prepared.sha256, "h1": prepared.h1, "size": prepared.size}
    sqlite_registry.publish("acme/bucket/aws", "1.0.0", contents=_contents(), **digests)
    mine = _bearer(sqlite_registry.token("acme"))
    client = TestClient(sqlite_registry.app, raise_server_exceptions=False, headers=mine)
    at = "/api/v1/modules/acme/bucket/aws/versions/latest/example"
    (file,) = client.get(f"{at}?path=examples/small").json()["files"]
    assert file["path"] == "main.tf" and '"reg.example.test/acme/bucket/aws"' in file["text"]
    missing = client.get(f"{at}?path=examples/none")
    assert missing.status_code == 404 and "`path`: `examples/small`." in missing.json()["errors"][0]
    assert client.get(at).status_code == 422
    assert client.get(f"{at}?path=examples/small", headers={"Authorization": ""}).status_code == 401
