"""Knows GitHub's own description of its REST API and webhooks, and says where a request, an answer or a payload departs
from it. It judges shapes only: permissions, state and content are the simulator's business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

Json = Any
Query = Mapping[str, str] | Sequence[tuple[str, str]]

DESCRIPTION = Path(__file__).parent / "openapi" / "github.json"
PREFIXES = ("/api/v3", "/api/uploads")

# GitHub's file declares these for some operations and forgets them for others; any operation may answer with them.
ALLOWED_EVERYWHERE = frozenset({301, 304, 307, 401, 403, 404, 409, 410, 413, 415, 422, 429})
SPANNING = frozenset({"path", "ref", "basehead", "branch", "tag"})
MESSAGE_LIMIT = 240

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
_BY_ID = re.compile(r"\A/repositories/\d+(?=/|\Z)")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")


@dataclass(frozen=True)
class Operation:
    """One REST operation, as far as checking needs it."""

    id: str
    method: str
    template: str
    pattern: re.Pattern[str]
    enabled_for_apps: bool
    description: Json = field(repr=False, compare=False)

    @property
    def literals(self) -> int:
        return sum(1 for part in self.template.split("/") if part and not part.startswith("{"))


class Contract:
    """The cut-down description with one validator per schema, each built when it is first needed."""

    def __init__(self, description: Json) -> None:
        self._schemas = SchemaBook(description["components"]["schemas"])
        self._webhooks: Json = description["x-webhooks"]
        operations = [
            _operation(method, template, each)
            for template, item in description["paths"].items()
            for method, each in item.items()
        ]
        # The most literal template wins: /issues/comments before /issues/{issue_number}.
        self.operations = tuple(sorted(operations, key=lambda each: -each.literals))
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}

    @classmethod
    def load(cls, path: Path = DESCRIPTION) -> Contract:
        return cls(json.loads(path.read_text("utf-8")))

    def find(self, method: str, path: str) -> Operation | None:
        path = _without_prefix(path)
        for operation in self.operations:
            if operation.method == method.upper() and operation.pattern.fullmatch(path):
                return operation
        return None

    def check_request(
        self,
        method: str,
        path: str,
        query: Query,
        headers: Mapping[str, str],
        body: Json,
        is_app_token: bool,  # noqa: FBT001 - a value of the request like the others
    ) -> list[str]:
        """Problems of one request; `body` is decoded JSON, None when absent, bytes for an upload."""
        operation = self.find(method, path)
        if operation is None:
            return [f"unknown route: {method.upper()} {path}"]
        problems: list[str] = []
        if is_app_token and not operation.enabled_for_apps:
            problems.append(f"{operation.id} is not enabled for GitHub Apps")
        if not any(name.lower() == "x-github-api-version" for name in headers):
            problems.append("the X-GitHub-Api-Version header is missing")
        problems += self._check_query(operation, query)
        problems += self._check_body(operation, body)
        return problems

    def check_response(self, method: str, path: str, status: int, body: Json) -> list[str]:
        """Problems of one answer; `body` is decoded JSON, None when empty or not JSON."""
        operation = self.find(method, path)
        if operation is None:
            return [] if status in (404, 501) else [f"answered {status} on an unknown route: {method.upper()} {path}"]
        response = operation.description["responses"].get(str(status))
        if status >= 400:
            problems = _check_error(body)
        elif response is not None and "content" in response:
            schema = response["content"]["application/json"]["schema"]
            problems = list(self._errors((operation.id, "answer", str(status)), schema, body, "answer"))
        else:
            problems = [f"a {status} has no body here"] if status == 204 and body is not None else []
        if response is None and status not in ALLOWED_EVERYWHERE and status < 500:
            problems.append(f"{operation.id} does not declare the status {status}")
        return problems

    def check_webhook(self, event: str, payload: Json) -> list[str]:
        """Problems of one webhook payload; the schema is named by event and action."""
        if not isinstance(payload, dict):
            return ["a webhook payload is an object"]
        name = self._webhook_name(event, payload.get("action"))
        if name is None:
            return [f"unknown webhook: {event} {payload.get('action')}"]
        schema = self._webhooks[name]["post"]["requestBody"]["content"]["application/json"]["schema"]
        return list(self._errors(("webhook", name), schema, payload, "payload"))

    def _webhook_name(self, event: str, action: Json) -> str | None:
        plain = event.replace("_", "-")
        named = f"{plain}-{str(action).replace('_', '-')}"
        return next((name for name in (named, plain) if name in self._webhooks), None)

    def _check_query(self, operation: Operation, query: Query) -> Iterator[str]:
        known = {each["name"]: each for each in operation.description["parameters"] if each["in"] == "query"}
        pairs = list(query.items() if isinstance(query, Mapping) else query)
        for name, text in pairs:
            if name not in known:
                yield f"unknown query parameter: {name}"
                continue
            schema = known[name]["schema"]
            yield from self._errors((operation.id, "query", name), schema, _typed(text, schema), f"query/{name}")
        given = {name for name, _ in pairs}
        yield from (
            f"missing query parameter: {name}"
            for name, each in known.items()
            if each.get("required") and name not in given
        )

    def _check_body(self, operation: Operation, body: Json) -> Iterator[str]:
        declared = operation.description.get("requestBody")
        if declared is None:
            if body not in (None, b"", {}):
                yield f"{operation.id} takes no body"
            return
        if "application/json" not in declared["content"]:
            return
        if body is None:
            if declared["required"]:
                yield f"{operation.id} needs a body"
            return
        schema = declared["content"]["application/json"]["schema"]
        yield from self._errors((operation.id, "body"), schema, body, "body")
        yield from unknown_fields([self._schemas.convert(schema)], body, "body")

    def _errors(self, key: tuple[str, ...], schema: Json, value: Json, where: str) -> Iterator[str]:
        validator = self._validators.get(key)
        if validator is None:
            validator = Draft202012Validator(self._schemas.convert(schema), format_checker=_format_checker())
            self._validators[key] = validator
        for error in validator.iter_errors(value):
            yield _describe(error, where)


class SchemaBook:
    """Turns OpenAPI 3.0 schemas into JSON Schema, references followed; a component is turned once."""

    def __init__(self, components: Mapping[str, Json]) -> None:
        self._components = components
        self._converted: dict[str, dict[str, Json]] = {}

    def convert(self, schema: Json) -> dict[str, Json]:
        if "$ref" in schema:
            return self._component(schema["$ref"].rsplit("/", 1)[-1])
        converted = {key: self._convert_keyword(key, value) for key, value in schema.items() if key != "nullable"}
        if "oneOf" in converted:
            # GitHub's alternatives overlap (a submodule also fits "file"): exactly-one would refuse GitHub itself.
            converted.setdefault("anyOf", converted.pop("oneOf"))
        return _nullable(converted) if schema.get("nullable") else converted

    def _component(self, name: str) -> dict[str, Json]:
        if name not in self._converted:
            self._converted[name] = {}  # entered before it is filled: components may refer to themselves
            self._converted[name].update(self.convert(self._components[name]))
        return self._converted[name]

    def _convert_keyword(self, key: str, value: Json) -> Json:
        if key == "properties":
            return {name: self.convert(each) for name, each in value.items()}
        if key in ("anyOf", "oneOf", "allOf"):
            return [self.convert(each) for each in value]
        if key in ("items", "additionalProperties") and isinstance(value, dict):
            return self.convert(value)
        return value


def _nullable(schema: dict[str, Json]) -> dict[str, Json]:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def unknown_fields(schemas: Sequence[Json], value: Json, where: str) -> Iterator[str]:
    """Fields that no alternative of the schemas names. GitHub ignores them silently, which hides typing mistakes."""
    flat = [each for schema in schemas for each in _alternatives(schema)]
    if isinstance(value, list):
        items = [each["items"] for each in flat if "items" in each]
        for index, item in enumerate(value):
            yield from unknown_fields(items, item, f"{where}/{index}")
    if not isinstance(value, dict):
        return
    shaped = [each for each in flat if "properties" in each]
    if not shaped or any(isinstance(each.get("additionalProperties"), dict) for each in flat):
        return
    for name, inner in value.items():
        found = [each["properties"][name] for each in shaped if name in each["properties"]]
        if found:
            yield from unknown_fields(found, inner, f"{where}/{name}")
        else:
            yield f"{where}: unknown field {name!r}"


def _alternatives(schema: Json) -> Iterator[Json]:
    yield schema
    for key in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(key, ()):
            yield from _alternatives(each)


def _operation(method: str, template: str, description: Json) -> Operation:
    multi = {each["name"] for each in description["parameters"] if each.get("x-multi-segment")} | SPANNING
    pieces = re.split(r"\{([^}]+)\}", template)
    pattern = "".join(
        re.escape(piece) if index % 2 == 0 else ("(.+)" if piece in multi else "([^/]+)")
        for index, piece in enumerate(pieces)
    )
    if template.endswith(("/{path}", "/tarball/{ref}")):
        # The folder at the top has an empty path, and a tarball without a ref is the default branch's.
        pattern = pattern.removesuffix("/(.+)") + "(?:/(.*))?"
    enabled = bool(description["x-github"]["enabledForGitHubApps"])
    return Operation(description["operationId"], method.upper(), template, re.compile(pattern), enabled, description)


def _without_prefix(path: str) -> str:
    for prefix in PREFIXES:
        if path == prefix or path.startswith(prefix + "/"):
            path = path[len(prefix) :] or "/"
            break
    # The address that GitHub redirects a renamed repository to; it answers like the named one and is not in the file.
    return _BY_ID.sub("/repos/by/id", path)


def _typed(text: str, schema: Json) -> Json:
    """A query value as the type its schema asks for, or the text itself, which then fails the check."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    return text


def _check_error(body: Json) -> list[str]:
    if isinstance(body, dict) and not isinstance(body.get("message"), str):
        return ["an error carries a message"]
    return []


def _describe(error: ValidationError, where: str) -> str:
    cause = error
    while cause.context:
        # Of the alternatives that all failed, tell about the one that failed least.
        failed: dict[Json, list[ValidationError]] = {}
        for each in cause.context:
            failed.setdefault(each.relative_schema_path[0], []).append(each)
        cause = min(failed.values(), key=len)[0]
    place = "/".join([where, *(str(part) for part in cause.absolute_path)])
    value: Json = cause.instance
    if cause.validator == "maxItems":
        return f"{place}: {len(value)} items, at most {cause.validator_value}"
    if cause.validator == "maxLength":
        return f"{place}: {len(value)} characters, at most {cause.validator_value}"
    return f"{place}: {cause.message[:MESSAGE_LIMIT]}"


@cache
def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    rules: dict[str, Callable[[str], object]] = {
        "date-time": _DATE_TIME.match,
        "uri": _URI.match,
        "uri-template": _URI.match,
        "email": lambda text: "@" in text,
    }
    for name, rule in rules.items():
        checker.checks(name)(_on_text(rule))
    return checker


def _on_text(rule: Callable[[str], object]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or bool(rule(value))
