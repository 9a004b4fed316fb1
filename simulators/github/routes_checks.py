"""REST routes of check runs and check suites. Only an app may create or change a run; the rules are in checks.py."""

from __future__ import annotations

from typing import Any

from . import checks
from .call import Call, Reply, not_found
from .payloads import checks as shown
from .routing import Routes
from .store import Row

WRITE = "checks=write"
READ = "checks=read"

routes = Routes("/api/v3/repos/{owner}/{repo}")


@routes.post("/check-runs", needs=WRITE, who="installation")
def create_run(call: Call) -> Reply:
    return Reply(201, shown.check_run(call.world, checks.create_run(call, call.body)))


@routes.get("/check-runs/{number}", needs=READ)
def get_run(call: Call) -> dict[str, Any]:
    return shown.check_run(call.world, _run(call))


@routes.patch("/check-runs/{number}", needs=WRITE, who="installation")
def update_run(call: Call) -> dict[str, Any]:
    return shown.check_run(call.world, checks.update_run(call, _run(call), call.body))


@routes.get("/check-runs/{number}/annotations", needs=READ)
def list_annotations(call: Call) -> list[Any]:
    rows = call.store.all("SELECT * FROM annotations WHERE check_run_id = ? ORDER BY id", _run(call)["id"])
    return [shown.annotation(call.world, row) for row in call.page(rows)]


@routes.post("/check-runs/{number}/rerequest", needs=WRITE)
def rerequest_run(call: Call) -> Reply:
    checks.rerequest_run(call, _run(call))
    return Reply(201, {})


@routes.post("/check-suites", needs=WRITE, who="installation")
def create_suite(call: Call) -> Reply:
    sha = call.text("head_sha", "CheckSuite")
    if not call.git.objects.has(sha, "commit"):
        raise not_found()
    sql = "SELECT count(*) FROM check_suites WHERE repo_id = ? AND app_id = ? AND head_sha = ?"
    before = call.store.count(sql, call.repo["id"], call.app_id, sha)
    row = checks.suite_for(call.world, call.repo, call.app_id or 0, sha)
    return Reply(200 if before else 201, shown.check_suite(call.world, row))


@routes.get("/check-suites/{number}", needs=READ)
def get_suite(call: Call) -> dict[str, Any]:
    return shown.check_suite(call.world, _suite(call))


@routes.post("/check-suites/{number}/rerequest", needs=WRITE)
def rerequest_suite(call: Call) -> Reply:
    checks.rerequest_suite(call, _suite(call))
    return Reply(201, {})


@routes.get("/check-suites/{number}/check-runs", needs=READ)
def list_suite_runs(call: Call) -> dict[str, Any]:
    rows = call.store.all("SELECT * FROM check_runs WHERE suite_id = ? ORDER BY id DESC", _suite(call)["id"])
    return _runs(call, rows)


@routes.get("/commits/{ref:rest}/check-runs", needs=READ)
def list_runs(call: Call) -> dict[str, Any]:
    sql = "SELECT * FROM check_runs WHERE repo_id = ? AND head_sha = ? ORDER BY id DESC"
    return _runs(call, call.store.all(sql, call.repo["id"], _sha(call)))


@routes.get("/commits/{ref:rest}/check-suites", needs=READ)
def list_suites(call: Call) -> dict[str, Any]:
    sql = "SELECT * FROM check_suites WHERE repo_id = ? AND head_sha = ? ORDER BY id"
    rows = call.store.all(sql, call.repo["id"], _sha(call))
    wanted = call.query.get("app_id")
    rows = [row for row in rows if wanted in (None, str(row["app_id"]))]
    return {"total_count": len(rows), "check_suites": [shown.check_suite(call.world, row) for row in call.page(rows)]}


def _runs(call: Call, rows: list[Row]) -> dict[str, Any]:
    """Newest first; by default only the newest of each name and app, as GitHub does."""
    name, status, app_id = (call.query.get(each) for each in ("check_name", "status", "app_id"))
    rows = [row for row in rows if name in (None, row["name"]) and status in (None, row["status"])]
    rows = [row for row in rows if app_id in (None, str(row["app_id"]))]
    if call.query.get("filter", "latest") == "latest":
        newest: dict[tuple[int, str], Row] = {}
        for row in rows:
            newest.setdefault((row["app_id"], row["name"]), row)
        rows = list(newest.values())
    return {"total_count": len(rows), "check_runs": [shown.check_run(call.world, row) for row in call.page(rows)]}


def _run(call: Call) -> Row:
    return _mine(call, "check_runs")


def _suite(call: Call) -> Row:
    return _mine(call, "check_suites")


def _mine(call: Call, table: str) -> Row:
    row = call.store.get(table, call.number())
    if row is None or row["repo_id"] != call.repo["id"]:
        raise not_found()
    return row


def _sha(call: Call) -> str:
    sha = call.git.resolve(call.params["ref"])
    if sha is None:
        raise not_found()
    return sha
