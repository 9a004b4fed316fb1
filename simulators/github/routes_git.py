"""Git data: blobs, trees, commits and annotated tags, written into the same object store that clones read."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from . import payloads
from .call import ApiError, Call, Reply, invalid, not_found
from .commit_making import check_path, make_commit, parse_person
from .git.objects import MODES, TREE_MODE, MissingObjectError
from .git.repository import Repository
from .repository_birth import signature_of
from .routes_refs import commit_or_404, refuse_empty
from .routing import Routes

routes = Routes("/api/v3/repos/{owner}/{repo}/git")
READ, WRITE = "contents=read", "contents=write"
ENTRY_TYPES = {"40000": "tree", "160000": "commit"}


def _url(call: Call, kind: str, sha: str) -> str:
    return f"{call.world.api}/repos/{call.repo_name}/git/{kind}/{sha}"


@routes.post("/blobs", needs=WRITE)
def create_blob(call: Call) -> Any:
    refuse_empty(call)
    content, encoding = call.text("content", "Blob"), call.body.get("encoding", "utf-8")
    sha = call.git.objects.write("blob", decode_content(content, encoding))
    return Reply(201, {"sha": sha, "url": _url(call, "blobs", sha)}, {"location": _url(call, "blobs", sha)})


def decode_content(content: str, encoding: object) -> bytes:
    if encoding == "utf-8":
        return content.encode("utf-8")
    if encoding != "base64":
        raise invalid("Blob", "encoding", "invalid", "encoding: utf-8 or base64")
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except binascii.Error:
        raise ApiError(422, "content is not valid Base64") from None


@routes.get("/blobs/{sha}", needs=READ)
def get_blob(call: Call) -> Any:
    sha = call.params["sha"]
    data = _existing(call, sha, "blob")
    if "raw" in call.headers.get("accept", ""):
        return Reply(200, data, media="application/vnd.github.raw+json; charset=utf-8")
    return {
        "sha": sha,
        "node_id": f"B_kwDO{call.repo['id']:08d}{sha}",
        "size": len(data),
        "url": _url(call, "blobs", sha),
        "content": base64.encodebytes(data).decode("ascii"),
        "encoding": "base64",
    }


@routes.post("/trees", needs=WRITE)
def create_tree(call: Call) -> Any:
    refuse_empty(call)
    items = call.body.get("tree")
    if not isinstance(items, list) or not items:
        raise ApiError(422, "Invalid tree info")
    base = call.body.get("base_tree")
    git = call.git
    root = _tree_of(git, base) if base else None
    changes: dict[str, tuple[str, str] | None] = {}
    for item in items:
        path, mode = check_path(str(item.get("path") or "")), str(item.get("mode", "100644")).lstrip("0")
        if mode not in MODES:
            raise ApiError(422, "tree.mode contains an invalid mode")
        if "content" in item:
            changes[path] = (mode, git.objects.write("blob", str(item["content"]).encode("utf-8")))
        elif "sha" in item and item["sha"] is None:
            changes[path] = None
        else:
            sha, kind = str(item.get("sha") or ""), ENTRY_TYPES.get(mode, "blob")
            if kind != "commit" and not git.objects.has(sha, kind):
                raise ApiError(422, f"tree.sha {sha} is not a valid {kind}")
            changes[path] = (mode, sha)
    sha = git.edit(root, changes)
    body = shown_tree(call, sha, recursive=False)
    return Reply(201, body, {"location": body["url"]})


def _tree_of(git: Repository, sha: object) -> str:
    """A tree, given as such or by a commit."""
    try:
        kind, _ = git.objects.read(str(sha))
        if kind == "commit":
            return git.objects.commit(str(sha)).tree
        if kind == "tree":
            return str(sha)
    except MissingObjectError:
        pass
    raise ApiError(422, "base_tree is not a valid tree")


@routes.get("/trees/{sha:rest}", needs=READ)
def get_tree(call: Call) -> Any:
    refuse_empty(call)
    name = call.params["sha"]
    is_tree = call.git.objects.has(name, "tree")
    sha = name if is_tree else call.git.objects.commit(commit_or_404(call, name)).tree
    return shown_tree(call, sha, recursive="recursive" in call.query)


def shown_tree(call: Call, sha: str, *, recursive: bool) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def walk(tree: str, prefix: str) -> None:
        for entry in call.git.objects.tree(tree):
            mode = "040000" if entry.mode == TREE_MODE else entry.mode
            shown: dict[str, Any] = {"path": prefix + entry.name, "mode": mode, "type": entry.type, "sha": entry.sha}
            if entry.type == "blob":
                shown["size"] = len(call.git.objects.blob(entry.sha))
            if entry.type != "commit":
                shown["url"] = _url(call, f"{entry.type}s", entry.sha)
            found.append(shown)
            if recursive and entry.mode == TREE_MODE:
                walk(entry.sha, f"{prefix}{entry.name}/")

    walk(sha, "")
    return {"sha": sha, "url": _url(call, "trees", sha), "tree": found, "truncated": False}


@routes.post("/commits", needs=WRITE)
def create_commit(call: Call) -> Any:
    refuse_empty(call)
    message, tree = call.text("message", "Commit"), call.text("tree", "Commit")
    parents = call.body.get("parents") or []
    if not call.git.objects.has(tree, "tree"):
        raise ApiError(422, "Tree SHA does not exist")
    for parent in parents:
        if not call.git.objects.has(str(parent), "commit"):
            raise ApiError(422, "Parent SHA does not exist or is not a commit object")
    sha = make_commit(call, tree, [str(parent) for parent in parents], message)
    body = payloads.git_commit(call.world, call.repo, call.git.objects.commit(sha))
    return Reply(201, body, {"location": body["url"]})


@routes.get("/commits/{sha}", needs=READ)
def get_commit(call: Call) -> Any:
    refuse_empty(call)
    _existing(call, call.params["sha"], "commit")
    return payloads.git_commit(call.world, call.repo, call.git.objects.commit(call.params["sha"]))


@routes.post("/tags", needs=WRITE)
def create_tag(call: Call) -> Any:
    """The object only; GitHub makes no ref here either."""
    refuse_empty(call)
    name, message, target = call.text("tag", "Tag"), call.text("message", "Tag"), call.text("object", "Tag")
    kind = call.text("type", "Tag")
    if not call.git.objects.has(target, kind):
        raise ApiError(422, "Object does not exist")
    given = call.body.get("tagger")
    tagger = parse_person(call, given, "tagger") if given else signature_of(call.world, call.user)
    sha = call.git.objects.write_tag(target, kind, name, tagger, message)
    return Reply(201, _shown_tag(call, sha), {"location": _url(call, "tags", sha)})


@routes.get("/tags/{sha}", needs=READ)
def get_tag(call: Call) -> Any:
    _existing(call, call.params["sha"], "tag")
    return _shown_tag(call, call.params["sha"])


def _shown_tag(call: Call, sha: str) -> dict[str, Any]:
    tag = call.git.objects.tag(sha)
    return {
        "node_id": f"TA_kwDO{call.repo['id']:08d}{sha}",
        "sha": sha,
        "url": _url(call, "tags", sha),
        "tagger": payloads.person(tag.tagger),
        "object": {"sha": tag.object, "type": tag.type, "url": _url(call, f"{tag.type}s", tag.object)},
        "tag": tag.name,
        "message": tag.message.rstrip("\n"),
        "verification": {
            "verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None,
        },
    }  # fmt: skip


def _existing(call: Call, sha: str, kind: str) -> bytes:
    try:
        return call.git.objects.read(sha, kind)[1]
    except MissingObjectError:
        raise not_found() from None
