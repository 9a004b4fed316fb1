"""What the index holds of a module: the words of its latest version, the facts to filter by, and how well it is made.

Pure: from a version's contents and the gate's report to a frozen document. Bounded, whatever the module holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import log10
from typing import Any

from registry.search import words
from tfmodule.address import Address
from tfmodule.contents import Contents
from tfmodule.interface import Input, OutputValue

_README_CHARACTERS = 60_000
_MOST_TOKENS = 4_000
_MOST_KNOWN_WORDS = 1_000
_MOST_VALUES = 200
_DEFAULT_HOSTS = ("registry.terraform.io/", "registry.opentofu.org/")


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module as it is now: its address, its latest version, and what is known of both."""

    address: Address
    namespace_id: str
    public: bool
    verified: bool
    description: str
    contents: Contents
    report: Mapping[str, Any]
    deprecated: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """`name`, `keywords` and `description` are what ranking looks at; `tokens` is all that can be found."""

    scope: str
    name: str
    keywords: str
    description: str
    providers: tuple[str, ...]
    resource_types: tuple[str, ...]
    tokens: frozenset[str]
    known_words: frozenset[str]
    quality: int

    def indexed(self, tier: int) -> list[str]:
        """Its tokens as the engines hold them: once plainly, and once for every tier it has risen to."""
        head = {*self.name.split(), *self.keywords.split()}
        found = list[str]()
        for mark in ("", *words.TIERS[:tier]):
            found += words.scoped(self.scope, self.tokens, mark)
            found += words.scoped(self.scope, head, mark + words.HEAD)
        return found


def document(module: Module) -> Document:
    """The document of a module."""
    contents, address = module.contents, module.address
    own_parts = (contents.root, *contents.submodules)  # what only an example creates, the module does not
    types = _values(one.type for part in own_parts for one in part.resources if one.mode == "managed")
    providers = _values(_source(one.source) for part in own_parts for one in part.interface.providers)
    prose = module.description
    keywords = " ".join(
        [address.namespace, address.system, *types, *providers, *(one.name for one in contents.submodules)]
    )
    joined = "".join(words.runs(address.name.replace("-", "_"))).replace("_", "")
    own_names = [joined, *words.surfaces(address.name)]
    known = [*own_names, *words.surfaces(keywords), *words.surfaces(prose), *_interface_names(contents)]
    name = {words.token(word) for word in own_names}
    tokens = [*sorted(name), *(words.token(word) for word in known), *_further(contents)]
    return Document(
        scope=words.scope_of(module.namespace_id, public=module.public),
        name=" ".join(sorted(name)),
        keywords=" ".join(sorted(words.tokens(keywords))),
        description=" ".join(sorted(words.tokens(prose))),
        providers=providers,
        resource_types=types,
        tokens=frozenset([*dict.fromkeys(tokens)][:_MOST_TOKENS]).union(_filters(module, providers, types)),
        known_words=frozenset([*dict.fromkeys(known)][:_MOST_KNOWN_WORDS]),
        quality=0 if module.deprecated else quality(contents, module.report),
    )


def quality(contents: Contents, report: Mapping[str, Any]) -> int:
    """How well a version is made, from 0 to 100: what the gate said, and what a reader is given."""
    inputs = contents.root.interface.inputs
    described = sum(bool(one.description) for one in inputs) / len(inputs) if inputs else 1.0
    return round(
        20 * (report.get("verdict") == "passed")
        + 10 * (report.get("tier") == "provider")
        + 20 * (report.get("profile") == "house" and report.get("verdict") == "passed")
        + 20 * (len(contents.root.readme.strip()) >= 200)
        + 15 * bool(contents.examples)
        + 15 * described
    )


def popularity(downloads: int) -> float:
    """From 0 to 1; a million downloads are as many as count."""
    return min(log10(1 + max(downloads, 0)) / 6, 1.0)


def standing(downloads: int, quality_: int) -> float:
    """From 0 to 1: how far ahead a module is before anybody asks for anything. Use counts more than quality."""
    return 0.6 * popularity(downloads) + 0.4 * quality_ / 100


def _filters(module: Module, providers: Iterable[str], types: Iterable[str]) -> Iterator[str]:
    facts = [
        ("s", module.address.system),
        ("n", module.address.namespace),
        ("v", "yes" if module.verified else "no"),
        *(("p", provider) for provider in providers),
        *(("r", one) for one in types),
    ]
    yield words.EVERYTHING
    for kind, value in facts:
        one = words.filter_token(kind, value)
        if one is not None:
            yield one


def _interface_names(contents: Contents) -> Iterator[str]:
    for one in _interface(contents):
        yield from words.surfaces(one.name)


def _further(contents: Contents) -> Iterator[str]:
    """What can be found but is no word to guess at: descriptions within the interface, and the README."""
    for one in _interface(contents):
        yield from sorted(words.tokens(one.description[:2_000]))
    for word in words.surfaces(contents.root.readme[:_README_CHARACTERS]):
        yield words.token(word)


def _interface(contents: Contents) -> Iterator[Input | OutputValue]:
    for part in (contents.root, *contents.submodules):
        yield from part.interface.inputs
        yield from part.interface.outputs


def _source(source: str) -> str:
    folded = source.lower()
    return next((folded.removeprefix(host) for host in _DEFAULT_HOSTS if folded.startswith(host)), folded)


def _values(values: Iterable[str]) -> tuple[str, ...]:
    """Each once, sorted, not too many, and only those that one can filter by: others name nothing real."""
    found = {value.lower() for value in values if words.filter_token("", value)}
    return tuple(sorted(found)[:_MOST_VALUES])
