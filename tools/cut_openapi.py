"""Cuts GitHub's OpenAPI description down to the operations and webhooks named in a list.

It reads one local file and writes one sorted file: the same input gives the same bytes. It never downloads anything;
bring the description with `npm pack @octokit/openapi@23.0.2` (file `package/generated/api.github.com.json`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = Any

# Prose and samples: none of it decides whether a body is right.
PROSE = {"description", "example", "examples", "externalDocs", "summary", "title", "deprecated", "readOnly", "default"}
SCHEMA_MAPS = {"properties", "patternProperties"}
SHARE_FROM_BYTES = 400  # a schema written twice and at least this long is stored once


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("full", type=Path, help="the full description (api.github.com.json)")
    parser.add_argument("operations", type=Path, help="the list of operation ids and webhooks")
    parser.add_argument("output", type=Path)
    options = parser.parse_args(arguments)
    full = json.loads(options.full.read_text("utf-8"))
    operations, webhooks = read_list(options.operations.read_text("utf-8"))
    try:
        document = cut(full, operations, webhooks)
    except KeyError as missing:
        print(f"cut_openapi: not in the description: {missing.args[0]}", file=sys.stderr)
        return 1
    options.output.write_text(write(document), "utf-8")
    print(f"{len(operations)} operations, {len(webhooks)} webhooks, {options.output.stat().st_size:,} bytes")
    return 0


def read_list(text: str) -> tuple[set[str], set[str]]:
    operations: set[str] = set()
    webhooks: set[str] = set()
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) == 2 and words[0] == "webhook":
            webhooks.add(words[1])
        elif words:
            operations.add(words[0])
    return operations, webhooks


def cut(full: Json, operations: set[str], webhooks: set[str]) -> Json:
    paths: dict[str, dict[str, Json]] = {}
    found: set[str] = set()
    for path, item in full["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and operation.get("operationId") in operations:
                paths.setdefault(path, {})[method] = slim_operation(full, operation, item.get("parameters", []))
                found.add(operation["operationId"])
    for name in sorted((operations - found) | (webhooks - set(full["x-webhooks"]))):
        raise KeyError(name)
    hooks = {
        name: {"post": {"requestBody": slim_body(full, full["x-webhooks"][name]["post"]["requestBody"])}}
        for name in webhooks
    }
    schemas = reachable(full, [paths, hooks])
    correct(paths, schemas)
    document = {
        "openapi": full["openapi"],
        "info": {**full["info"], "description": "Cut down by tools/cut_openapi.py; licence: LICENSE beside this file."},
        "paths": paths,
        "x-webhooks": hooks,
        "components": {"schemas": schemas},
    }
    return share_repeated(document)


def slim_operation(full: Json, operation: Json, shared: list[Json]) -> Json:
    slim: dict[str, Json] = {
        "operationId": operation["operationId"],
        "x-github": {"enabledForGitHubApps": operation.get("x-github", {}).get("enabledForGitHubApps", False)},
        "parameters": [slim_parameter(follow(full, each)) for each in [*shared, *operation.get("parameters", [])]],
        "responses": {
            status: slim_response(status, follow(full, response)) for status, response in operation["responses"].items()
        },
    }
    if "requestBody" in operation:
        slim["requestBody"] = slim_body(full, operation["requestBody"])
    return slim


def slim_parameter(parameter: Json) -> Json:
    kept = {key: parameter[key] for key in ("name", "in", "required", "x-multi-segment") if key in parameter}
    return {**kept, "schema": slim_schema(parameter["schema"])}


def slim_body(full: Json, body: Json) -> Json:
    body = follow(full, body)
    content = {media: {"schema": slim_schema(value.get("schema", {}))} for media, value in body["content"].items()}
    return {"required": bool(body.get("required")), "content": content}


def slim_response(status: str, response: Json) -> Json:
    """Only successes keep their JSON schema: an error needs no more than its status here."""
    media = response.get("content", {}).get("application/json")
    if not status.startswith("2") or media is None:
        return {"description": ""}
    return {"description": "", "content": {"application/json": {"schema": slim_schema(media["schema"])}}}


def slim_schema(schema: Json) -> Json:
    if isinstance(schema, list):
        return [slim_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    slim: dict[str, Json] = {}
    for key, value in schema.items():
        if key in PROSE or (key.startswith("x-") and key != "x-multi-segment"):
            continue
        if key in SCHEMA_MAPS:
            slim[key] = {name: slim_schema(each) for name, each in value.items()}
        elif key in ("required", "enum"):
            slim[key] = sorted(value, key=lambda each: (each is None, str(each)))
        else:
            slim[key] = slim_schema(value)
    return slim


def follow(full: Json, value: Json) -> Json:
    while "$ref" in value:
        value = resolve(full, value["$ref"])
    return value


def resolve(full: Json, reference: str) -> Json:
    target = full
    for part in reference.removeprefix("#/").split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return target


def reachable(full: Json, roots: Json) -> dict[str, Json]:
    schemas: dict[str, Json] = {}
    waiting = list(references(roots))
    while waiting:
        name = waiting.pop().rsplit("/", 1)[-1]
        if name not in schemas:
            schemas[name] = slim_schema(full["components"]["schemas"][name])
            waiting.extend(references(schemas[name]))
    return schemas


def references(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def correct(paths: Json, schemas: Json) -> None:
    """Puts right where the description contradicts what GitHub answers; each line is one such place."""
    if "/app/installations" in paths:
        answer = paths["/app/installations"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        account = (
            answer["items"]["properties"]["account"] if "items" in answer and "properties" in answer["items"] else {}
        )
        if "allOf" in account:  # an account is a user or an enterprise, as everywhere else in the file, not both
            account["anyOf"] = account.pop("allOf")
    if "pull-request-simple" in schemas:
        # GitHub sends null for a label without a description.
        label = schemas["pull-request-simple"]["properties"]["labels"]["items"]
        label["properties"]["description"]["nullable"] = True


def share_repeated(document: Json) -> Json:
    """Store once what GitHub wrote out many times: its webhook schemas repeat whole users and repositories."""
    seen: dict[str, int] = {}
    count_schemas(document, seen)
    shared: dict[str, Json] = {}
    replaced = replace_schemas(document, {text for text, times in seen.items() if times > 1}, shared)
    replaced["components"]["schemas"].update(shared)
    return replaced


def is_schema(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str) and "properties" in value


def canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def count_schemas(value: Json, seen: dict[str, int]) -> None:
    if is_schema(value):
        text = canonical(value)
        if len(text) < SHARE_FROM_BYTES:
            return
        seen[text] = seen.get(text, 0) + 1
        if seen[text] > 1:
            return  # what is inside a repeated schema was counted with its first copy
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in children:
        count_schemas(each, seen)


def replace_schemas(value: Json, repeated: set[str], shared: dict[str, Json]) -> Json:
    if isinstance(value, list):
        return [replace_schemas(each, repeated, shared) for each in value]
    if not isinstance(value, dict):
        return value
    text = canonical(value) if is_schema(value) else ""
    inside = {key: replace_schemas(each, repeated, shared) for key, each in value.items()}
    if text not in repeated:
        return inside
    name = "shared-" + hashlib.sha256(text.encode()).hexdigest()[:12]
    shared[name] = inside
    return {"$ref": f"#/components/schemas/{name}"}


def write(document: Json) -> str:
    """One line for each operation, webhook and schema: small, and a change reads well in a diff."""
    lines = ["{"]
    for index, (key, value) in enumerate(sorted(document.items())):
        comma = "," if index < len(document) - 1 else ""
        if key == "components":
            lines += ['"components":{"schemas":{', *entries(value["schemas"]), "}}" + comma]
        elif key in ("paths", "x-webhooks"):
            lines += [f"{json.dumps(key)}:{{", *entries(value), "}" + comma]
        else:
            lines.append(f"{json.dumps(key)}:{canonical(value)}{comma}")
    return "\n".join([*lines, "}", ""])


def entries(mapping: dict[str, Json]) -> list[str]:
    lines = [f"{json.dumps(key)}:{canonical(value)}" for key, value in sorted(mapping.items())]
    return [line + "," for line in lines[:-1]] + lines[-1:]


if __name__ == "__main__":
    sys.exit(main())
