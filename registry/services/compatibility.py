"""Which versions of a module work with a Terraform and with providers somebody has. Answers from rows, runs nothing.

A version works when every constraint on the way can be met: its own, those of the directories it calls, and those of
the modules of this registry that Terraform would install for it today. What leads elsewhere is named, not followed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from accounts.tokens import Principal
from core.errors import UserError
from registry.services import catalog
from registry.services.dependencies import CHOOSABLE, find_module
from registry.services.module_graph import Edge, KnownVersion, ModuleGraph, NoChoiceError
from tfmodule.address import Address
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError, Line
from tfmodule.files import printable
from tfmodule.needs import LOCAL, MODULE, PROVIDER, TERRAFORM
from tfmodule.sources import provider_address
from tfmodule.version import Version

_MOST_PROVIDERS = 20
_MOST_NODES = 200


@dataclass(frozen=True)
class Compatibility:
    """One version: whether it works, why not, and what was not followed to find out."""

    version: Version
    works: bool
    reasons: tuple[str, ...]
    not_followed: tuple[str, ...]


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
) -> tuple[Compatibility, ...]:
    """Every version that can be installed, newest first, with a verdict.

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
    graph.load(one.id for one in versions)
    return tuple(_judge(graph, one, part, asked) for one in versions)


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


def _judge(graph: ModuleGraph, version: KnownVersion, part: str, asked: _Asked) -> Compatibility:
    collected = _Collected()
    collected.follow(graph, version, part)
    reasons = [*collected.troubles]
    if asked.terraform is not None:
        reasons += _unmet(Dialect.TERRAFORM, "Terraform", asked.terraform, collected.terraform)
    for source, line in asked.providers.items():
        reasons += _unmet(Dialect.PROVIDER, source, line, collected.providers.get(source, []))
    return Compatibility(
        version.version, not reasons, tuple(dict.fromkeys(reasons)), tuple(dict.fromkeys(collected.elsewhere))
    )


def _unmet(dialect: Dialect, what: str, line: Line, demands: list[_Demand]) -> Iterator[str]:
    """Why this line will not do: the constraints that forbid it alone, or all of them together."""
    together, alone = Constraints(dialect), []
    for demand in demands:
        try:
            read = Constraints.parse(dialect, demand.text)
        except InvalidConstraintError as error:
            yield f"{demand.whose}: {error.message}"
            return
        together = together.together(read)
        if not read.can_meet(line):
            alone.append(f"{demand.whose} wants {what} `{demand.text}`, and {line.text} is asked for")
    if not alone and not together.can_meet(line):
        alone = [f"no {what} {line.text} meets all of {together}"]
    yield from alone


class _Collected:
    """What a version demands, all in all."""

    def __init__(self) -> None:
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
