"""What a monorepo asks of the gateway: tags with slashes through every call, and the one file at a commit's root."""

import base64
from typing import Any

import pytest

from bot.github.gateway import InstallationClient
from core.errors import UserError

TAG = "modules/network/v1.2.0-rc.1+build.7"


def test_a_tag_with_slashes_goes_through_every_call(acme: InstallationClient, repo: str) -> None:
    head = acme.repositories.wait_until_ready(repo)
    acme.refs.ensure_tag(repo, TAG, head)
    acme.refs.ensure_tag(repo, TAG, head)
    assert acme.refs.tag_commit(repo, TAG) == head
    assert acme.refs.tag_commit(repo, "modules/network/v1.2.0") is None
    assert [(tag.name, tag.sha) for tag in acme.refs.tags(repo)] == [(TAG, head)]
    commit = acme.commits.get(repo, f"tags/{TAG}")
    assert commit is not None and commit.sha == head
    draft = acme.releases.create_draft(repo, TAG, head, TAG, "")
    assert acme.releases.find(repo, TAG) == draft
    assert acme.releases.publish(repo, draft.id).tag == TAG
    found = acme.releases.find(repo, TAG)
    assert found is not None and not found.draft
    assert acme.repositories.tarball(repo, f"refs/tags/{TAG}")
    check = acme.checks.start(repo, head, f"Terrasmith: version {TAG}", "chk_1")
    assert acme.checks.start(repo, head, f"Terrasmith: version {TAG}", "chk_1") == check


def test_the_file_at_the_root_of_a_commit(acme: InstallationClient, simulated: Any, repo: str) -> None:
    acme.repositories.wait_until_ready(repo)
    here = f"/repos/{repo}"
    content = "é" * 50

    def commit(*tree: dict[str, Any]) -> str:
        made = simulated.as_user("POST", f"{here}/git/trees", {"tree": list(tree)})["sha"]
        body = {"message": "x", "tree": made, "parents": []}
        return str(simulated.as_user("POST", f"{here}/git/commits", body)["sha"])

    plain = commit(
        {"path": ".terrasmith.hcl", "mode": "100644", "content": content},
        {"path": "modules/.terrasmith.hcl", "mode": "100644", "content": "no"},
    )
    assert acme.commits.root_file(repo, plain, ".terrasmith.hcl", 100) == content.encode()
    assert acme.commits.root_file(repo, plain, "terrasmith.hcl", 100) is None
    with pytest.raises(UserError, match="at most 99 bytes"):
        acme.commits.root_file(repo, plain, ".terrasmith.hcl", 99)
    with pytest.raises(UserError, match="no link"):
        acme.commits.root_file(repo, plain, "modules", 100)
    link = commit({"path": ".terrasmith.hcl", "mode": "120000", "content": "x"})
    with pytest.raises(UserError, match="no link"):
        acme.commits.root_file(repo, link, ".terrasmith.hcl", 100)
    binary = base64.b64encode(bytes(range(256))).decode()
    blob = simulated.as_user("POST", f"{here}/git/blobs", {"content": binary, "encoding": "base64"})["sha"]
    raw = commit({"path": ".terrasmith.hcl", "mode": "100644", "type": "blob", "sha": blob})
    assert acme.commits.root_file(repo, raw, ".terrasmith.hcl", 256) == bytes(range(256))
