"""One request as a handler sees it: who calls, on which repository, with what body, and the answer's shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import SimpleCookie
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from .access import Actor
from .emission import emit
from .git.repository import Repository
from .routing import Route
from .store import Row, Store
from .world import World

T = TypeVar("T")
DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer that is no success. `errors` follows GitHub's validation-error form."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Mapping[str, Any] | str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors) if errors is not None else None
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        return {**body, "documentation_url": DOCUMENTATION, "status": str(self.status)}


def not_found() -> ApiError:
    return ApiError(404, "Not Found")


def invalid(resource: str, name: str, code: str = "invalid", message: str | None = None) -> ApiError:
    error = {"resource": resource, "field": name, "code": code}
    if message:
        error["message"] = message
    return ApiError(422, "Validation Failed", errors=[error])


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json; charset=utf-8"


@dataclass
class Call:
    world: World
    route: Route
    actor: Actor
    params: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    path: str
    repo_row: Row | None = None
    reply_headers: dict[str, str] = field(default_factory=dict)
    effects: int = 0

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def now(self) -> str:
        return self.world.now()

    @property
    def repo(self) -> Row:
        if self.repo_row is None:
            raise not_found()
        return self.repo_row

    @property
    def repo_name(self) -> str:
        return self.world.full_name(self.repo)

    @property
    def git(self) -> Repository:
        return self.world.git(self.repo)

    @property
    def user(self) -> Row:
        if self.actor.user is None:
            raise ApiError(401, "Requires authentication")
        return self.actor.user

    @property
    def app_id(self) -> int | None:
        return self.actor.installation["app_id"] if self.actor.installation else None

    @cached_property
    def body(self) -> dict[str, Any]:
        if not self.raw.strip():
            return {}
        try:
            value = json.loads(self.raw)
        except ValueError:
            raise ApiError(400, "Problems parsing JSON") from None
        if not isinstance(value, dict):
            raise ApiError(400, "Body should be a JSON object")
        return value

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw.decode("utf-8", "replace"), keep_blank_values=True))

    @cached_property
    def cookies(self) -> dict[str, str]:
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}

    def number(self, name: str = "number") -> int:
        return self._integer(self.params[name])

    def _integer(self, text: str) -> int:
        if not text.isdigit() or len(text) > 18:
            raise not_found()
        return int(text)

    def text(self, name: str, resource: str, *, required: bool = True, default: str = "") -> str:
        value = self.body.get(name)
        if value is None and not required:
            return default
        if value is None:
            raise invalid(resource, name, "missing_field")
        if not isinstance(value, str):
            raise invalid(resource, name, "invalid", f"{name} is not a string")
        return value

    def become(self, login: str) -> Row:
        """A page's visitor acts as this user; only routes for `anyone` use it."""
        user = self.world.user(login)
        if user is None:
            raise not_found()
        self.actor = Actor("user", user=user)
        return user

    def effect(self, kind: str, subject: str, **detail: Any) -> None:
        self.effects += 1
        self.world.record(self.actor.name, kind, subject, detail)

    def emit(self, event: str, action: str | None, **payload: Any) -> None:
        emit(self.world, event, action, repo=self.repo, sender=self.user, **payload)

    def page(self, rows: Sequence[T]) -> list[T]:
        """The asked page of `rows`; also sets the Link header."""
        size = min(max(self.query_number("per_page", 30), 1), 100)
        number = max(self.query_number("page", 1), 1)
        last = max((len(rows) + size - 1) // size, 1)
        links = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        if number <= 1:
            del links["prev"], links["first"]
        if number >= last:
            links.pop("next"), links.pop("last")
        parts = []
        for relation, target in links.items():
            query = urlencode({**self.query, "page": target})
            parts.append(f'<{self.world.web}{self.path}?{query}>; rel="{relation}"')
        if parts:
            self.reply_headers["link"] = ", ".join(parts)
        return list(rows[(number - 1) * size : number * size])

    def query_number(self, name: str, default: int) -> int:
        text = self.query.get(name, "")
        return int(text) if text.isdigit() and len(text) < 10 else default
