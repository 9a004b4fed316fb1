"""What happens to check suites and check runs: GitHub's limits, which run belongs to which suite, and the webhooks.

It knows no HTTP; routes and web pages act through it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .call import ApiError, Call, invalid
from .emission import emit
from .payloads import checks as shown
from .store import Row

if TYPE_CHECKING:
    from .world import RefChange, World

ANNOTATIONS = 50
ACTIONS = 3
OUTPUT_TEXT = 65_535
ANNOTATION_BYTES = 64 * 1024
ANNOTATION_TITLE = 255
ACTION_LIMITS = {"label": 20, "description": 40, "identifier": 20}
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out")
LEVELS = ("notice", "warning", "failure")
# The worst conclusion of the runs is the suite's.
WORST_FIRST = ("failure", "timed_out", "action_required", "cancelled", "success", "neutral", "skipped")
PLAIN_FIELDS = ("name", "external_id", "details_url", "started_at", "completed_at")


def create_run(call: Call, body: Mapping[str, Any]) -> Row:
    name, sha = call.text("name", "CheckRun"), call.text("head_sha", "CheckRun")
    if not call.git.objects.has(sha, "commit"):
        raise invalid("CheckRun", "head_sha", "custom", f"No commit found for SHA: {sha}")
    values = _validated(call, body)
    suite = suite_for(call.world, call.repo, _app(call), sha)
    row = call.store.insert(
        "check_runs", repo_id=call.repo["id"], suite_id=suite["id"], app_id=_app(call), head_sha=sha,
        created_at=call.now, updated_at=call.now, **{"started_at": call.now, **values, "name": name},
    )  # fmt: skip
    _append_annotations(call, row, body)
    call.effect("check_run.created", f"{call.repo_name}@{sha[:12]}", name=name, status=row["status"])
    call.emit("check_run", "created", check_run=shown.check_run(call.world, row, webhook=True))
    if row["status"] == "completed":
        call.emit("check_run", "completed", check_run=shown.check_run(call.world, row, webhook=True))
    _settle(call, suite)
    return row


def update_run(call: Call, row: Row, body: Mapping[str, Any]) -> Row:
    if row["app_id"] != call.app_id:
        raise ApiError(403, "This check run can only be modified by the GitHub App that created it.")
    was = row["status"]
    values = _validated(call, body)
    if values.get("status") in ("queued", "in_progress"):
        values |= {"conclusion": None, "completed_at": None}
    row = call.store.update("check_runs", row["id"], updated_at=call.now, **values)
    _append_annotations(call, row, body)
    detail = {"name": row["name"], "status": row["status"], "conclusion": row["conclusion"]}
    call.effect("check_run.updated", f"{call.repo_name}@{row['head_sha'][:12]}", **detail)
    if row["status"] == "completed" and was != "completed":
        call.emit("check_run", "completed", check_run=shown.check_run(call.world, row, webhook=True))
    _settle(call, call.store.must("check_suites", row["suite_id"]))
    return row


def rerequest_run(call: Call, row: Row) -> None:
    """Somebody asks for the run again: the app answers the webhook, or nothing happens."""
    call.store.update("check_suites", row["suite_id"], status="queued", conclusion=None, updated_at=call.now)
    call.effect("check_run.rerequested", f"{call.repo_name}@{row['head_sha'][:12]}", name=row["name"])
    call.emit("check_run", "rerequested", check_run=shown.check_run(call.world, row, webhook=True))


def request_action(call: Call, row: Row, identifier: str) -> None:
    """Somebody presses one of the run's buttons."""
    if identifier not in {each["identifier"] for each in json.loads(row["actions_json"])}:
        raise invalid("CheckRun", "requested_action")
    call.effect("check_run.requested_action", f"{call.repo_name}@{row['head_sha'][:12]}", identifier=identifier)
    body = shown.check_run(call.world, row, webhook=True)
    call.emit("check_run", "requested_action", check_run=body, requested_action={"identifier": identifier})


def rerequest_suite(call: Call, row: Row) -> None:
    row = call.store.update("check_suites", row["id"], status="queued", conclusion=None, updated_at=call.now)
    call.effect("check_suite.rerequested", f"{call.repo_name}@{row['head_sha'][:12]}")
    call.emit("check_suite", "rerequested", check_suite=shown.check_suite(call.world, row, webhook=True))


def suite_for(
    world: World, repo: Row, app_id: int, sha: str, branch: str | None = None, before: str | None = None
) -> Row:
    sql = "SELECT * FROM check_suites WHERE repo_id = ? AND app_id = ? AND head_sha = ?"
    found = world.store.first(sql, repo["id"], app_id, sha)
    if found:
        return found
    if branch is None:
        pull = world.store.first("SELECT head_ref FROM pulls WHERE repo_id = ? AND head_sha = ?", repo["id"], sha)
        branch = pull["head_ref"] if pull else None
    now = world.now()
    return world.store.insert(
        "check_suites", repo_id=repo["id"], app_id=app_id, head_sha=sha, head_branch=branch, before_sha=before,
        created_at=now, updated_at=now,
    )  # fmt: skip


def on_push(world: World, repo: Row, change: RefChange) -> None:
    """Every pushed head of a branch gets a suite, and the app is asked to fill it."""
    app = world.app()
    installation = world.installation_of(repo["owner_id"])
    if change.branch is None or change.new is None or app is None or installation is None:
        return
    if not world.installed_on(installation, repo):
        return
    suite = suite_for(world, repo, app["id"], change.new, change.branch, change.old or "0" * 40)
    body = shown.check_suite(world, suite, webhook=True)
    emit(world, "check_suite", "requested", repo=repo, sender=change.sender, check_suite=body)


def _settle(call: Call, suite: Row) -> None:
    """The suite follows its newest runs; when all of them are done it completes, once."""
    runs = shown.latest_runs(call.world, suite["id"])
    open_runs = [run for run in runs if run["status"] != "completed"]
    if open_runs:
        status = "queued" if all(run["status"] == "queued" for run in runs) else "in_progress"
        call.store.update("check_suites", suite["id"], status=status, conclusion=None, updated_at=call.now)
        return
    found = {run["conclusion"] for run in runs}
    conclusion = next(each for each in WORST_FIRST if each in found)
    if (suite["status"], suite["conclusion"]) == ("completed", conclusion):
        return
    suite = call.store.update(
        "check_suites", suite["id"], status="completed", conclusion=conclusion, updated_at=call.now
    )
    call.emit("check_suite", "completed", check_suite=shown.check_suite(call.world, suite, webhook=True))


def _validated(call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    """The columns a request sets, or a 422 in GitHub's words."""
    values = {name: body[name] for name in PLAIN_FIELDS if body.get(name) is not None}
    status, conclusion = body.get("status"), body.get("conclusion")
    if status is not None and status not in STATUSES:
        raise invalid("CheckRun", "status")
    if conclusion is not None and conclusion not in CONCLUSIONS:
        raise invalid("CheckRun", "conclusion")
    if (status == "completed" or body.get("completed_at")) and conclusion is None:
        raise _refused("For 'properties/status', \"completed\" needs a conclusion.")
    if conclusion is not None:
        values |= {"status": "completed", "conclusion": conclusion}
        values.setdefault("completed_at", call.now)
    elif status is not None:
        values["status"] = status
    return {**values, **_output(body), **_actions(body)}


def _output(body: Mapping[str, Any]) -> dict[str, Any]:
    output = body.get("output")
    if output is None:
        return {}
    if not isinstance(output, dict) or not isinstance(output.get("summary"), str):
        raise invalid("CheckRun", "output", "missing_field")
    for name in ("summary", "text"):
        if len(output.get(name) or "") > OUTPUT_TEXT:
            raise _refused(f"Only {OUTPUT_TEXT} characters are allowed for {name}; {len(output[name])} were supplied.")
    annotations = output.get("annotations") or []
    if len(annotations) > ANNOTATIONS:
        raise _refused(f"No more than {ANNOTATIONS} items are allowed; {len(annotations)} annotations were supplied.")
    for each in annotations:
        _check_annotation(each)
    return {f"output_{name}": output[name] for name in ("title", "summary", "text") if name in output}


def _check_annotation(each: Any) -> None:
    required = ("path", "start_line", "end_line", "annotation_level", "message")
    missing = [name for name in required if not isinstance(each, dict) or each.get(name) in (None, "")]
    if missing:
        raise invalid("CheckRun", f"annotations.{missing[0]}", "missing_field")
    if each["annotation_level"] not in LEVELS:
        raise invalid("CheckRun", "annotations.annotation_level")
    if each["end_line"] < each["start_line"] or each["start_line"] < 1:
        raise invalid("CheckRun", "annotations.end_line")
    if each["start_line"] != each["end_line"] and (each.get("start_column") or each.get("end_column")):
        raise _refused("Annotations only support start_column and end_column on the same line.")
    for name in ("message", "raw_details"):
        if len((each.get(name) or "").encode()) > ANNOTATION_BYTES:
            raise _refused(f"annotations.{name} is too large (maximum is 64 KB).")
    if len(each.get("title") or "") > ANNOTATION_TITLE:
        raise _refused(f"annotations.title is too long (maximum is {ANNOTATION_TITLE} characters).")


def _actions(body: Mapping[str, Any]) -> dict[str, Any]:
    actions = body.get("actions")
    if actions is None:
        return {}
    if len(actions) > ACTIONS:
        raise _refused(f"No more than {ACTIONS} items are allowed for actions; {len(actions)} were supplied.")
    for each in actions:
        for name, limit in ACTION_LIMITS.items():
            if not isinstance(each.get(name), str) or len(each[name]) > limit:
                raise _refused(f"actions.{name} must be a text of at most {limit} characters.")
    return {"actions_json": json.dumps(actions)}


def _append_annotations(call: Call, run: Row, body: Mapping[str, Any]) -> None:
    columns = (
        "path", "start_line", "end_line", "start_column", "end_column", "annotation_level", "message", "title",
        "raw_details",
    )  # fmt: skip
    for each in (body.get("output") or {}).get("annotations") or []:
        call.store.insert("annotations", check_run_id=run["id"], **{name: each.get(name) for name in columns})


def _app(call: Call) -> int:
    if call.app_id is None:
        raise ApiError(403, "You must authenticate via a GitHub App.")
    return call.app_id


def _refused(message: str) -> ApiError:
    return ApiError(422, f"Invalid request.\n\n{message}")
