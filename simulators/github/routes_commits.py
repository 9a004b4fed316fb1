"""Commits as people read them: lists, one commit, comparisons, archives."""

from __future__ import annotations

import gzip
import os
from typing import Any
from urllib.parse import quote

from . import payloads
from .call import ApiError, Call, Reply, not_found
from .git.diff import diff, unified
from .git.repository import Repository
from .routes_refs import commit_or_404
from .routing import Routes

api = Routes("/api/v3/repos/{owner}/{repo}")
archive = Routes("/_codeload/{owner}/{repo}")
raw = Routes("/{owner}/{repo}")
routes = [api, archive, raw]
READ = "contents=read"


@api.get("/commits", needs=READ)
def list_commits(call: Call) -> Any:
    if call.git.empty:
        raise ApiError(409, "Git Repository is empty.")
    tip = commit_or_404(call, call.query.get("sha") or call.repo["default_branch"])
    commits = list(call.git.log(tip))
    path = call.query.get("path")
    if path:
        commits = [one for one in commits if _touches(call.git, one, path)]
    return [payloads.commit(call.world, call.repo, one) for one in call.page(commits)]


def _touches(git: Repository, commit: Any, path: str) -> bool:
    before = git.entry(git.objects.commit(commit.parents[0]).tree, path) if commit.parents else None
    return before != git.entry(commit.tree, path)


@api.get("/commits/{ref:rest}", needs=READ)
def get_commit(call: Call) -> Any:
    name = call.params["ref"]
    if call.git.empty:
        raise ApiError(409, "Git Repository is empty.")
    sha = call.git.resolve(name)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {name}")
    accept = call.headers.get("accept", "")
    if "sha" in accept.split("github")[-1]:
        return Reply(200, sha, media="application/vnd.github.sha; charset=utf-8")
    commit = call.git.objects.commit(sha)
    parent = call.git.objects.commit(commit.parents[0]).tree if commit.parents else None
    changes = diff(call.git, parent, commit.tree)
    added, removed = sum(one.additions for one in changes), sum(one.deletions for one in changes)
    return {
        **payloads.commit(call.world, call.repo, commit),
        "stats": {"total": added + removed, "additions": added, "deletions": removed},
        "files": [payloads.diff_entry(call.world, call.repo, sha, one) for one in changes],
    }


@api.get("/compare/{basehead:rest}", needs=READ)
def compare(call: Call) -> Any:
    names = call.params["basehead"].split("...")
    if len(names) != 2:
        raise not_found()
    base, head = (commit_or_404(call, name.rpartition(":")[2]) for name in names)
    git = call.git
    fork = git.merge_base(base, head)
    if fork is None:
        raise ApiError(404, f"No common ancestor between {names[0]} and {names[1]}.")
    ahead, behind = git.between(base, head), git.between(head, base)
    status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    objects = git.objects
    old, new = objects.commit(fork).tree, objects.commit(head).tree
    if "diff" in call.headers.get("accept", ""):
        return Reply(200, unified(git, old, new), media="application/vnd.github.diff; charset=utf-8")
    web = f"{call.world.web}/{call.repo_name}/compare/{quote(call.params['basehead'])}"
    return {
        "url": f"{call.world.api}/repos/{call.repo_name}/compare/{quote(call.params['basehead'])}",
        "html_url": web,
        "permalink_url": f"{call.world.web}/{call.repo_name}/compare/{base}...{head}",
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "base_commit": payloads.commit(call.world, call.repo, objects.commit(base)),
        "merge_base_commit": payloads.commit(call.world, call.repo, objects.commit(fork)),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [payloads.commit(call.world, call.repo, one) for one in call.page(ahead)],
        "files": [payloads.diff_entry(call.world, call.repo, head, one) for one in diff(git, old, new)],
    }


@api.get("/tarball", needs=READ)
@api.get("/tarball/{ref:rest}", needs=READ)
def tarball(call: Call) -> Any:
    """A redirect to a host for archives, which here is a path of the same host."""
    if call.git.empty:
        raise not_found()
    sha = commit_or_404(call, call.params.get("ref") or call.repo["default_branch"])
    return Reply(302, None, {"location": f"{call.world.web}/_codeload/{call.repo_name}/legacy.tar.gz/{sha}"})


@archive.get("/legacy.tar.gz/{ref:rest}", needs=READ)
def download(call: Call) -> Any:
    """One root folder, OWNER-REPO-SHA, with the short sha as GitHub writes it."""
    sha = commit_or_404(call, call.params["ref"])
    root = f"{call.repo_name.replace('/', '-')}-{sha[:7]}"
    path = os.environ.get("PATH", os.defpath)
    tar = call.git.run("archive", "--format=tar", f"--prefix={root}/", sha, path=path)
    headers = {"content-disposition": f"attachment; filename={root}.tar.gz"}
    return Reply(200, gzip.compress(tar, 6, mtime=0), headers, media="application/x-gzip")


@raw.get("/raw/{name}/{path:rest}", needs=READ)
def raw_file(call: Call) -> Any:
    commit = call.git.objects.commit(commit_or_404(call, call.params["name"]))
    entry = call.git.entry(commit.tree, call.params["path"])
    if entry is None or entry.type != "blob":
        raise not_found()
    return Reply(200, call.git.objects.blob(entry.sha), media="text/plain; charset=utf-8")
