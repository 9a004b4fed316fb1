"""Would Terraform be able to install this module, as far as it calls modules of our own registry? Asks rows only.

Refuses a call of what is not there, not readable, revoked or removed; a constraint that nothing meets; a module that
in the end calls itself. What leads to other registries and repositories is not followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.orm import Session

from accounts import namespaces
from core.errors import UserError
from registry.services import catalog
from registry.services.module_graph import CANDIDATE, Candidate, Edge, KnownVersion, ModuleGraph, NoChoiceError
from tfmodule.address import Address
from tfmodule.needs import LOCAL, MODULE, Need
from tfmodule.version import Version

_DEEPEST = 30
_MOST = 100

_Node = tuple[str, str]


class UnresolvedError(UserError):
    """What the module calls can no longer be installed: the first problem, in words."""


@dataclass(frozen=True)
class CallProblem:
    """What is wrong with one call, where it stands, and what to do."""

    severity: Literal["error", "warning"]
    message: str
    path: str
    line: int
    fix: str


@dataclass(frozen=True)
class Resolution:
    """`chosen` has, for source and constraint as written, the version that Terraform would install today."""

    problems: tuple[CallProblem, ...] = ()
    chosen: Mapping[tuple[str, str], KnownVersion] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


def resolve(session: Session, address: Address, version: Version | None, needs: tuple[Need, ...]) -> Resolution:
    """Follow every call, with the eyes of the namespace that publishes. No version yet: the next minor is assumed."""
    if not any(need.kind == MODULE for need in needs):
        return Resolution()
    namespace = namespaces.find(session, address.namespace)
    candidate = Candidate(address, version or _next(session, address), _edges(needs))
    walk = _Walk(ModuleGraph(session, namespace.id if namespace is not None else None, candidate), candidate)
    for part in dict.fromkeys(edge.part for edge in candidate.edges):
        walk.visit((CANDIDATE, part))
    return Resolution(tuple(dict.fromkeys(walk.problems)), walk.chosen)


def require(session: Session, address: Address, version: Version, needs: tuple[Need, ...]) -> None:
    """Once more, in the transaction that publishes: the gate took a while. Raises UnresolvedError."""
    for problem in resolve(session, address, version, needs).problems:
        if problem.severity == "error":
            raise UnresolvedError(f"{problem.message} ({problem.path}:{problem.line})")


def _edges(needs: tuple[Need, ...]) -> tuple[Edge, ...]:
    # A path that leads out of the module is the gate's to refuse.
    return tuple(Edge.of(need) for need in needs if need.kind != LOCAL or need.target is not None)


def _next(session: Session, address: Address) -> Version:
    published = catalog.published_versions(session, address)
    return published[0].next_minor() if published else Version(0, 1, 0)


class _Walk:
    """Depth first, each directory of each version once."""

    def __init__(self, graph: ModuleGraph, candidate: Candidate) -> None:
        self.graph = graph
        self.candidate = candidate
        self.chosen: dict[tuple[str, str], KnownVersion] = {}
        self.problems: list[CallProblem] = []
        self.labels: dict[str, str] = {CANDIDATE: f"`{candidate.address}`"}
        self._on_the_way: list[_Node] = []
        self._trouble: dict[_Node, str | None] = {}

    def visit(self, node: _Node) -> str | None:
        """Why nothing that calls this can be installed; None where it can, as far as anybody knows."""
        if node in self._on_the_way:
            return self._circle(node)
        if node in self._trouble:
            return self._trouble[node]
        if len(self._on_the_way) >= _DEEPEST:
            return f"It calls more than {_DEEPEST} modules inside one another."
        self._on_the_way.append(node)
        trouble = None
        for edge in self.graph.edges(*node):
            if edge.kind in (LOCAL, MODULE):
                trouble = self._follow(node, edge) or trouble
        self._on_the_way.pop()
        self._trouble[node] = trouble
        return trouble

    def _follow(self, node: _Node, edge: Edge) -> str | None:
        ours = node[0] == CANDIDATE
        try:
            target = (node[0], edge.target) if edge.kind == LOCAL else self._choose(edge)
            trouble = self.visit(target)
        except NoChoiceError as error:
            if ours:
                self.problems.append(CallProblem("error", error.message, edge.path, error.line, error.fix))
                return None
            return f"{self.labels[node[0]]}, which it leads to, cannot be installed: {error.message}"
        if ours and trouble is not None:
            fix = "Choose another version of it, or do without this call."
            self.problems.append(CallProblem("error", trouble, edge.path, edge.line, fix))
            return None
        return trouble

    def _choose(self, edge: Edge) -> _Node:
        chosen = self.graph.choose(edge)
        self.chosen[edge.source, edge.constraint or ""] = chosen
        if chosen.id != CANDIDATE:
            self.labels[chosen.id] = chosen.label
        if len(self.labels) > _MOST:
            raise NoChoiceError(f"It calls more than {_MOST} modules, all in all.", edge.line, "Call fewer.")
        if self._on_the_way[-1][0] == CANDIDATE and chosen.state == "deprecated":
            why = f": {chosen.reason}" if chosen.reason else ""
            message = f"{chosen.label} is deprecated{why}."
            fix = "Plan the move to what replaces it."
            self.problems.append(CallProblem("warning", message, edge.path, edge.line, fix))
        return (chosen.id, edge.target)

    def _circle(self, node: _Node) -> str:
        way = [*self._on_the_way[self._on_the_way.index(node) :], node]
        named = " → ".join(self.labels[one] + (f"//{part}" if part else "") for one, part in way)
        return f"This never ends: {named}. Terraform would install them inside one another for ever."
