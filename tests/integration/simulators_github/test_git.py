"""The same repository over git and over the API: what one writes, the other reads."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def remote(github: Any, name: str, token: str) -> str:
    return f"http://x-access-token:{token}@127.0.0.1:{github.port}/{name}.git"


def test_a_commit_made_over_the_api_is_cloned(
    github: Any, fresh: Callable[..., str], git: Callable[..., str], tmp_path: Path
) -> None:
    name, bot = fresh(private=True), github.bot()
    sha = github.commit(bot, name, "feature", {"main.tf": "# hello\n", "modules/a/b.tf": "# deep\n"})
    git("clone", "-q", "-b", "feature", remote(github, name, github.token()), "clone")
    assert git("rev-parse", "HEAD", cwd=tmp_path / "clone").strip() == sha
    assert (tmp_path / "clone/modules/a/b.tf").read_text() == "# deep\n"
    assert git("fsck", "--strict", cwd=tmp_path / "clone") is not None


def test_a_push_is_read_over_the_api(
    github: Any, fresh: Callable[..., str], git: Callable[..., str], tmp_path: Path
) -> None:
    name = fresh()
    git("clone", "-q", remote(github, name, "ghp_ada"), "clone")
    clone = tmp_path / "clone"
    (clone / "new.tf").write_text("# pushed\n")
    git("add", ".", cwd=clone)
    git("commit", "-q", "-m", "Add new.tf", cwd=clone)
    git("tag", "v1.0.0", cwd=clone)
    git("push", "-q", "origin", "HEAD:refs/heads/topic", "v1.0.0", cwd=clone)
    sha = git("rev-parse", "HEAD", cwd=clone).strip()
    bot = github.bot()
    assert bot.get(f"/repos/{name}/git/ref/heads/topic").json()["object"]["sha"] == sha
    assert bot.get(f"/repos/{name}/tags").json()[0]["commit"]["sha"] == sha
    shown = bot.get(f"/repos/{name}/commits/topic").json()
    assert [one["filename"] for one in shown["files"]] == ["new.tf"]
    assert shown["files"][0]["patch"] == "@@ -0,0 +1 @@\n+# pushed"
    assert github.ledger("git.push", name)[0]["actor"] == "ada"
    git("push", "-q", "origin", ":refs/heads/topic", cwd=clone)
    assert bot.get(f"/repos/{name}/git/ref/heads/topic").status_code == 404


def test_a_push_needs_write(github: Any, fresh: Callable[..., str], git: Callable[..., str], tmp_path: Path) -> None:
    name = fresh()
    readers = ("ghp_bob", github.token(permissions={"contents": "read"}), github.token(repositories=["platform"]))
    git("clone", "-q", f"http://127.0.0.1:{github.port}/{name}", "clone")
    clone = tmp_path / "clone"
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=clone)
    for token in readers:
        assert "failed" in git("push", remote(github, name, token), "HEAD:refs/heads/x", cwd=clone, check=False)
    assert "failed" in git(
        "push", f"http://127.0.0.1:{github.port}/{name}", "HEAD:refs/heads/x", cwd=clone, check=False
    )
    git("push", "-q", remote(github, name, github.token()), "HEAD:refs/heads/x", cwd=clone)


@pytest.mark.checklist("G24")
def test_an_app_pushes_no_workflows(
    github: Any, fresh: Callable[..., str], git: Callable[..., str], tmp_path: Path
) -> None:
    name = fresh()
    git("clone", "-q", remote(github, name, "ghp_ada"), "clone")
    workflow = tmp_path / "clone/.github/workflows/x.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: push\n")
    git("add", ".", cwd=tmp_path / "clone")
    git("commit", "-q", "-m", "x", cwd=tmp_path / "clone")
    bot = remote(github, name, github.token())
    assert "workflows" in git("push", bot, "HEAD:refs/heads/x", cwd=tmp_path / "clone", check=False)
    assert github.bot().get(f"/repos/{name}/git/ref/heads/x").status_code == 404
    git("push", "-q", "origin", "HEAD:refs/heads/x", cwd=tmp_path / "clone")


def test_a_hidden_repository_is_absent_for_strangers(github: Any, git: Callable[..., str]) -> None:
    for token in ("ghp_bob", "wrong", github.token("picky")):
        assert "failed" in git("ls-remote", remote(github, "acme/secret", token), check=False)
    assert "refs/heads/main" in git("ls-remote", remote(github, "acme/secret", "ghp_ada"))


def test_a_tarball_has_one_root_named_after_the_commit(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(private=True), github.bot()
    sha = github.commit(bot, name, "main", {"main.tf": "# hello\n"})
    answer = bot.get(f"/repos/{name}/tarball/{sha}")
    assert answer.status_code == 302
    archive = bot.get(answer.headers["location"])
    assert archive.status_code == 200
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.content))) as tar:
        names = tar.getnames()
    root = f"{name.replace('/', '-')}-{sha[:7]}"
    assert {one.partition("/")[0] for one in names if one != "pax_global_header"} == {root}
    assert f"{root}/main.tf" in names
    assert github.client("ghp_bob").get(answer.headers["location"]).status_code == 404


@pytest.mark.checklist("G4")
def test_more_than_three_tags_at_once_are_silent(
    start: Callable[..., Any], receiver: Any, git: Callable[..., str], tmp_path: Path
) -> None:
    github = start(receiver.url)
    git("clone", "-q", remote(github, "acme/platform", "ghp_ada"), "clone")
    clone = tmp_path / "clone"
    for number in range(4):
        git("tag", f"v0.{number}.0", cwd=clone)
    git("push", "-q", "--tags", "origin", cwd=clone)
    git("tag", "v9.0.0", cwd=clone)
    git("push", "-q", "origin", "v9.0.0", cwd=clone)
    assert receiver.next("push")["payload"]["ref"] == "refs/tags/v9.0.0"
    assert len(github.bot().get("/repos/acme/platform/tags").json()) == 5
