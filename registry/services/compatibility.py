"""Which versions of a module work with a Terraform and with providers somebody has. Answers from rows, runs nothing.

A version works when every constraint on the way can be met: its own, those of the directories it calls, and those of
the modules of this registry that Terraform would install for it today. What leads elsewhere is named, not followed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from accounts.tokens import Principal
from core.errors import UserError
from registry.services import catalog
from registry.services.dependencies import CHOOSABLE, find_module
from registry.services.module_graph import Edge, KnownVersion, ModuleGraph, NoChoiceError
from tfmodule.address import Address
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError, Line, Term
from tfmodule.files import printable
from tfmodule.needs import LOCAL, MODULE, PROVIDER, TERRAFORM
from tfmodule.sources import provider_address
from tfmodule.version import Version

_MOST_PROVIDERS = 20
_MOST_NODES = 200
_MOST_VERSIONS = 100
_MOST_PARTS = 500
_MOST_PARTS_READ = 20_000
_TOO_MANY = "too many constraints to decide"


@dataclass(frozen=True)
class Compatibility:
    """One version: whether it works, why not, and what was not followed to find out."""

    version: Version
    works: bool
    reasons: tuple[str, ...]
    not_followed: tuple[str, ...]
    decided: bool
    """Where this is false nobody could tell: it may work all the same, and `reasons` say why it was left open."""


@dataclass(frozen=True)
class Answer:
    """The newest versions, each with its verdict, and how many older ones nobody looked at."""

    versions: tuple[Compatibility, ...]
    not_judged: int


@dataclass(frozen=True)
class _Asked:
    terraform: Line | None
    providers: Mapping[str, Line]


@dataclass(frozen=True)
class _Demand:
    """A constraint, and whose it is."""

    text: str
    whose: str


def compatible(
    session: Session,
    address: Address,
    principal: Principal | None,
    *,
    terraform: str | None = None,
    providers: Mapping[str, str] | None = None,
    part: str = "",
) -> Answer:
    """The versions that can be installed, newest first, each with a verdict. Of very many, only the newest.

    `terraform` and the values of `providers` are versions (`5.40.0`) or lines (`5`, `5.x`, `5.40`): of a line it is
    enough that one of its releases would do. `part` is a submodule's path. Raises UserError beside what
    `catalog.versions` raises.
    """
    asked = _asked(terraform, providers or {})
    catalog.versions(session, address, principal)
    module = find_module(session, address)
    assert module is not None, "it could just be read"
    graph = ModuleGraph(session, principal.namespace_id if principal is not None else None)
    versions = [one for one in graph.versions_of(module) if one.state in CHOOSABLE]
    judged, effort = versions[:_MOST_VERSIONS], _Effort()
    graph.load(one.id for one in judged)
    return Answer(tuple(_judge(graph, one, part, asked, effort) for one in judged), len(versions) - len(judged))


def _asked(terraform: str | None, providers: Mapping[str, str]) -> _Asked:
    if len(providers) > _MOST_PROVIDERS:
        raise UserError(f"Ask about {_MOST_PROVIDERS} providers at most.")
    lines = {}
    for source, text in providers.items():
        full = provider_address(source)
        if full is None:
            raise UserError(f"`{printable(source)}` is no provider: write for example `hashicorp/aws`.")
        lines[full] = Line.parse(text)
    return _Asked(Line.parse(terraform) if terraform else None, lines)


class _TooManyError(Exception):
    """So many constraints that to decide would take too long. No error of ours: the verdict is left open."""


class _Effort:
    """What one answer may read of what publishers wrote: anybody may ask, as often as they like."""

    def __init__(self) -> None:
        self._left = _MOST_PARTS_READ

    def spend(self, texts: Iterable[str]) -> None:
        """Before these constraints are read. Raises _TooManyError."""
        parts = [part.strip() for text in texts for part in text.split(",")]
        if len(set(parts)) > _MOST_PARTS or len(parts) > self._left:
            raise _TooManyError
        self._left -= len(parts)


def _judge(graph: ModuleGraph, version: KnownVersion, part: str, asked: _Asked, effort: _Effort) -> Compatibility:
    collected = _Collected(effort)
    try:
        collected.follow(graph, version, part)
    except _TooManyError:
        return Compatibility(version.version, False, (f"{version.label}: {_TOO_MANY}",), (), decided=False)
    questions = [(Dialect.PROVIDER, source, line) for source, line in asked.providers.items()]
    if asked.terraform is not None:
        questions.insert(0, (Dialect.TERRAFORM, "Terraform", asked.terraform))
    reasons, undecided = [*collected.troubles], list[str]()
    for dialect, what, line in questions:
        demands = collected.terraform if dialect == Dialect.TERRAFORM else collected.providers.get(what, [])
        try:
            reasons += _unmet(dialect, what, line, demands, effort)
        except _TooManyError:
            undecided.append(f"{what}: {_TOO_MANY}")
    return Compatibility(
        version.version,
        not reasons and not undecided,
        tuple(dict.fromkeys([*reasons, *undecided])),
        tuple(dict.fromkeys(collected.elsewhere)),
        decided=bool(reasons) or not undecided,
    )


def _unmet(dialect: Dialect, what: str, line: Line, demands: Iterable[_Demand], effort: _Effort) -> list[str]:
    """Why this line will not do: the constraints that forbid it alone, or all of them together."""
    whose: dict[str, list[str]] = {}
    for demand in demands:
        whose.setdefault(demand.text, []).append(demand.whose)
    effort.spend(whose)
    terms, alone = dict[Term, None](), list[str]()
    for text, owners in whose.items():
        try:
            read = Constraints.parse(dialect, text)
        except InvalidConstraintError as error:
            return [f"{owners[0]}: {error.message}"]
        terms |= dict.fromkeys(read.terms)
        if not read.can_meet(line):
            alone += [f"{owner} wants {what} `{text}`, and {line.text} is asked for" for owner in owners]
    together = Constraints(dialect, tuple(terms))
    if not alone and not together.can_meet(line):
        alone = [f"no {what} {line.text} meets all of {together}"]
    return alone


class _Collected:
    """What a version demands, all in all."""

    def __init__(self, effort: _Effort) -> None:
        self._effort = effort
        self.terraform: list[_Demand] = []
        self.providers: dict[str, list[_Demand]] = {}
        self.elsewhere: list[str] = []
        self.troubles: list[str] = []

    def follow(self, graph: ModuleGraph, version: KnownVersion, part: str) -> None:
        """Collect from this directory and from all that it calls, each once."""
        waiting, seen = [(version, part)], {(version.id, part)}
        while waiting:
            owner, here = waiting.pop()
            for edge in graph.edges(owner.id, here):
                following = self._take(graph, owner, edge)
                if following is not None and (following[0].id, following[1]) not in seen and len(seen) < _MOST_NODES:
                    seen.add((following[0].id, following[1]))
                    waiting.append(following)

    def _take(self, graph: ModuleGraph, owner: KnownVersion, edge: Edge) -> tuple[KnownVersion, str] | None:
        """Note one need; where it leads to a directory we know, that one."""
        whose = owner.label + (f"//{edge.part}" if edge.part else "")
        if edge.kind == LOCAL:
            return owner, edge.target
        if edge.kind == MODULE:
            self._effort.spend([edge.constraint or ""])
            try:
                return graph.choose(edge), edge.target
            except NoChoiceError as error:
                self.troubles.append(f"{whose} cannot be installed: {error.message}")
        elif edge.kind == TERRAFORM and edge.constraint is not None:
            self.terraform.append(_Demand(edge.constraint, whose))
        elif edge.kind == PROVIDER and edge.constraint is not None:
            self.providers.setdefault(edge.source, []).append(_Demand(edge.constraint, whose))
        elif edge.kind not in (TERRAFORM, PROVIDER):
            self.elsewhere.append(edge.source)
        return None
