"""POST /api/graphql: parse, run each root field, answer data and typed errors the way GitHub does (always 200)."""

from __future__ import annotations

from typing import Any

from simulators.github.call import ApiError, Call, Reply
from simulators.github.graphql import mutations
from simulators.github.graphql.answers import (
    FieldError,
    issue,
    plain,
    pull_request,
    repository,
    select,
    visible,
)  # fmt: skip
from simulators.github.graphql.document import DocumentError, Field, parse
from simulators.github.routing import Routes

routes = Routes("/api")


@routes.post("/graphql", who="token")
def graphql(call: Call) -> Any:
    if call.actor.kind == "anonymous":
        raise ApiError(401, "This endpoint requires you to be authenticated.")
    query, variables = call.body.get("query"), call.body.get("variables") or {}
    if not isinstance(query, str) or not isinstance(variables, dict):
        raise ApiError(400, "A query attribute must be specified and must be a string.")
    try:
        operation = parse(query, variables, call.body.get("operationName"))
    except DocumentError as error:
        return Reply(200, {"errors": [{"message": str(error), "type": None, "locations": []}]})
    data: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    for field in operation.selection:
        try:
            data[field.alias] = mutations.run(call, field) if operation.kind == "mutation" else _query(call, field)
        except FieldError as error:
            data[field.alias] = None
            errors.append({"type": error.kind, "path": [field.alias], "locations": [], "message": error.message})
    return Reply(200, {"data": data, "errors": errors} if errors else {"data": data})


def _query(call: Call, field: Field) -> Any:
    if field.name == "viewer":
        row = call.user
        return select("User", {"login": plain(row["login"]), "databaseId": plain(row["id"])}, field.selection)
    if field.name == "repository":
        owner, name = str(field.arguments.get("owner")), str(field.arguments.get("name"))
        repo = visible(call, call.world.repository(owner, name))
        if repo is None:
            raise FieldError("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return repository(call, repo, field.selection)
    if field.name == "node":
        return _node(call, field)
    if field.name == "rateLimit":
        numbers = {"limit": 5000, "cost": 1, "remaining": 4999, "used": 1}
        return select("RateLimit", {name: plain(value) for name, value in numbers.items()}, field.selection)
    raise FieldError("undefinedField", f"Field '{field.name}' doesn't exist on type 'Query' of the simulator")


def _node(call: Call, field: Field) -> Any:
    text = field.arguments.get("id")
    for kind, table in (("R", "repositories"), ("PR", "pulls"), ("I", "issues")):
        found = call.world.from_node_id(kind, text)
        row = call.store.get(table, found) if found else None
        repo = (
            visible(call, call.store.get("repositories", row["repo_id"] if kind != "R" else row["id"])) if row else None
        )
        if row is None or repo is None:
            continue
        if kind == "R":
            return repository(call, repo, field.selection)
        return pull_request(call, row["id"], field.selection) if kind == "PR" else issue(call, row, field.selection)
    raise FieldError("NOT_FOUND", f"Could not resolve to a node with the global id of '{text}'")
