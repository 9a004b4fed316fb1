"""What a page shows, gathered from the store and the git repository as plain values. It changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..access import role_of
from ..call import Call
from ..git.diff import diff
from ..git.objects import Commit, Entry
from ..payloads.checks import latest_runs
from ..pull_state import base_tip, measure, trees
from ..store import Row
from ..world import World
from .text import DiffLine, patch_lines

BUSY_SECONDS = 90
TEXT_LIMIT = 300_000
ICONS = {
    "+1": "👍", "-1": "👎", "laugh": "😄", "confused": "😕", "heart": "❤️", "hooray": "🎉", "rocket": "🚀", "eyes": "👀",
}  # fmt: skip


@dataclass(frozen=True)
class FileView:
    path: str
    status: str
    additions: int
    deletions: int
    lines: list[DiffLine]


def people(world: World) -> list[Row]:
    return world.store.all("SELECT * FROM users WHERE type = 'User' AND login != 'app-owner' ORDER BY id")


def person(world: World, user_id: int | None) -> Row | None:
    return world.store.get("users", user_id) if user_id else None


def may_see(world: World, repo: Row, viewer: Row | None) -> bool:
    return role_of(world, repo, viewer) != "none"


def repositories(world: World, viewer: Row | None, owner: Row | None = None) -> list[dict[str, Any]]:
    rows = world.store.all("SELECT * FROM repositories ORDER BY updated_at DESC, id DESC")
    return [
        {**row, "full_name": world.full_name(row), **counts(world, row)}
        for row in rows
        if may_see(world, row, viewer) and (owner is None or row["owner_id"] == owner["id"])
    ]


def counts(world: World, repo: Row) -> dict[str, int]:
    sql = "SELECT COUNT(*) FROM issues WHERE repo_id = ? AND state = 'open' AND is_pull = ?"
    return {
        "issues": world.store.count(sql, repo["id"], 0),
        "pulls": world.store.count(sql, repo["id"], 1),
        "releases": world.store.count("SELECT COUNT(*) FROM releases WHERE repo_id = ? AND draft = 0", repo["id"]),
    }


def issue_list(world: World, repo: Row, *, pulls: bool, state: str) -> list[dict[str, Any]]:
    rows = world.store.all(
        "SELECT * FROM issues WHERE repo_id = ? AND is_pull = ? ORDER BY number DESC", repo["id"], int(pulls)
    )
    shown = [row for row in rows if state in ("all", row["state"])]
    return [
        {
            **row,
            "author": person(world, row["user_id"]),
            "pull": world.store.get("pulls", row["id"]) if pulls else None,
            "comments": world.store.count("SELECT COUNT(*) FROM comments WHERE issue_id = ?", row["id"]),
            "checks": check_summary(world, row["id"]) if pulls else None,
        }
        for row in shown
    ]


def check_summary(world: World, pull_id: int) -> str | None:
    pull = world.store.must("pulls", pull_id)
    runs = check_runs(world, world.store.must("repositories", pull["repo_id"]), pull["head_sha"])
    return verdict(runs) if runs else None


def verdict(runs: Iterable[dict[str, Any]]) -> str:
    """One word for many runs: running, failure or success."""
    found = [run["conclusion"] if run["status"] == "completed" else "running" for run in runs]
    if "running" in found:
        return "running"
    return "success" if set(found) <= {"success", "neutral", "skipped"} else "failure"


def conversation(world: World, issue: Row) -> list[dict[str, Any]]:
    """Comments and reviews in the order in which they came."""
    comments = world.store.all("SELECT * FROM comments WHERE issue_id = ? ORDER BY id", issue["id"])
    entries: list[dict[str, Any]] = [{**row, "kind": "comment", "at": row["created_at"]} for row in comments]
    if issue["is_pull"]:
        sql = "SELECT * FROM reviews WHERE pull_id = ? AND submitted_at IS NOT NULL ORDER BY id"
        for row in world.store.all(sql, issue["id"]):
            inline = world.store.all("SELECT * FROM review_comments WHERE review_id = ? ORDER BY id", row["id"])
            notes = [{**each, "author": person(world, each["user_id"])} for each in inline]
            entries.append({**row, "kind": "review", "at": row["submitted_at"], "inline": notes})
    for entry in entries:
        entry["author"] = person(world, entry["user_id"])
        entry["reactions"] = reactions(world, "comment", entry["id"]) if entry["kind"] == "comment" else []
    return sorted(entries, key=lambda entry: (entry["at"], entry["id"]))


def reactions(world: World, subject: str, subject_id: int) -> list[dict[str, Any]]:
    rows = world.store.all(
        "SELECT r.content, u.login FROM reactions r JOIN users u ON u.id = r.user_id"
        " WHERE r.subject = ? AND r.subject_id = ? ORDER BY r.id",
        subject, subject_id,
    )  # fmt: skip
    grouped: dict[str, list[str]] = {}
    for row in rows:
        grouped.setdefault(row["content"], []).append(row["login"])
    return [
        {"icon": ICONS[content], "name": content, "who": who, "count": len(who)} for content, who in grouped.items()
    ]


def labels(world: World, issue_id: int) -> list[Row]:
    return world.store.all(
        "SELECT l.* FROM labels l JOIN issue_labels i ON i.label_id = l.id WHERE i.issue_id = ? ORDER BY l.name",
        issue_id,
    )


def check_runs(world: World, repo: Row, sha: str) -> list[dict[str, Any]]:
    suites = world.store.all("SELECT * FROM check_suites WHERE repo_id = ? AND head_sha = ?", repo["id"], sha)
    return [run_view(world, run) for suite in suites for run in latest_runs(world, suite["id"])]


def run_view(world: World, run: Row) -> dict[str, Any]:
    annotations = world.store.all(
        "SELECT * FROM annotations WHERE check_run_id = ? ORDER BY path, start_line", run["id"]
    )
    return {
        **run,
        "annotations": annotations,
        "actions": json.loads(run["actions_json"]),
        "verdict": verdict([run]),
        "seconds": _seconds(run["started_at"], run["completed_at"]),
    }


def pull_view(world: World, repo: Row, pull: Row) -> dict[str, Any]:
    git = world.git(repo)
    base, head = base_tip(world, repo, pull), pull["head_sha"]
    runs = check_runs(world, repo, head)
    old, new = trees(git, base, head)
    return {
        **pull,
        "size": measure(world, pull),
        "runs": runs,
        "verdict": verdict(runs) if runs else None,
        "files": file_views(diff(git, old, new), runs),
        "commits": [commit_view(commit) for commit in git.between(base, head)],
        "merger": person(world, pull["merged_by"]),
    }


def file_views(changes: Iterable[Any], runs: Iterable[dict[str, Any]] = ()) -> list[FileView]:
    """Changed files; annotations of the checks stand under the line where they end."""
    by_place: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for run in runs:
        for each in run["annotations"]:
            by_place.setdefault((each["path"], each["end_line"]), []).append({**each, "run": run["name"]})
    views = []
    for change in changes:
        lines = patch_lines(change.patch)
        for line in lines:
            if line.new is not None:
                line.notes.extend(by_place.get((change.path, line.new), []))
        views.append(FileView(change.path, change.status, change.additions, change.deletions, lines))
    return views


def commit_view(commit: Commit) -> dict[str, Any]:
    stamp = datetime.fromtimestamp(commit.committer.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    title, _, rest = commit.message.partition("\n")
    return {"sha": commit.sha, "title": title, "rest": rest.strip(), "author": commit.author.name, "at": stamp}


def release_list(world: World, repo: Row, *, drafts: bool) -> list[dict[str, Any]]:
    rows = world.store.all("SELECT * FROM releases WHERE repo_id = ? ORDER BY id DESC", repo["id"])
    return [release_view(world, row) for row in rows if drafts or not row["draft"]]


def release_view(world: World, row: Row) -> dict[str, Any]:
    columns = "id, name, size, sha256"
    assets = world.store.all(f"SELECT {columns} FROM assets WHERE release_id = ? ORDER BY id", row["id"])
    repo = world.store.must("repositories", row["repo_id"])
    sha = world.git(repo).resolve(f"refs/tags/{row['tag_name']}")
    return {**row, "author": person(world, row["author_id"]), "assets": assets, "sha": sha}


def folder(call: Call, ref: str, path: str) -> tuple[list[Entry], str | None] | None:
    """Folders first, then files; and the text of the README there. None when there is no such folder."""
    git = call.git
    sha = git.resolve(ref)
    entry = git.entry(git.objects.commit(sha).tree, path) if sha else None
    if entry is None or entry.type != "tree":
        return None
    entries = sorted(git.objects.tree(entry.sha), key=lambda each: (each.type != "tree", each.name.lower()))
    readme = next((each for each in entries if each.name.lower() in ("readme.md", "readme")), None)
    return entries, (text_of(call, readme.sha) if readme else None)


def text_of(call: Call, blob: str) -> str | None:
    """None for what is no text."""
    data = call.git.objects.blob(blob)
    if b"\0" in data[:8000] or len(data) > TEXT_LIMIT:
        return None
    return data.decode("utf-8", "replace")


def split_ref(call: Call, rest: str) -> tuple[str, str]:
    """`feature/x/main.tf` → the longest leading part that names a commit, and the path behind it."""
    parts = rest.split("/")
    for length in range(len(parts), 0, -1):
        ref = "/".join(parts[:length])
        if call.git.resolve(ref):
            return ref, "/".join(parts[length:])
    return parts[0], "/".join(parts[1:])


def recent(world: World, viewer: Row | None, limit: int = 12) -> list[dict[str, Any]]:
    """The newest effects on repositories that the viewer may see."""
    rows = world.store.all("SELECT * FROM ledger ORDER BY id DESC LIMIT 200")
    shown = []
    for row in rows:
        name = row["subject"].partition("#")[0].partition("@")[0].partition(" ")[0]
        owner, _, repo_name = name.partition("/")
        repo = world.repository(owner, repo_name)
        if repo is not None and may_see(world, repo, viewer):
            shown.append({**row, "link": _link(name, row), "what": row["kind"].replace("_", " ").replace(".", " ")})
        if len(shown) == limit:
            break
    return shown


def _link(name: str, row: Row) -> str:
    number = row["subject"].partition("#")[2]
    version = row["subject"].partition("@")[2]
    if number.isdigit():
        return f"/{name}/issues/{number}"
    if row["kind"].startswith(("release", "asset")):
        return f"/{name}/releases"
    return f"/{name}/commit/{version}" if version else f"/{name}"


def busy(world: World, issue: Row, runs: Iterable[dict[str, Any]] = ()) -> bool:
    """Is something under way: a check that runs, a comment just written, a webhook not yet sent?"""
    if any(run["status"] != "completed" for run in runs):
        return True
    if world.store.count("SELECT COUNT(*) FROM deliveries WHERE pending = 1 AND repo_id = ?", issue["repo_id"]):
        return True
    newest = world.store.first("SELECT MAX(updated_at) AS at FROM comments WHERE issue_id = ?", issue["id"])
    at = max(issue["updated_at"], (newest or {}).get("at") or "")
    return str(at) > world.stamp(world.time() - BUSY_SECONDS)


def _seconds(start: str | None, end: str | None) -> int | None:
    if not start or not end:
        return None
    return max(0, int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()))
