"""Pull requests over REST: opened, listed by head, read, changed, their files and commits, merged."""

from __future__ import annotations

from typing import Any

from . import payloads, pulls
from .call import ApiError, Call, Reply
from .git.diff import EMPTY_TREE, diff, unified
from .merging import merge_pull
from .pull_state import base_tip, trees
from .routing import Routes
from .store import Row

routes = Routes("/api/v3/repos/{owner}/{repo}")
READ, WRITE = "pull_requests=read", "pull_requests=write"


@routes.post("/pulls", needs=WRITE, role="read")
def create_pull(call: Call) -> Any:
    title, head, base = (call.text(name, "PullRequest") for name in ("title", "head", "base"))
    pull = pulls.open_pull(call, title, call.body.get("body"), head, base, draft=call.body.get("draft") is True)
    shown = payloads.pull(call.world, pull)
    return Reply(201, shown, {"location": shown["url"]})


@routes.get("/pulls", needs=READ)
def list_pulls(call: Call) -> Any:
    """`state`, `head` (OWNER:BRANCH), `base`, `sort` and `direction` as GitHub reads them."""
    state = call.query.get("state", "open")
    rows = call.store.all(
        "SELECT p.* FROM pulls p JOIN issues i ON i.id = p.id"
        " WHERE p.repo_id = ? AND (? = 'all' OR i.state = ?) ORDER BY p.id",
        call.repo["id"], state, state,
    )  # fmt: skip
    owner = call.world.owner(call.repo)["login"]
    if call.query.get("head"):
        rows = [row for row in rows if call.query["head"].lower() == f"{owner}:{row['head_ref']}".lower()]
    if call.query.get("base"):
        rows = [row for row in rows if row["base_ref"] == call.query["base"]]
    if call.query.get("direction", "desc") == "desc":
        rows.reverse()
    return [payloads.pull_simple(call.world, row) for row in call.page(rows)]


@routes.get("/pulls/{number}", needs=READ)
def get_pull(call: Call) -> Any:
    pull = pulls.find(call, call.number())
    if "diff" in call.headers.get("accept", ""):
        old, new = trees(call.git, base_tip(call.world, call.repo, pull), pull["head_sha"])
        return Reply(200, unified(call.git, old or EMPTY_TREE, new), media="application/vnd.github.diff; charset=utf-8")
    return payloads.pull(call.world, pull)


@routes.patch("/pulls/{number}", needs=WRITE, role="read")
def update_pull(call: Call) -> Any:
    pull = pulls.find(call, call.number())
    issue = call.store.must("issues", pull["id"])
    _refuse_strangers(call, issue)
    changes = {name: call.body[name] for name in ("title", "body") if call.body.get(name) is not None}
    base = call.body.get("base")
    if base is not None and base != pull["base_ref"]:
        _change_base(call, pull, base)
    pulls.edit(call, issue, changes, call.body.get("state"))
    return payloads.pull(call.world, call.store.must("pulls", pull["id"]))


def _change_base(call: Call, pull: Row, base: str) -> None:
    tip = call.git.refs.get(f"refs/heads/{base}")
    if tip is None:
        raise ApiError(422, f"Proposed base branch '{base}' was not found")
    pull = call.store.update("pulls", pull["id"], base_ref=base, base_sha=tip)
    call.effect("pull_request.edited", pulls.subject(call, pull), fields=["base"])


def _refuse_strangers(call: Call, issue: Row) -> None:
    from .access import has_role

    if (
        call.actor.kind == "user"
        and issue["user_id"] != call.user["id"]
        and not has_role(call.world, call.repo, call.user, "write")
    ):
        raise ApiError(403, "Must have write access to Repository.")


@routes.get("/pulls/{number}/files", needs=READ)
def list_files(call: Call) -> Any:
    pull = pulls.find(call, call.number())
    old, new = trees(call.git, base_tip(call.world, call.repo, pull), pull["head_sha"])
    changes = diff(call.git, old, new)
    return [payloads.diff_entry(call.world, call.repo, pull["head_sha"], one) for one in call.page(changes)]


@routes.get("/pulls/{number}/commits", needs=READ)
def list_commits(call: Call) -> Any:
    pull = pulls.find(call, call.number())
    commits = call.git.between(base_tip(call.world, call.repo, pull), pull["head_sha"])
    return [payloads.commit(call.world, call.repo, one) for one in call.page(commits)]


@routes.get("/pulls/{number}/merge", needs="contents=read; pull_requests=read")
def is_merged(call: Call) -> Any:
    if pulls.find(call, call.number())["merged_at"] is None:
        raise ApiError(404, "Not Found")
    return Reply(204)


@routes.put("/pulls/{number}/merge", needs="contents=write")
def merge(call: Call) -> Any:
    body = call.body
    sha = merge_pull(
        call, pulls.find(call, call.number()), method=body.get("merge_method") or "merge", sha=body.get("sha"),
        title=body.get("commit_title"), message=body.get("commit_message"),
    )  # fmt: skip
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


@routes.get("/commits/{sha}/pulls", needs="pull_requests=read; contents=read")
def pulls_of_commit(call: Call) -> Any:
    """Merged ones that brought the commit, and open ones that carry it."""
    sha, found = call.params["sha"], []
    for row in call.store.all("SELECT * FROM pulls WHERE repo_id = ? ORDER BY id", call.repo["id"]):
        shas = {one.sha for one in call.git.between(base_tip(call.world, call.repo, row), row["head_sha"])}
        if sha in shas or sha == row["merge_commit_sha"]:
            found.append(row)
    return [payloads.pull_simple(call.world, row) for row in call.page(found)]
