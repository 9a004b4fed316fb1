"""Whenever modules changed: their documents in the search's index are made anew, in the order of the changes.

Safe to repeat: a document is made of the module's present rows. One run is bounded; the rest comes a second later.
"""

from registry.services import indexing
from workers.context import JobContext

_MOST_ROUNDS = 200


def run(ctx: JobContext) -> None:
    """Index until nothing is left that changed."""
    for _ in range(_MOST_ROUNDS):
        with ctx.write() as session:
            if not indexing.catch_up(session):
                return
