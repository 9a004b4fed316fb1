"""What changed between two versions of a module for those who use it, and how large a step that asks for.

Judges the interface as declared: what the code behind it does to real infrastructure, no comparison of texts can prove.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from tfmodule.conditions import flat, lets_through
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError
from tfmodule.contents import Call, Contents, DeclaredResource, Part
from tfmodule.interface import Input, Interface, OutputValue, Provider
from tfmodule.literals import json_text
from tfmodule.moves import Moves, rekeyed
from tfmodule.shapes import breaks, wrapped
from tfmodule.types import parse_type, takes_all
from tfmodule.version import Version

Bump = Literal["major", "minor", "patch"]
Kind = Literal["added", "removed", "changed"]
Subject = Literal[
    "input", "output", "provider", "terraform", "resource", "data source", "module call", "submodule", "precondition"
]

_T = TypeVar("_T")
_SIZES: Mapping[Bump | None, int] = {None: 0, "patch": 1, "minor": 2, "major": 3}
_HIGH = 1 << 62


@dataclass(frozen=True)
class Change:
    """One thing that is different. `path` is the submodule it is in, empty for the root.

    `what` names the property of a changed thing; `before` and `after` are as written, None where there is nothing.
    """

    subject: Subject
    kind: Kind
    path: str
    name: str
    bump: Bump
    reason: str
    what: str = ""
    before: str | None = None
    after: str | None = None

    @property
    def breaking(self) -> bool:
        """Whether somebody who uses the module rightly may have to change something."""
        return self.bump == "major"


@dataclass(frozen=True)
class Comparison:
    """All changes, the largest first."""

    changes: tuple[Change, ...] = field(default=())

    @property
    def bump(self) -> Bump | None:
        """The smallest step that tells users the truth; None where the interface is the same."""
        return max((change.bump for change in self.changes), key=lambda bump: _SIZES[bump], default=None)

    @property
    def breaking(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.breaking)


def compare(before: Contents, after: Contents) -> Comparison:
    """From one version's contents to another's: the root and its submodules. Examples promise nothing."""
    changes = [*_parts(before.root, after.root), *_submodules(before.submodules, after.submodules)]
    order = sorted(changes, key=lambda one: (-_SIZES[one.bump], one.path, one.subject, one.name, one.what))
    return Comparison(tuple(order))


def _submodules(before: Sequence[Part], after: Sequence[Part]) -> Iterator[Change]:
    for old, new in _pairs(before, after, lambda part: part.path):
        if new is None:
            yield Change("submodule", "removed", "", _of(old).path, "major", "its address leads nowhere any more")
        elif old is None:
            yield Change("submodule", "added", "", new.path, "minor", "there is more to use")
        else:
            yield from _parts(old, new)


def _parts(old: Part, new: Part) -> Iterator[Change]:
    path = new.path
    for first, second in _pairs(old.interface.inputs, new.interface.inputs, _name):
        yield from _inputs(path, first, second)
    for one, other in _pairs(old.interface.outputs, new.interface.outputs, _name):
        yield from _outputs(path, one, other)
    yield from _requirements(path, old.interface, new.interface)
    moves = Moves(new.moves, new.resources, new.calls)
    yield from _demands(path, old, new)
    yield from _resources(path, old.resources, new.resources, moves)
    for this, that in _pairs(old.calls, new.calls, _name):
        yield from _calls(path, this, that, moves)


def _inputs(path: str, old: Input | None, new: Input | None) -> Iterator[Change]:
    if new is None:
        yield Change("input", "removed", path, _of(old).name, "major", "Terraform refuses a call that still sets it")
    elif old is None:
        bump: Bump = "major" if new.required else "minor"
        why = "every call must now set it" if new.required else "nobody has to set it"
        yield Change("input", "added", path, new.name, bump, why)
    else:
        yield from _input_properties(path, old, new)


def _input_properties(path: str, old: Input, new: Input) -> Iterator[Change]:
    def changed(what: str, bump: Bump, reason: str, before: str | None, after: str | None) -> Change:
        return Change("input", "changed", path, new.name, bump, reason, what, before, after)

    yield from _defaults(path, old, new)
    if flat(old.type) != flat(new.type):
        wider = _takes_all(new.type, old.type)
        why = "it takes whatever it took before" if wider else "a value that was right may be refused or converted"
        yield changed("type", "minor" if wider else "major", why, old.type, new.type)
    if old.nullable != new.nullable:
        why = "null is taken now" if new.nullable else "null is not taken any more"
        yield changed("nullable", "minor" if new.nullable else "major", why, _word(old.nullable), _word(new.nullable))
    if old.sensitive != new.sensitive:
        why = "what is shown of it changes"
        yield changed("sensitive", "minor", why, _word(old.sensitive), _word(new.sensitive))
    if old.ephemeral != new.ephemeral:
        why = "a value that is ephemeral is taken now" if new.ephemeral else "an ephemeral value is refused now"
        words = _word(old.ephemeral), _word(new.ephemeral)
        yield changed("ephemeral", "minor" if new.ephemeral else "major", why, *words)
    earlier, later = ({flat(one.resolved or one.condition) for one in side.validations} for side in (old, new))
    if earlier != later and not lets_through(earlier, later):
        yield changed("validation", "major", "a value that was right may be refused", *_both(earlier, later))
    elif earlier != later:
        yield changed("validation", "minor", "what was right still is", *_both(earlier, later))
    if old.description != new.description:
        yield changed("description", "patch", "only the words changed", old.description, new.description)


def _defaults(path: str, old: Input, new: Input) -> Iterator[Change]:
    if old.required == new.required and _value(old.default) == _value(new.default):
        return
    bump: Bump = "minor"
    if new.required:
        bump, why = "major", "every call must now set it"
    elif old.required:
        why = "it need not be set any more"
    else:
        why = "the behaviour is another for who does not set it"
    yield Change("input", "changed", path, new.name, bump, why, "default", old.default, new.default)


def _outputs(path: str, old: OutputValue | None, new: OutputValue | None) -> Iterator[Change]:
    if new is None:
        yield Change("output", "removed", path, _of(old).name, "major", "Terraform refuses a reference to it")
    elif old is None:
        yield Change("output", "added", path, new.name, "minor", "there is more to use")
    else:
        if old.sensitive != new.sensitive:
            why = "an output made of it must be marked sensitive too" if new.sensitive else "it is shown now"
            words = _word(old.sensitive), _word(new.sensitive)
            bump: Bump = "major" if new.sensitive else "minor"
            yield Change("output", "changed", path, new.name, bump, why, "sensitive", *words)
        if old.ephemeral != new.ephemeral:
            why = "it can be used only where nothing is kept" if new.ephemeral else "it can be used anywhere now"
            words = _word(old.ephemeral), _word(new.ephemeral)
            step: Bump = "major" if new.ephemeral else "minor"
            yield Change("output", "changed", path, new.name, step, why, "ephemeral", *words)
        if old.value and new.value and _other_type(old, new):
            why = "a reference to it gets a value of another type"
            yield Change("output", "changed", path, new.name, "major", why, "type", old.value, new.value)
        if old.description != new.description:
            words = old.description, new.description
            yield Change("output", "changed", path, new.name, "patch", "only the words changed", "description", *words)


def _other_type(old: OutputValue, new: OutputValue) -> bool:
    before, after = parse_type(old.shape), parse_type(new.shape)
    known = before is not None and after is not None and breaks(before, after)
    return known or wrapped(old.value, new.value)


def _demands(path: str, old: Part, new: Part) -> Iterator[Change]:
    if old.demands is None or new.demands is None:
        return
    known = {one.condition for one in old.demands}
    for where, condition in {(one.where, one.condition) for one in new.demands}:
        if not lets_through(known, [condition]):
            why = "a call that was right may be refused"
            yield Change("precondition", "added", path, where, "major", why, "condition", None, condition)


def _requirements(path: str, old: Interface, new: Interface) -> Iterator[Change]:
    yield from _constraint("terraform", path, "terraform", old.required_version, new.required_version)
    for before, after in _pairs(old.providers, new.providers, _name):
        yield from _providers(path, before, after)


def _providers(path: str, old: Provider | None, new: Provider | None) -> Iterator[Change]:
    if new is None:
        why = "whoever passes it in `providers` is refused"
        yield Change("provider", "removed", path, _of(old).name, "major", why)
    elif old is None:
        bump: Bump = "major" if new.aliases else "minor"
        why = "every call must pass it now" if new.aliases else "it is installed too, and may want configuring"
        yield Change("provider", "added", path, new.name, bump, why)
    else:
        if None not in (old.aliases, new.aliases) and old.aliases != new.aliases:
            why = "every call must pass exactly these in `providers` now"
            words = (", ".join(side.aliases or ()) for side in (old, new))
            yield Change("provider", "changed", path, new.name, "major", why, "configuration_aliases", *words)
        if old.source != new.source:
            why = "another provider takes the place of the first"
            yield Change("provider", "changed", path, new.name, "major", why, "source", old.source, new.source)
        yield from _constraint("provider", path, new.name, old.version, new.version)


def _constraint(subject: Subject, path: str, name: str, old: str, new: str) -> Iterator[Change]:
    if flat(old) != flat(new):
        dialect = Dialect.TERRAFORM if subject == "terraform" else Dialect.PROVIDER
        narrower = refuses_more(dialect, old, new)
        why = "a version that was right is refused now" if narrower else "every version that was right still is"
        yield Change(subject, "changed", path, name, "major" if narrower else "minor", why, "version", old, new)


def refuses_more(dialect: Dialect, old: str, new: str) -> bool:
    """Whether the new constraint refuses a version that the old one accepts. Unreadable ones are taken to do so."""
    try:
        before, after = (Constraints.parse(dialect, text.strip() or None) for text in (old, new))
    except InvalidConstraintError:
        return True
    # Constraints are ranges: it is enough to look on both sides of every bound that either of them names.
    bounds = [term.bound for term in before.terms + after.terms]
    return any(before.allows(one) and not after.allows(one) for one in _around(bounds))


def _around(bounds: Iterable[Version]) -> Iterator[Version]:
    yield from (Version(0, 0, 0), Version(_HIGH, 0, 0))
    for bound in bounds:
        major, minor, patch = bound.major, bound.minor, bound.patch
        yield from (bound, Version(major, minor, patch))
        yield from (Version(major, minor, patch + 1), Version(major, minor + 1, 0), Version(major + 1, 0, 0))
        yield from (Version(major, minor, _HIGH), Version(major, _HIGH, 0))
        if patch:
            yield Version(major, minor, patch - 1)
        if minor:
            yield Version(major, minor - 1, _HIGH)
        if major:
            yield Version(major - 1, _HIGH, 0)


def _resources(
    path: str, old: Sequence[DeclaredResource], new: Sequence[DeclaredResource], moves: Moves
) -> Iterator[Change]:
    for before, after in _pairs(old, new, lambda one: (one.mode, one.type, one.name)):
        one = before if after is None else after
        name, managed = f"{_of(one).type}.{_of(one).name}", _of(one).mode == "managed"
        subject: Subject = "resource" if managed else "data source"
        if not managed:
            if before is None or after is None:
                why = "nothing is read there any more" if after is None else "there is more in the plan"
                yield Change(subject, "removed" if after is None else "added", path, name, "patch", why)
        else:
            yield from _kept(subject, path, name, before, after, moves)


def _kept(
    subject: Subject,
    path: str,
    name: str,
    old: DeclaredResource | Call | None,
    new: DeclaredResource | Call | None,
    moves: Moves,
) -> Iterator[Change]:
    """What becomes of the things that a resource or a call made; `name` is its address."""
    target = moves.of(name, old.key, old.most) if old is not None else None
    if new is None and target is not None:
        why = "it keeps what it made: a `moved` block says where it went"
        yield Change(subject, "changed", path, name, "patch", why, "address", name, target)
    elif new is None:
        why = "what it made is destroyed, unless the code says where it moved"
        yield Change(subject, "removed", path, name, "major", why)
    elif old is None:
        if name not in moves.targets:
            yield Change(subject, "added", path, name, "minor", "there is more in the plan")
    elif rekeyed(old.key, new.key):
        why = "its instances have other addresses: they are destroyed and made anew"
        bump: Bump = "patch" if target is not None else "major"
        why = "a `moved` block says which instance is which now" if target is not None else why
        yield Change(subject, "changed", path, name, bump, why, "key", old.key or None, new.key or None)


def _calls(path: str, old: Call | None, new: Call | None, moves: Moves) -> Iterator[Change]:
    name = _of(old if new is None else new).name
    for change in _kept("module call", path, f"module.{name}", old, new, moves):
        yield replace(change, name=name)
    if old is not None and new is not None:
        for what, before, after in (("source", old.source, new.source), ("version", old.version, new.version)):
            if before != after:
                why = "another module, or another version of it, is called"
                yield Change("module call", "changed", path, name, "minor", why, what, before, after)


def _takes_all(new: str, old: str) -> bool:
    before, after = parse_type(old), parse_type(new)
    return before is not None and after is not None and takes_all(after, before)


def _pairs(old: Iterable[_T], new: Iterable[_T], key: Callable[[_T], object]) -> Iterator[tuple[_T | None, _T | None]]:
    before, after = {key(one): one for one in old}, {key(one): one for one in new}
    for one in [*before, *(name for name in after if name not in before)]:
        first, second = before.get(one), after.get(one)
        if first != second:
            yield first, second


def _name(one: Input | OutputValue | Provider | Call) -> str:
    return one.name


def _of(value: _T | None) -> _T:
    assert value is not None, "one of the two sides has it"
    return value


def _value(expression: str | None) -> str:
    """Equal for two ways to write one plain value."""
    return json_text(expression or "null") or " ".join((expression or "").split())


def _word(value: bool) -> str:  # noqa: FBT001  # a property, not a switch
    return "true" if value else "false"


def _both(earlier: set[str], later: set[str]) -> tuple[str, str]:
    return "; ".join(sorted(earlier - later)), "; ".join(sorted(later - earlier))
