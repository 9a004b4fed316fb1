"""Check suites, check runs and annotations as GitHub's REST API and webhooks show them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..store import Row
from .accounts import app
from .commits import person
from .repositories import minimal_repository

if TYPE_CHECKING:
    from ..world import World


def check_run(world: World, row: Row, *, webhook: bool = False) -> dict[str, Any]:
    """In a webhook the run carries its suite and its action buttons; in a REST answer the suite's id only."""
    repo = world.store.must("repositories", row["repo_id"])
    suite = world.store.must("check_suites", row["suite_id"])
    url = f"{world.api}/repos/{world.full_name(repo)}/check-runs/{row['id']}"
    page = f"{world.web}/{world.full_name(repo)}/runs/{row['id']}"
    body: dict[str, Any] = {
        "id": row["id"],
        "name": row["name"],
        "node_id": world.node_id("CR", row["id"]),
        "head_sha": row["head_sha"],
        "external_id": row["external_id"],
        "url": url,
        "html_url": page,
        "details_url": row["details_url"] or page,
        "status": row["status"],
        "conclusion": row["conclusion"],
        "started_at": row["started_at"],
        "completed_at": row["completed_at"],
        "output": {
            "title": row["output_title"],
            "summary": row["output_summary"],
            "text": row["output_text"],
            "annotations_count": world.store.count(
                "SELECT count(*) FROM annotations WHERE check_run_id = ?", row["id"]
            ),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": suite_in_run(world, suite) if webhook else {"id": row["suite_id"]},
        "app": app(world, world.store.must("apps", row["app_id"])),
        "pull_requests": pull_requests(world, repo, row["head_sha"]),
    }
    if webhook:
        body["actions"] = json.loads(row["actions_json"])
    return body


def check_suite(world: World, row: Row, *, webhook: bool = False) -> dict[str, Any]:
    repo = world.store.must("repositories", row["repo_id"])
    url = f"{world.api}/repos/{world.full_name(repo)}/check-suites/{row['id']}"
    body: dict[str, Any] = {
        **_suite(world, row),
        "url": url,
        "check_runs_url": f"{url}/check-runs",
        "latest_check_runs_count": len(latest_runs(world, row["id"])),
        "app": app(world, world.store.must("apps", row["app_id"])),
        "head_commit": head_commit(world, repo, row["head_sha"]),
        "pull_requests": pull_requests(world, repo, row["head_sha"]),
        "rerequestable": True,
        "runs_rerequestable": True,
    }
    if not webhook:
        body["repository"] = minimal_repository(world, repo)
    return body


def suite_in_run(world: World, row: Row) -> dict[str, Any]:
    repo = world.store.must("repositories", row["repo_id"])
    return {
        **_suite(world, row),
        "url": f"{world.api}/repos/{world.full_name(repo)}/check-suites/{row['id']}",
        "app": app(world, world.store.must("apps", row["app_id"])),
        "pull_requests": pull_requests(world, repo, row["head_sha"]),
    }


def _suite(world: World, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "node_id": world.node_id("CS", row["id"]),
        "head_branch": row["head_branch"],
        "head_sha": row["head_sha"],
        "status": row["status"],
        "conclusion": row["conclusion"],
        "before": row["before_sha"],
        "after": row["head_sha"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def annotation(world: World, row: Row) -> dict[str, Any]:
    run = world.store.must("check_runs", row["check_run_id"])
    repo = world.store.must("repositories", run["repo_id"])
    kept = (
        "path", "start_line", "end_line", "start_column", "end_column", "annotation_level", "title", "message",
        "raw_details",
    )  # fmt: skip
    blob = f"{world.web}/{world.full_name(repo)}/blob/{run['head_sha']}/{row['path']}"
    return {**{name: row[name] for name in kept}, "blob_href": blob}


def latest_runs(world: World, suite_id: int) -> list[Row]:
    """The newest run of each name."""
    rows = world.store.all("SELECT * FROM check_runs WHERE suite_id = ? ORDER BY id", suite_id)
    return list({row["name"]: row for row in rows}.values())


def pull_requests(world: World, repo: Row, sha: str) -> list[dict[str, Any]]:
    """Open pull requests of this repository whose head is the commit."""
    rows = world.store.all(
        "SELECT p.* FROM pulls p JOIN issues i ON i.id = p.id"
        " WHERE p.repo_id = ? AND p.head_sha = ? AND i.state = 'open'",
        repo["id"], sha,
    )  # fmt: skip
    url = f"{world.api}/repos/{world.full_name(repo)}"
    place = {"id": repo["id"], "url": url, "name": repo["name"]}
    return [
        {
            "id": row["id"],
            "number": row["number"],
            "url": f"{url}/pulls/{row['number']}",
            "head": {"ref": row["head_ref"], "sha": row["head_sha"], "repo": place},
            "base": {"ref": row["base_ref"], "sha": row["base_sha"], "repo": place},
        }
        for row in rows
    ]


def head_commit(world: World, repo: Row, sha: str) -> dict[str, Any]:
    commit = world.git(repo).objects.commit(sha)
    return {
        "id": sha,
        "tree_id": commit.tree,
        "message": commit.message.rstrip("\n"),
        "timestamp": person(commit.committer)["date"],
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }
