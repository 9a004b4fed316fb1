"""REST routes of labels: those of a repository, and those on an issue or a pull request."""

from __future__ import annotations

import re
from typing import Any

from . import issues, payloads
from .call import Call, Reply, invalid, not_found
from .routing import Routes
from .store import Row

WRITE = "issues=write; pull_requests=write"
READ = "issues=read; pull_requests=read"
COLOUR = re.compile(r"[0-9A-Fa-f]{6}\Z")

routes = Routes("/api/v3/repos/{owner}/{repo}")


@routes.get("/labels", needs=READ)
def list_labels(call: Call) -> list[Any]:
    rows = call.store.all("SELECT * FROM labels WHERE repo_id = ? ORDER BY name", call.repo["id"])
    return _shown(call, call.page(rows))


@routes.post("/labels", needs=WRITE)
def create_label(call: Call) -> Reply:
    name = call.text("name", "Label")
    taken = call.store.first("SELECT 1 FROM labels WHERE repo_id = ? AND name = ?", call.repo["id"], name)
    if taken:
        raise invalid("Label", "name", "already_exists")
    colour = _colour(call.text("color", "Label", required=False, default=issues.DEFAULT_COLOUR))
    row = issues.create_label(call, name, colour, call.body.get("description"))
    return Reply(201, payloads.label(call.world, call.repo, row))


@routes.get("/labels/{name}", needs=READ)
def get_label(call: Call) -> dict[str, Any]:
    return payloads.label(call.world, call.repo, issues.find_label(call, call.params["name"]))


@routes.patch("/labels/{name}", needs=WRITE)
def update_label(call: Call) -> dict[str, Any]:
    row = issues.find_label(call, call.params["name"])
    changes: dict[str, Any] = {}
    if "new_name" in call.body:
        changes["name"] = call.text("new_name", "Label")
    if "color" in call.body:
        changes["color"] = _colour(call.text("color", "Label"))
    if "description" in call.body:
        changes["description"] = call.body["description"]
    changed = call.store.update("labels", row["id"], **changes)
    before = {name: {"from": row[name] or ""} for name in changes}
    call.emit("label", "edited", label=payloads.label(call.world, call.repo, changed), changes=before)
    return payloads.label(call.world, call.repo, changed)


@routes.delete("/labels/{name}", needs=WRITE)
def delete_label(call: Call) -> Reply:
    row = issues.find_label(call, call.params["name"])
    call.store.execute("DELETE FROM issue_labels WHERE label_id = ?", row["id"])
    call.store.delete("labels", row["id"])
    call.emit("label", "deleted", label=payloads.label(call.world, call.repo, row))
    return Reply(204)


@routes.get("/issues/{number}/labels", needs=READ)
def list_issue_labels(call: Call) -> list[Any]:
    return _shown(call, call.page(issues.labels_of(call, issues.find(call, call.number()))))


@routes.post("/issues/{number}/labels", needs=WRITE, role="triage")
def add_issue_labels(call: Call) -> list[Any]:
    issue = issues.find(call, call.number())
    return _shown(call, issues.set_labels(call, issue, _names(call), keep=True))


@routes.put("/issues/{number}/labels", needs=WRITE, role="triage")
def set_issue_labels(call: Call) -> list[Any]:
    issue = issues.find(call, call.number())
    return _shown(call, issues.set_labels(call, issue, _names(call), keep=False))


@routes.delete("/issues/{number}/labels", needs=WRITE, role="triage")
def remove_issue_labels(call: Call) -> Reply:
    issues.set_labels(call, issues.find(call, call.number()), [], keep=False)
    return Reply(204)


@routes.delete("/issues/{number}/labels/{name}", needs=WRITE, role="triage")
def remove_issue_label(call: Call) -> list[Any]:
    issue = issues.find(call, call.number())
    on_it = [label for label in issues.labels_of(call, issue) if label["name"].lower() == call.params["name"].lower()]
    if not on_it:
        raise not_found()
    issues.detach(call, issue, on_it[0])
    return _shown(call, issues.labels_of(call, issue))


def _shown(call: Call, rows: list[Row]) -> list[Any]:
    return [payloads.label(call.world, call.repo, row) for row in rows]


def _names(call: Call) -> list[str]:
    value = call.body.get("labels", [])
    if not isinstance(value, list):
        raise invalid("Label", "labels")
    names = [each.get("name") if isinstance(each, dict) else each for each in value]
    given = [name for name in names if isinstance(name, str) and name]
    if len(given) != len(names):
        raise invalid("Label", "labels")
    return given


def _colour(text: str) -> str:
    if not COLOUR.match(text):
        raise invalid("Label", "color")
    return text.lower()
