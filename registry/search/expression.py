"""What an engine is asked: tokens of which some, and of these groups all. Built here once for both engines."""

from collections.abc import Collection, Sequence

from registry.search import words

Expression = tuple[tuple[tuple[str, ...], ...], ...]
"""Any of the conjunctions; in a conjunction each of the groups; in a group any of the tokens."""


def expression(
    scopes: Sequence[str],
    groups: Sequence[Collection[str]],
    required: Collection[str],
    *,
    tier: str = "",
    head: bool = False,
) -> Expression:
    """One conjunction for each scope: a token of every group, and all of the required ones.

    `tier`: only among the modules of that tier. `head`: only in names and keywords.
    """
    facts = [({one}, tier) for one in required] or ([] if groups else [({words.EVERYTHING}, tier)])
    wanted = [*((group, tier + words.HEAD if head else tier) for group in groups), *facts]
    return tuple(tuple(tuple(words.scoped(scope, group, of)) for group, of in wanted) for scope in scopes)
