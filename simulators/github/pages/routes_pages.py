"""The pages a visitor reads. They show what the REST API would tell; what they do is in routes_forms.py."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from .. import issues, releases
from ..call import ApiError, Call, Reply, not_found
from ..git.diff import diff, unified
from ..payloads.checks import pull_requests
from ..pull_state import base_tip, trees
from ..routing import Routes
from ..store import Row
from . import views
from .shell import enter, enter_repository, redirect, render, shown

STATIC = Path(__file__).parent / "static"
MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
REFRESH_SECONDS = 3

routes = Routes("")


@routes.get("/", who="anyone")
@shown
def home(call: Call) -> Reply:
    viewer = enter(call)
    found = views.repositories(call.world, viewer)
    return render(
        call, "home.html", title="Simulated GitHub", repositories=found, recent=views.recent(call.world, viewer)
    )


@routes.get("/_pages/{file}", who="anyone")
def static(call: Call) -> Reply:
    path = STATIC / Path(call.params["file"]).name
    if path.suffix not in MEDIA or not path.is_file():
        raise not_found()
    return Reply(200, path.read_bytes(), {"cache-control": "no-cache"}, MEDIA[path.suffix])


@routes.get("/avatars/u/{number}", who="anyone")
def avatar(call: Call) -> Reply:
    """A letter on a colour that follows from the id."""
    user = call.store.get("users", call.number())
    letter = (user["login"] if user else "?")[0].upper()
    hue = int(hashlib.sha256(call.params["number"].encode()).hexdigest()[:4], 16) % 360
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="20" '
        f'fill="hsl({hue} 45% 45%)"/><text x="20" y="27" font-family="sans-serif" font-size="20" fill="#fff" '
        f'text-anchor="middle">{letter if letter.isalnum() else "?"}</text></svg>'
    )
    return Reply(200, svg, {"cache-control": "max-age=600"}, "image/svg+xml")


@routes.get("/apps/{slug}", who="anyone")
@shown
def app(call: Call) -> Reply:
    enter(call)
    row = call.store.first("SELECT * FROM apps WHERE slug = ?", call.params["slug"])
    if row is None:
        raise not_found()
    homes = call.store.all(
        "SELECT u.login FROM installations i JOIN users u ON u.id = i.account_id WHERE i.app_id = ?", row["id"]
    )
    return render(call, "app.html", title=row["name"], app=row, homes=homes)


@routes.get("/{owner}", who="anyone")
@shown
def owner(call: Call) -> Reply:
    viewer = enter(call)
    row = call.world.user(call.params["owner"])
    if row is None or row["type"] == "Bot":
        raise not_found()
    found = views.repositories(call.world, viewer, row)
    return render(call, "owner.html", title=row["login"], owner=row, repositories=found)


@routes.get("/{owner}/{name}", who="anyone")
@shown
def repository(call: Call) -> Reply:
    repo = enter_repository(call)
    return folder_page(call, repo["default_branch"], "", "repository.html", tab="code")


@routes.get("/{owner}/{name}/tree/{rest:rest}", who="anyone")
@shown
def tree(call: Call) -> Reply:
    enter_repository(call)
    ref, path = views.split_ref(call, call.params["rest"])
    return folder_page(call, ref, path, "repository.html", tab="code")


def folder_page(call: Call, ref: str, path: str, template: str, **values: Any) -> Reply:
    found = views.folder(call, ref, path)
    if found is None and not call.git.empty:
        raise not_found()
    entries, readme = found or ([], None)
    tip = call.git.resolve(ref)
    last = views.commit_view(call.git.objects.commit(tip)) if tip else None
    newest = releases.latest(call)
    return render(
        call, template, title=call.repo_name, ref=ref, folder=path, entries=entries, readme=readme, last=last,
        latest=newest, branches=sorted(each.removeprefix("refs/heads/") for each in call.git.refs.all("refs/heads/")),
        **values,
    )  # fmt: skip


@routes.get("/{owner}/{name}/blob/{rest:rest}", who="anyone")
@shown
def blob(call: Call) -> Reply:
    enter_repository(call)
    ref, path = views.split_ref(call, call.params["rest"])
    sha = call.git.resolve(ref)
    entry = call.git.entry(call.git.objects.commit(sha).tree, path) if sha else None
    if entry is None or entry.type != "blob":
        raise not_found()
    return render(call, "blob.html", title=path, ref=ref, file=path, text=views.text_of(call, entry.sha), tab="code")


@routes.get("/{owner}/{name}/commits/{rest:rest}", who="anyone")
@shown
def commits(call: Call) -> Reply:
    enter_repository(call)
    tip = call.git.resolve(call.params["rest"])
    if tip is None:
        raise not_found()
    found = [views.commit_view(each) for _, each in zip(range(100), call.git.log(tip), strict=False)]
    return render(call, "commits.html", title="Commits", ref=call.params["rest"], commits=found, tab="code")


@routes.get("/{owner}/{name}/commit/{sha}", who="anyone")
@shown
def commit(call: Call) -> Reply:
    repo = enter_repository(call)
    sha = call.git.resolve(call.params["sha"])
    if sha is None:
        raise not_found()
    row = call.git.objects.commit(sha)
    parent = call.git.objects.commit(row.parents[0]).tree if row.parents else None
    runs = views.check_runs(call.world, repo, sha)
    return render(
        call, "commit.html", title=sha[:7], commit=views.commit_view(row), runs=runs,
        changes=views.file_views(diff(call.git, parent, row.tree), runs), tab="code",
    )  # fmt: skip


@routes.get("/{owner}/{name}/issues", who="anyone")
@shown
def issue_list(call: Call) -> Reply:
    return _list(call, pulls=False)


@routes.get("/{owner}/{name}/pulls", who="anyone")
@shown
def pull_list(call: Call) -> Reply:
    return _list(call, pulls=True)


def _list(call: Call, *, pulls: bool) -> Reply:
    repo = enter_repository(call)
    state = call.query.get("state", "open")
    found = views.issue_list(call.world, repo, pulls=pulls, state=state)
    tab = "pulls" if pulls else "issues"
    return render(call, "issues.html", title="Pull requests" if pulls else "Issues", rows=found, state=state, tab=tab)


@routes.get("/{owner}/{name}/issues/new", who="anyone")
@shown
def new_issue(call: Call) -> Reply:
    enter_repository(call)
    return render(call, "new_issue.html", title="New issue", subject="", tab="issues")


@routes.get("/{owner}/{name}/issues/{number}", who="anyone")
@shown
def issue(call: Call) -> Reply:
    enter_repository(call)
    return thread_page(call, issues.find(call, call.number()), kind="issues")


@routes.get("/{owner}/{name}/pull/{number}", who="anyone")
@shown
def pull(call: Call) -> Reply:
    enter_repository(call)
    return thread_page(call, issues.find(call, call.number()), kind="pull")


def thread_page(call: Call, row: Row, kind: str, **values: Any) -> Reply:
    """The page of an issue or a pull request; the wrong one of the two addresses leads to the right one."""
    right = "pull" if row["is_pull"] else "issues"
    address = f"/{call.repo_name}/{right}/{row['number']}"
    if kind != right:
        return redirect(address)
    world = call.world
    pull_row = views.pull_view(world, call.repo, call.store.must("pulls", row["id"])) if row["is_pull"] else None
    runs = pull_row["runs"] if pull_row else []
    return render(
        call, "pull.html" if row["is_pull"] else "issue.html", issue=row, pull=pull_row,
        author=views.person(world, row["user_id"]),
        title=f"{row['title']} · #{row['number']}", entries=views.conversation(world, row),
        reactions=views.reactions(world, "issue", row["id"]), labels=views.labels(world, row["id"]),
        refresh=REFRESH_SECONDS if views.busy(world, row, runs) else None,
        tab="pulls" if row["is_pull"] else "issues", **{"address": address, **values},
    )  # fmt: skip


@routes.get("/{owner}/{name}/pull/{number}.diff", who="anyone")
@shown
def pull_diff(call: Call) -> Reply:
    repo = enter_repository(call)
    row = call.store.first("SELECT * FROM pulls WHERE repo_id = ? AND number = ?", repo["id"], call.number())
    if row is None:
        raise not_found()
    old, new = trees(call.git, base_tip(call.world, repo, row), row["head_sha"])
    return Reply(200, unified(call.git, old, new) if old else "", media="text/plain; charset=utf-8")


@routes.get("/{owner}/{name}/runs/{number}", who="anyone")
@shown
def check_run(call: Call) -> Reply:
    enter_repository(call)
    return run_page(call)


def run_page(call: Call, **values: Any) -> Reply:
    row = call.store.get("check_runs", call.number())
    if row is None or row["repo_id"] != call.repo["id"]:
        raise not_found()
    view = views.run_view(call.world, row)
    refresh = REFRESH_SECONDS if row["status"] != "completed" else None
    pulls = pull_requests(call.world, call.repo, row["head_sha"])
    address = f"/{call.repo_name}/runs/{row['id']}"
    return render(
        call, "run.html", title=row["name"], run=view, pulls=pulls, refresh=refresh, **{"address": address, **values}
    )


@routes.get("/{owner}/{name}/releases", who="anyone")
@shown
def release_list(call: Call) -> Reply:
    repo = enter_repository(call)
    found = views.release_list(call.world, repo, drafts=releases.sees_drafts(call))
    return render(call, "releases.html", title="Releases", releases=found, latest=releases.latest(call), tab="releases")


@routes.get("/{owner}/{name}/releases/tag/{tag:rest}", who="anyone")
@shown
def release(call: Call) -> Reply:
    repo = enter_repository(call)
    tag = call.params["tag"]
    draft = tag.removeprefix("untagged-")
    row = releases.find(call, int(draft)) if draft != tag and draft.isdigit() else releases.by_tag(call, tag)
    view = views.release_view(call.world, {**row, "repo_id": repo["id"]})
    return render(call, "releases.html", title=tag, releases=[view], latest=releases.latest(call), tab="releases")


@routes.get("/{owner}/{name}/releases/download/{tag}/{file}", who="anyone")
@shown
def download(call: Call) -> Reply:
    enter_repository(call)
    row = releases.by_tag(call, call.params["tag"])
    sql = "SELECT * FROM assets WHERE release_id = ? AND name = ?"
    asset = call.store.first(sql, row["id"], call.params["file"])
    if asset is None:
        raise ApiError(404, "Not Found")
    call.store.update("assets", asset["id"], download_count=asset["download_count"] + 1)
    disposition = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}
    return Reply(200, asset["content"], disposition, "application/octet-stream")
