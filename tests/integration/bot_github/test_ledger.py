"""The ledger is what is really sent: one walk through everything the gateway can do, every request written down."""

import json
import re
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.github.commits import message_body
from bot.github.gateway import GitHub, InstallationClient, TokenCache
from bot.github.operations import MUTATIONS, OPERATIONS
from bot.github.values import Annotation
from core import clock

pytestmark = pytest.mark.timeout(120)


class Recorder(httpx.HTTPTransport):
    """Real HTTP, written down."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return super().handle_request(request)


def test_everything_sent_is_in_the_ledger_and_everything_in_it_is_sent(simulated: Any) -> None:
    recorder = Recorder()
    settings = simulated.settings
    with GitHub(settings, TokenCache(None, settings), http=recorder) as github:
        _walk(github, simulated)
    names = [_name(request) for request in recorder.seen]
    assert None not in names, [str(each.url) for each, name in zip(recorder.seen, names, strict=True) if name is None]
    assert set(names) == {each.id for each in OPERATIONS} | {each.name for each in MUTATIONS}
    assert {each.headers["x-github-api-version"] for each in recorder.seen} == {"2022-11-28"}


def _name(request: httpx.Request) -> str | None:
    """The ledger's name of a request; a download's own address belongs to the request that led there."""
    path = request.url.path
    if path == "/api/graphql":
        document = json.loads(request.content)["query"]
        return next((each.name for each in MUTATIONS if each.document == document), None)
    if not path.startswith("/api/v3/"):
        return "repos/download-tarball-archive"
    found = [each for each in OPERATIONS if each.method == request.method and _fits(each.template, path)]
    # The template with the most literal parts: /issues/comments/1 is no issue.
    most = max(found, key=lambda each: len(re.sub(r"\{\w+\}", "", each.template)), default=None)
    return most.id if most else None


def _fits(template: str, path: str) -> bool:
    spanning = re.sub(r"\\\{(ref|tag)\\\}", ".+", re.escape(template))
    return re.fullmatch("/api/v3" + re.sub(r"\\\{\w+\\\}", "[^/]+", spanning), path) is not None


def _walk(github: GitHub, simulated: Any) -> None:
    acme = github.installation(next(each.id for each in github.app.installations() if each.account_login == "acme"))
    github.app.installation(acme.id)
    assert github.app.bot_login
    made = acme.repositories.create("acme", f"terraform-aws-{secrets.token_hex(4)}", "", private=True)
    head = acme.repositories.wait_until_ready(made.full_name)
    assert acme.repositories.by_id(made.id)
    # Other tests push to this simulator in the same second: only that it is seen can be said.
    assert made.full_name in {each.full_name for each in acme.repositories.latest()}
    acme.repositories.permission(made.full_name, "ada")
    _talk(acme, simulated, made.full_name)
    _write(acme, made.full_name, head)
    _release(acme, simulated, made.full_name, head)
    _check(acme, made.full_name, head)
    simulated.settle()
    failed = github.app.failed_deliveries(clock.now() - timedelta(days=1))
    github.app.redeliver(failed[0].id)


def _talk(acme: InstallationClient, simulated: Any, repo: str) -> None:
    issue = simulated.as_user("POST", f"/repos/{repo}/issues", {"title": "Please"})["number"]
    acme.issues.react(repo, "eyes", issue=issue)
    comment = acme.issues.upsert_comment(repo, issue, "<!-- m -->", "working")
    acme.issues.upsert_comment(repo, issue, "<!-- m -->", "done", known_id=comment)
    acme.issues.react(repo, "rocket", issue=issue, comment=comment)
    acme.issues.close(repo, issue)


def _write(acme: InstallationClient, repo: str, head: str) -> None:
    acme.refs.ensure_branch(repo, "terrasmith/request-1", head)
    sha = acme.commits.commit_files(
        repo,
        "terrasmith/request-1",
        expected_head=head,
        headline="Add",
        body=message_body("", "req_1"),
        additions={"main.tf": b""},
    )
    assert acme.commits.find_request(repo, "terrasmith/request-1", "req_1") == sha
    acme.commits.files_at(repo, sha)
    assert acme.commits.root_file(repo, sha, "main.tf", 100) == b""
    pull = acme.pulls.create(repo, branch="terrasmith/request-1", base="main", title="Add", body="")
    assert acme.pulls.find(repo, "terrasmith/request-1")
    assert acme.pulls.files(repo, pull.number) == ("main.tf",)
    acme.pulls.edit(repo, pull.number, title="Added")
    acme.pulls.mark_ready(acme.pulls.get(repo, pull.number))
    acme.repositories.tarball(repo, sha)


def _release(acme: InstallationClient, simulated: Any, repo: str, head: str) -> None:
    acme.refs.ensure_tag(repo, "v0.1.0", head)
    tag = {"tag": "v0.2.0", "message": "by hand", "object": head, "type": "commit"}
    annotated = simulated.as_user("POST", f"/repos/{repo}/git/tags", tag)["sha"]
    simulated.as_user("POST", f"/repos/{repo}/git/refs", {"ref": "refs/tags/v0.2.0", "sha": annotated})
    assert acme.refs.tag_commit(repo, "v0.2.0") == head
    assert len(acme.refs.tags(repo)) == 2
    draft = acme.releases.create_draft(repo, "v0.1.0", head, "v0.1.0", "")
    assert acme.releases.find(repo, "v0.1.0") == draft
    acme.releases.publish(repo, draft.id)
    acme.releases.discard(repo, acme.releases.create_draft(repo, "v0.2.0", head, "v0.2.0", "").id)


def _check(acme: InstallationClient, repo: str, head: str) -> None:
    check = acme.checks.start(repo, head, "terrasmith", "run_1")
    remark = Annotation("main.tf", 1, 1, "warning", "look")
    acme.checks.finish(repo, check, conclusion="neutral", title="Look", summary="one remark", annotations=[remark])
