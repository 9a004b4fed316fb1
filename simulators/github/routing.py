"""The table of routes: method, path template, what a caller needs. It refuses a route that declares nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

# A handler takes a Call; naming that type here would tie the table to what it carries.
Handler = Callable[[Any], Any]
WHO = ("anyone", "app", "installation", "token", "user-token")
PLACEHOLDER = re.compile(r"\{(\w+)(:rest)?\}")


@dataclass(frozen=True)
class Route:
    """`needs` reads like GitHub's X-Accepted-GitHub-Permissions: `;` between alternatives, `,` between conjuncts."""

    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    needs: str
    role: str
    who: str

    @property
    def in_repository(self) -> bool:
        return "{owner}/{repo}" in self.template

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def sort_key(self) -> tuple[bool, bool, int]:
        """Literal text first; a template that spans slashes comes after those that say more."""
        literal = len(PLACEHOLDER.sub("", self.template))
        return ("{owner}/{repo}" in self.template[:15], ":rest" in self.template, -literal)


class Routes:
    """Routes under one prefix, written by the modules named routes_*.py and collected by app.py."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.routes: list[Route] = []

    def add(
        self, method: str, template: str, *, needs: str = "", role: str | None = None, who: str | None = None
    ) -> Callable[[Handler], Handler]:
        if not needs and who is None:
            raise ValueError(f"{method} {template} declares neither needs nor who")
        full = self.prefix + template
        pattern = re.compile(_expression(full))
        resolved = role or role_for(needs)

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, full, pattern, handler, needs, resolved, who or "token"))
            return handler

        return register

    def get(self, template: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.add("GET", template, **options)

    def post(self, template: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.add("POST", template, **options)

    def put(self, template: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.add("PUT", template, **options)

    def patch(self, template: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.add("PATCH", template, **options)

    def delete(self, template: str, **options: Any) -> Callable[[Handler], Handler]:
        return self.add("DELETE", template, **options)


class Table:
    """All routes of the simulator in matching order."""

    def __init__(self, groups: Iterable[Routes]) -> None:
        everything = [route for group in groups for route in group.routes]
        self._by_method: dict[str, list[Route]] = {}
        for route in sorted(everything, key=lambda route: route.sort_key):
            self._by_method.setdefault(route.method, []).append(route)
        self.all = everything

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for route in self._by_method.get("GET" if method == "HEAD" else method, ()):
            match = route.pattern.fullmatch(path)
            if match:
                return route, {name: unquote(value) for name, value in match.groupdict().items()}
        return None


def role_for(needs: str) -> str:
    if "administration=write" in needs or "admin" in needs.replace("administration", ""):
        return "admin"
    return "write" if "=write" in needs else "read"


def _expression(template: str) -> str:
    result, position = "", 0
    for found in PLACEHOLDER.finditer(template):
        result += re.escape(template[position : found.start()])
        result += f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})"
        position = found.end()
    return result + re.escape(template[position:])
