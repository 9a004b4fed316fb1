"""The search over HTTP: Terraform's API, our own with facets, the page, and the command; for strangers and readers."""

import html
import re

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from accounts import namespaces
from terrasmith.main import app
from tfmodule.contents import Contents

QUEUE = Contents.from_files(
    {"main.tf": b'resource "aws_sqs_queue" "this" {}\n', "README.md": b"# queue\n\nA queue with a dead-letter queue.\n"}
)
CSP = "form-action 'self'"


@pytest.fixture
def client(registry) -> TestClient:
    registry.namespace("acme")
    registry.namespace("hush", "private")
    registry.publish("acme/queue/aws", "1.0.0", contents=QUEUE)
    registry.publish("acme/queue/aws", "1.1.0", contents=QUEUE)
    registry.publish("acme/bold/aws", "0.1.0", repository_id=8)
    registry.publish("hush/zeppelin/aws", "1.0.0", contents=QUEUE, repository_id=9)
    with registry.database.unit_of_work() as session:
        namespaces.set_verified(session, "acme", on=True)
    registry.index()
    return TestClient(registry.app, raise_server_exceptions=False)


def _ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["modules"]]


@pytest.mark.checklist("R34", "R35", "T-09")
def test_R34_terraforms_search_finds_modules_by_words_and_filters(registry, client) -> None:
    found = client.get("/v1/modules/search?q=aws_sqs_queue")
    assert _ids(found) == ["acme/queue/aws/1.1.0"]
    assert found.json()["modules"][0]["verified"] is True
    assert found.json()["meta"] == {"limit": 20, "current_offset": 0}
    assert _ids(client.get("/v1/modules/search?q=queue&provider=google")) == []
    assert _ids(client.get("/v1/modules/search?q=queue&namespace=acme&verified=true")) == ["acme/queue/aws/1.1.0"]
    first = client.get("/v1/modules/search?q=acme&limit=1").json()
    assert first["meta"]["next_offset"] == 1
    assert len(_ids(client.get(first["meta"]["next_url"]))) == 1
    assert _ids(client.get("/v1/modules/search?q=acme&limit=5&offset=400")) == []
    assert _ids(client.get("/v1/modules/search?q=zeppelin")) == []
    token = {"Authorization": f"Bearer {registry.token('hush')}"}
    mine = client.get("/v1/modules/search?q=zeppelin", headers=token)
    assert _ids(mine) == ["hush/zeppelin/aws/1.0.0"]
    assert "private" in mine.headers["cache-control"]


def test_our_own_search_counts_what_one_could_narrow_it_to(client) -> None:
    found = client.get("/api/v1/search?q=quue").json()
    assert (found["matched"], found["corrections"], found["total"]) == ("corrected", {"quue": "queue"}, 1)
    assert found["modules"][0]["address"] == "acme/queue/aws"
    everything = client.get("/api/v1/search").json()
    assert everything["total"] == 2 and everything["total_is_exact"]
    assert everything["facets"]["resource_type"] == [{"value": "aws_sqs_queue", "count": 1}]
    assert everything["facets"]["verified"] == [{"value": "true", "count": 2}]
    assert client.get("/api/v1/search?resource_type=aws_sqs_queue&system=aws").json()["total"] == 1


@pytest.mark.checklist("R37", "T-16")
def test_R37_a_question_that_is_too_long_is_refused_and_an_odd_one_is_answered(client) -> None:
    for path in ("/v1/modules/search", "/api/v1/search"):
        assert client.get(path, params={"q": "x" * 10_000}).status_code in (414, 422)
        refused = client.get(path, params={"q": "x" * 1_000})
        assert refused.status_code == 422
        assert "longer than 500 characters" in refused.json()["errors"][0]
        for odd in ("%00", "%ed%a0%80", "%ff", "%22%27*%25_(", "a" * 500, "%f0%9f%9a%80", "+"):
            for name in ("q", "q=queue&provider", "q=queue&namespace"):
                assert client.get(f"{path}?{name}={odd}").status_code in (200, 422), odd
    assert client.get("/search?q=" + "x" * 1_000, headers={"Accept": "text/html"}).status_code == 422


@pytest.mark.checklist("T-09")
def test_the_page_searches_without_a_script(client) -> None:
    page = client.get("/search?q=aws_sqs_queue")
    assert page.status_code == 200 and CSP in page.headers["content-security-policy"]
    assert "script" not in page.text and 'href="/modules/acme/queue/aws"' in page.text
    hostile = client.get("/search", params={"q": '"><script>alert(1)</script>', "system": "<i>"}).text
    assert "<script>" not in hostile and "<i>" not in hostile
    everything = client.get("/search").text
    assert "zeppelin" not in everything and "hush" not in everything
    for link in re.findall(r'href="(/search[^"]*)"', everything):
        assert client.get(link.replace("&amp;", "&")).status_code == 200
    assert "Nothing was found" in client.get("/search?q=submarine&offset=x").text
    assert CSP in client.get("/").headers["content-security-policy"]


def _links(page: str) -> dict[str, str]:
    """The text of each link and where it leads, as a browser without scripts follows it."""
    return {text: html.unescape(href) for href, text in re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page)}


def test_the_page_narrows_down_by_links_that_paging_and_a_new_search_keep(registry) -> None:
    registry.namespace("acme")
    registry.namespace("beta")
    for number in range(22):
        registry.publish(f"acme/queue{number:02}/aws", "1.0.0", contents=QUEUE, repository_id=100 + number)
    registry.publish("beta/queue/google", "1.0.0", contents=QUEUE, repository_id=9)
    registry.index()
    client = TestClient(registry.app, raise_server_exceptions=False)
    first = client.get("/search?q=queue").text
    assert "23 found" in first and '<nav aria-label="Narrow it down">' in first
    assert _links(first)["google"] == "/search?q=queue&system=google"
    narrowed = client.get(_links(first)["aws"]).text
    assert "22 found" in narrowed and "beta/queue" not in narrowed
    assert '<input type="hidden" name="system" value="aws">' in narrowed
    assert _links(narrowed)["any"] == "/search?q=queue"
    further = _links(narrowed)["Further ones"]
    assert further == "/search?q=queue&system=aws&offset=20"
    second = client.get(further).text
    assert second.count('href="/modules/') == 2 and "beta" not in second
    assert _links(second)["Earlier ones"] == "/search?q=queue&system=aws"
    assert _links(client.get("/search?q=queue&namespace=beta&system=google").text)["any"] in (
        "/search?q=queue&namespace=beta", "/search?q=queue&system=google",
    )  # fmt: skip
    hostile = client.get("/search", params={"q": "queue", "provider": '"><b onx=1>'}).text
    assert "<b " not in hostile and 'name="provider" value="&#34;&gt;&lt;b onx=1&gt;"' in hostile
    assert 'type="hidden"' not in client.get("/").text


def test_the_command_shows_a_table_and_the_index_can_be_made_anew(sqlite_registry, serving, monkeypatch) -> None:
    registry, runner = sqlite_registry, CliRunner()
    registry.namespace("acme")
    registry.publish("acme/queue/aws", "1.0.0", contents=QUEUE)
    monkeypatch.setenv("DATABASE_URL", registry.database.url)
    rebuilt = runner.invoke(app, ["reindex"])
    assert rebuilt.exit_code == 0 and "1 modules can be found" in rebuilt.stdout, rebuilt.output
    listed = runner.invoke(app, ["namespace", "verified", "acme", "on"])
    assert "verified is on" in listed.stdout
    with serving(registry.app) as port:
        url = ["--url", f"http://127.0.0.1:{port}"]
        found = runner.invoke(app, ["search", "dead", "letter", *url])
        assert found.exit_code == 0, found.output
        assert re.search(r"acme/queue/aws +1\.0\.0 +0 +yes +A queue with a dead-letter queue\.", found.stdout)
        nothing = runner.invoke(app, ["search", "submarine", *url])
        assert nothing.exit_code == 1 and "Nothing was found" in nothing.stdout
        plain = runner.invoke(app, ["search", "--resource-type", "aws_sqs_queue", "--json", *url])
        assert '"total": 1,' in plain.stdout
    assert "Which registry?" in str(runner.invoke(app, ["search", "queue"]).exception)
