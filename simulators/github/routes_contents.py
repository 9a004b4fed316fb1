"""Contents: one file or folder at a ref, one commit per write, compare-and-swap by blob sha."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from . import payloads, pushing
from .call import ApiError, Call, Reply, invalid, not_found
from .commit_making import check_path, make_commit, refuse_workflows
from .git.objects import Entry
from .routes_git import decode_content
from .routes_refs import commit_or_404
from .routing import Routes

routes = Routes("/api/v3/repos/{owner}/{repo}")
KINDS = {"tree": "dir", "commit": "submodule"}


@routes.get("/contents", needs="contents=read")
@routes.get("/contents/{path:rest}", needs="contents=read")
def get_contents(call: Call) -> Any:
    if call.git.empty:
        raise ApiError(404, "This repository is empty.")
    ref = call.query.get("ref") or call.repo["default_branch"]
    commit = call.git.objects.commit(commit_or_404(call, ref))
    path = call.params.get("path", "").strip("/")
    entry = call.git.entry(commit.tree, path)
    if entry is None:
        raise not_found()
    accept = call.headers.get("accept", "")
    if entry.type == "tree":
        prefix = f"{path}/" if path else ""
        return [_shown(call, prefix + one.name, one, ref) for one in call.git.objects.tree(entry.sha)]
    if "raw" in accept:
        media = "application/vnd.github.raw+json; charset=utf-8"
        return Reply(200, call.git.objects.blob(entry.sha), media=media)
    return {**_shown(call, path, entry, ref), **_content(call, entry)}


@routes.get("/readme", needs="contents=read")
def get_readme(call: Call) -> Any:
    ref = call.query.get("ref") or call.repo["default_branch"]
    commit = call.git.objects.commit(commit_or_404(call, ref))
    for entry in call.git.objects.tree(commit.tree):
        if entry.type == "blob" and entry.name.lower() in ("readme.md", "readme", "readme.txt"):
            return {**_shown(call, entry.name, entry, ref), **_content(call, entry)}
    raise not_found()


@routes.put("/contents/{path:rest}", needs="contents=write")
def put_contents(call: Call) -> Any:
    path = check_path(call.params["path"])
    message, content = call.text("message", "Commit"), call.text("content", "Content")
    refuse_workflows(call, [path])
    branch, tip, before = _target(call, path)
    given = call.body.get("sha")
    if before is not None and given is None:
        raise ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if given is not None and (before is None or before.sha != given):
        raise ApiError(409, f"{path} does not match {given}")
    git = call.git
    tree = git.write_files(git.objects.commit(tip).tree if tip else None, {path: decode_content(content, "base64")})
    sha = make_commit(call, tree, [tip] if tip else [], message)
    pushing.swap_branch(call, branch, tip, sha)
    entry = git.entry(tree, path)
    assert entry is not None
    shown = {"content": _shown(call, path, entry, branch), "commit": _commit(call, sha)}
    return Reply(200 if before else 201, shown)


@routes.delete("/contents/{path:rest}", needs="contents=write")
def delete_contents(call: Call) -> Any:
    path = check_path(call.params["path"])
    message, given = call.text("message", "Commit"), call.text("sha", "Content")
    refuse_workflows(call, [path])
    branch, tip, before = _target(call, path)
    if before is None or tip is None:
        raise not_found()
    if before.sha != given:
        raise ApiError(409, f"{path} does not match {given}")
    tree = call.git.write_files(call.git.objects.commit(tip).tree, {path: None})
    sha = make_commit(call, tree, [tip], message)
    pushing.swap_branch(call, branch, tip, sha)
    return {"content": None, "commit": _commit(call, sha)}


def _target(call: Call, path: str) -> tuple[str, str | None, Entry | None]:
    """The branch to write, its tip and the file that is there now; an empty repository takes its first commit here."""
    branch = call.body.get("branch") or call.repo["default_branch"]
    tip = call.git.refs.get(f"refs/heads/{branch}")
    if tip is None and not (call.git.empty and branch == call.repo["default_branch"]):
        raise ApiError(404, f"Branch {branch} not found")
    before = call.git.entry(call.git.objects.commit(tip).tree, path) if tip else None
    if before is not None and before.type == "tree":
        raise invalid("Content", "path", "invalid", f"{path} is a directory")
    return branch, tip, before


def _commit(call: Call, sha: str) -> dict[str, Any]:
    return payloads.git_commit(call.world, call.repo, call.git.objects.commit(sha))


def _content(call: Call, entry: Entry) -> dict[str, Any]:
    if entry.type != "blob":
        return {}
    return {"content": base64.encodebytes(call.git.objects.blob(entry.sha)).decode("ascii"), "encoding": "base64"}


def _shown(call: Call, path: str, entry: Entry, ref: str) -> dict[str, Any]:
    base, web = f"{call.world.api}/repos/{call.repo_name}", f"{call.world.web}/{call.repo_name}"
    kind = KINDS.get(entry.type, "symlink" if entry.mode == "120000" else "file")
    quoted, mark = quote(path), quote(ref, safe="")
    url = f"{base}/contents/{quoted}?ref={mark}"
    git_url = f"{base}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    html_url = f"{web}/{'tree' if kind == 'dir' else 'blob'}/{quote(ref)}/{quoted}"
    return {
        "type": kind,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": len(call.git.objects.blob(entry.sha)) if entry.type == "blob" else 0,
        "url": url,
        "html_url": html_url,
        "git_url": git_url,
        "download_url": f"{web}/raw/{quote(ref)}/{quoted}" if kind == "file" else None,
        "_links": {"self": url, "git": git_url, "html": html_url},
    }
