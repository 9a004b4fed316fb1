"""Which directories of an archive are the module itself, and which lie beside it: examples, tests, documentation.

Knows names and calls by path, and no contents. What the module calls is part of it, wherever it lies.
"""

from collections.abc import Collection, Iterable, Mapping

_BESIDE = frozenset({"examples", "example", "tests", "test", "docs", "codelabs", "exports"})


def is_beside(path: str) -> bool:
    """By name alone: below a folder for examples, tests or documentation of the module, or of one of its submodules."""
    folders = path.split("/")
    if folders[0] == "modules" and len(folders) > 2:
        folders = folders[2:]
    return folders[0] in _BESIDE


def reachable(start: Iterable[str], calls: Mapping[str, Collection[str]]) -> frozenset[str]:
    """These directories and all that they call, by what each calls."""
    waiting, found = list(start), set[str]()
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting.extend(calls.get(part, ()))
    return frozenset(found)


def own_parts(calls: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The directories that whoever installs the module may load.

    `calls` has every directory with code, and those that it calls by path. A folder of examples that the module
    calls is no example.
    """
    return reachable((part for part in calls if not is_beside(part)), calls)
