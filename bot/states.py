"""The state tables of everything the bot follows. Knows no row: services ask here before they move one."""

from collections.abc import Mapping

Transitions = Mapping[str, frozenset[str]]

# received: heard, nothing decided. answered: a reply was all it wanted (`/help`). generating: a run is at work.
# waiting: the run needs an answer to go on. expired: nobody gave it in time.
# proposed: its pull request is open. failed: a run broke and may be tried again. refused and published are final.
# A merge may be heard of before the job that opened the pull request has written it down: it may come from anywhere.
REQUEST_TRANSITIONS: Transitions = {
    "received": frozenset({"answered", "refused", "generating", "failed"}),
    "answered": frozenset(),
    "refused": frozenset(),
    "generating": frozenset({"waiting", "refused", "failed", "proposed", "merged", "abandoned"}),
    "waiting": frozenset({"generating", "expired"}),
    "expired": frozenset(),
    "failed": frozenset({"answered", "generating", "refused", "proposed", "merged", "abandoned"}),
    "proposed": frozenset({"failed", "merged", "abandoned"}),
    "abandoned": frozenset({"proposed", "merged"}),
    "merged": frozenset({"published"}),
    "published": frozenset(),
}

RUN_TRANSITIONS: Transitions = {
    "running": frozenset({"succeeded", "failed"}),
    "failed": frozenset({"running"}),  # the job was run again, or the pull request reopened
    "succeeded": frozenset(),
}

# Every step may be done again: a pull request gets a new head, a publication is retried.
STEP_TRANSITIONS: Transitions = {
    "pending": frozenset({"running", "done", "failed", "skipped"}),
    "running": frozenset({"pending", "done", "failed", "skipped"}),
    "done": frozenset({"running", "failed"}),
    "failed": frozenset({"pending", "running", "done", "skipped"}),
    "skipped": frozenset({"running", "done"}),
}

# planned: the version is chosen. tagged: the tag stands on GitHub. released: the GitHub release too (or it was made by
# hand), so the version may be published. refused: the gate or the tag's name said no; it may be tried again.
RELEASE_TRANSITIONS: Transitions = {
    "planned": frozenset({"tagged", "refused"}),
    "tagged": frozenset({"released", "refused"}),
    "released": frozenset({"published", "refused"}),
    "refused": frozenset({"released", "planned"}),
    "published": frozenset(),
}

# GitHub never uses an installation's number again, so a removed one stays removed, however late an older event comes.
INSTALLATION_TRANSITIONS: Transitions = {
    "active": frozenset({"suspended", "removed"}),
    "suspended": frozenset({"active", "removed"}),
    "removed": frozenset(),
}


class ForbiddenTransitionError(RuntimeError):
    """Somebody tried to move a row where its table does not lead: a bug, or an event that comes too late to matter."""

    def __init__(self, what: str, old: str, new: str) -> None:
        super().__init__(f"{what} is {old} and cannot become {new}")
        self.what, self.old, self.new = what, old, new


def check(table: Transitions, what: str, old: str, new: str) -> None:
    """Raise ForbiddenTransitionError unless the table leads from `old` to `new`."""
    if new not in table[old]:
        raise ForbiddenTransitionError(what, old, new)
