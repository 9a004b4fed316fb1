"""The state table of versions, and who meets a version in which state. Knows no row: services ask here first."""

from collections.abc import Mapping

PUBLISHED, DEPRECATED, REVOKED, QUARANTINED, TOMBSTONE = (
    "published",
    "deprecated",
    "revoked",
    "quarantined",
    "tombstone",
)

# deprecated: still chosen, with a warning. revoked: no constraint chooses it any more; who names it gets it.
# quarantined: suspected, nobody gets it, and it can come back. tombstone: gone for good, its number stays taken.
VERSION_TRANSITIONS: Mapping[str, frozenset[str]] = {
    PUBLISHED: frozenset({DEPRECATED, REVOKED, QUARANTINED, TOMBSTONE}),
    DEPRECATED: frozenset({PUBLISHED, REVOKED, QUARANTINED, TOMBSTONE}),
    REVOKED: frozenset({PUBLISHED, DEPRECATED, QUARANTINED, TOMBSTONE}),
    QUARANTINED: frozenset({PUBLISHED, DEPRECATED, REVOKED, TOMBSTONE}),
    TOMBSTONE: frozenset(),
}

LISTED = frozenset({PUBLISHED, DEPRECATED})
"""What `versions`, lists, search and "latest" show: what Terraform may choose."""

SERVED = LISTED | {REVOKED}
"""What whoever names the exact version gets: its location, its archive, its provenance, its page."""
