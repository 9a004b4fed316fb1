"""What an engine is asked: tokens of which some, and of these groups all. Built here once for both engines."""

from collections.abc import Iterable, Sequence

from registry.search import words

Expression = tuple[tuple[tuple[str, ...], ...], ...]
"""Any of the conjunctions; in a conjunction each of the groups; in a group any of the tokens."""


def expression(
    scopes: Sequence[str], groups: Iterable[Iterable[str]], required: Iterable[str], *, leading: bool
) -> Expression:
    """One conjunction for each scope: a token of every group, and all of the required ones."""
    wanted = [*(tuple(group) for group in groups), *((one,) for one in required)] or [(words.EVERYTHING,)]
    mark = words.LEADING if leading else ""
    return tuple(
        tuple(tuple(words.scoped(scope, [mark + one for one in group])) for group in wanted) for scope in scopes
    )
