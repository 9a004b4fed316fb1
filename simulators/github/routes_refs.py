"""Refs and branches: read, create, move (never losing commits unless forced), delete."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from . import payloads, pushing
from .call import ApiError, Call, Reply, not_found
from .git.objects import MissingObjectError
from .routing import Routes

routes = Routes("/api/v3/repos/{owner}/{repo}")
READ, WRITE = "contents=read", "contents=write"


def shown_ref(call: Call, ref: str, sha: str) -> dict[str, Any]:
    base = f"{call.world.api}/repos/{call.repo_name}/git"
    kind = call.git.objects.read(sha)[0]
    return {
        "ref": ref,
        "node_id": f"REF_kwDO{call.repo['id']:08d}{ref}",
        "url": f"{base}/{quote(ref)}",
        "object": {"sha": sha, "type": kind, "url": f"{base}/{kind}s/{sha}"},
    }


def refuse_empty(call: Call) -> None:
    if call.git.empty:
        raise ApiError(409, "Git Repository is empty.")


@routes.get("/git/ref/{ref:rest}", needs=READ)
def get_ref(call: Call) -> Any:
    refuse_empty(call)
    ref = f"refs/{call.params['ref']}"
    sha = call.git.refs.get(ref)
    if sha is None:
        raise not_found()
    return shown_ref(call, ref, sha)


@routes.get("/git/matching-refs/{ref:rest}", needs=READ)
def matching_refs(call: Call) -> Any:
    refuse_empty(call)
    found = call.git.refs.all(f"refs/{call.params['ref']}")
    return [shown_ref(call, ref, sha) for ref, sha in call.page(list(found.items()))]


@routes.post("/git/refs", needs=WRITE)
def create_ref(call: Call) -> Any:
    ref, sha = call.text("ref", "Reference"), call.text("sha", "Reference")
    refuse_empty(call)
    if not call.git.objects.has(sha):
        raise ApiError(422, "Object does not exist")
    _check_branch_target(call, ref, sha)
    pushing.create_ref(call, ref, sha)
    body = shown_ref(call, ref, sha)
    return Reply(201, body, {"location": body["url"]})


@routes.patch("/git/refs/{ref:rest}", needs=WRITE)
def update_ref(call: Call) -> Any:
    ref, sha = f"refs/{call.params['ref']}", call.text("sha", "Reference")
    refuse_empty(call)
    if not call.git.objects.has(sha):
        raise ApiError(422, "Object does not exist")
    _check_branch_target(call, ref, sha)
    pushing.move_ref(call, ref, sha, force=call.body.get("force") is True)
    return shown_ref(call, ref, sha)


@routes.delete("/git/refs/{ref:rest}", needs=WRITE)
def delete_ref(call: Call) -> Any:
    ref = f"refs/{call.params['ref']}"
    if ref == f"refs/heads/{call.repo['default_branch']}":
        raise ApiError(422, "Cannot delete the default branch")
    pushing.drop_ref(call, ref)
    return Reply(204)


def _check_branch_target(call: Call, ref: str, sha: str) -> None:
    if ref.startswith("refs/heads/") and not call.git.objects.has(sha, "commit"):
        raise ApiError(422, "Object is not a commit")


@routes.get("/branches", needs=READ)
def list_branches(call: Call) -> Any:
    found = list(call.git.refs.all("refs/heads/").items())
    return [
        {"name": ref.removeprefix("refs/heads/"), "commit": _commit_link(call, sha), "protected": False}
        for ref, sha in call.page(found)
    ]


@routes.get("/branches/{branch:rest}", needs=READ)
def get_branch(call: Call) -> Any:
    name = call.params["branch"]
    sha = call.git.refs.get(f"refs/heads/{name}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    url = f"{call.world.api}/repos/{call.repo_name}/branches/{quote(name)}"
    return {
        "name": name,
        "commit": payloads.commit(call.world, call.repo, call.git.objects.commit(sha)),
        "_links": {"self": url, "html": f"{call.world.web}/{call.repo_name}/tree/{quote(name)}"},
        "protected": False,
        "protection": {
            "enabled": False,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": f"{url}/protection",
    }


@routes.get("/tags", needs=READ)
def list_tags(call: Call) -> Any:
    """Newest name first, as far as text tells, like GitHub's page."""
    found = [(ref, call.git.peel(sha)) for ref, sha in call.git.refs.all("refs/tags/").items()]
    ordered = [(ref.removeprefix("refs/tags/"), sha) for ref, sha in reversed(found) if sha]
    base = f"{call.world.api}/repos/{call.repo_name}"
    return [
        {
            "name": name,
            "commit": _commit_link(call, sha),
            "zipball_url": f"{base}/zipball/refs/tags/{quote(name)}",
            "tarball_url": f"{base}/tarball/refs/tags/{quote(name)}",
            "node_id": f"REF_kwDO{call.repo['id']:08d}refs/tags/{name}",
        }
        for name, sha in call.page(ordered)
    ]


def _commit_link(call: Call, sha: str) -> dict[str, str]:
    return {"sha": sha, "url": f"{call.world.api}/repos/{call.repo_name}/commits/{sha}"}


def commit_or_404(call: Call, name: str) -> str:
    """The commit that a path parameter or `?ref=` names."""
    try:
        sha = call.git.resolve(name)
    except MissingObjectError:
        sha = None
    if sha is None:
        raise ApiError(404, f"No commit found for the ref {name}") if name else not_found()
    return sha
