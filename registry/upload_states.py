"""The state table of uploads. Knows no row: the service asks here before it moves one."""

from collections.abc import Mapping

# received: its bytes lie in the staging area. unpacked: the canonical archive is known. judged: the gate let it pass.
# stored: the archive lies under its digest. failed: we could not do it (no engine, or a job that was given up); it may
# be tried again. refused: the archive, the gate or a rule said no. published and refused are final.
UPLOAD_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "received": frozenset({"unpacked", "refused", "failed"}),
    "unpacked": frozenset({"judged", "refused", "failed"}),
    "judged": frozenset({"stored", "refused", "failed"}),
    "stored": frozenset({"published", "refused", "failed"}),
    "published": frozenset(),
    "refused": frozenset(),
    "failed": frozenset({"received", "refused"}),
}

UNDER_WAY = frozenset({"received", "unpacked", "judged", "stored"})
"""Somebody is at work on it, or will be."""

SETTLED = frozenset(state for state, following in UPLOAD_TRANSITIONS.items() if not following)
"""Nothing will ever happen to it again, so its staged bytes can go."""
