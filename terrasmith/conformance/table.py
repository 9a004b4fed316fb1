"""The one table of all checks, by the line of the protocol that each of them shows, and how they are run.

Refuses nothing: whatever a registry answers becomes a result.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import httpx

from core.errors import UserError
from terrasmith.conformance import archives, client_lines, discovery, protocol, public_api, versions
from terrasmith.conformance.outcome import MismatchError, NotRunError, Result
from terrasmith.conformance.subject import Subject

By = Literal["http", "client", "stub", "write"]
"""How a line is shown: by raw HTTP; by a real client on this registry; by a real client on a stub of ours, for what
is the client's own behaviour; by publishing."""

NEEDS = {
    "http": "",
    "client": "a Terraform CLI",
    "stub": "a Terraform CLI; asks nothing of the registry",
    "write": "`--write`",
}


@dataclass(frozen=True)
class Check:
    """One check. `module` says whether it needs one to ask about."""

    id: str
    by: By
    title: str
    function: Callable[[Subject], None]
    module: bool = True

    @property
    def key(self) -> str:
        return f"{self.id} {self.by}"


CHECKS: tuple[Check, ...] = (
    Check("R1", "http", "Discovery answers 200 with application/json", discovery.answers_json, module=False),
    Check("R2", "http", "Discovery asks nobody who they are", discovery.asks_nobody, module=False),
    Check("R3", "http", "Discovery is small, quick and near", discovery.is_small_and_near, module=False),
    Check("R3", "stub", "Addresses count from where discovery was found", discovery.client_follows_redirects, False),
    Check("R4", "http", "`modules.v1` is an address every client can use", discovery.names_a_usable_address, False),
    Check("R5", "http", "A bad token does not break discovery", discovery.forgives_a_bad_token, module=False),
    Check("R6", "http", "The registry is at the root of a host with a dot", discovery.lies_at_a_root, module=False),
    Check("R7", "http", "`modules.v1` is offered", discovery.offers_modules, module=False),
    Check("R7", "stub", "Without `modules.v1` the client stops", discovery.client_needs_modules_v1, module=False),
    Check("R8", "http", "Impossible addresses are not found", protocol.refuses_impossible_addresses, module=False),
    Check("R8", "write", "Impossible addresses are not published", versions.refuses_bad_addresses),
    Check("R9", "http", "Case does not make another module", protocol.ignores_case),
    Check("R9", "client", "The client's spelling installs", protocol.client_ignores_case),
    Check("R10", "http", "A plus in a version survives", protocol.keeps_the_plus),
    Check("R11", "http", "The list of versions has the one shape", protocol.lists_versions),
    Check("R11", "client", "An unknown module is told cleanly", protocol.client_hears_of_unknown_modules),
    Check("R12", "http", "The download answers every client at once", protocol.answers_every_client),
    Check("R12", "client", "The module installs", protocol.client_installs),
    Check("R13", "http", "Registry credentials are offered rightly", protocol.offers_credentials_rightly),
    Check("R14", "http", "The download is no redirect", protocol.does_not_redirect_downloads),
    Check("R14", "stub", "The client follows redirects of versions, not of downloads", client_lines.redirects, False),
    Check("R15", "http", "An unknown version is 404 with a body", protocol.answers_the_right_status),
    Check("R15", "stub", "The client retries a 429 once", client_lines.retries, module=False),
    Check("R16", "http", "Every User-Agent is served", protocol.serves_any_agent),
    Check("R16", "stub", "The client names itself and sends its token", client_lines.headers, module=False),
    Check("R17", "http", "Locations are stable within a window", protocol.keeps_locations_stable),
    Check("R17", "stub", "The client asks once for each package", client_lines.counts, module=False),
    Check("R18", "http", "Caches are told what they may keep", protocol.guards_caches),
    Check("R18", "stub", "The client asks for whole answers", client_lines.asks_for_the_whole, module=False),
    Check("R19", "http", "The location can be resolved", archives.is_resolvable),
    Check("R19", "stub", "The client refuses bare names", client_lines.refuses_bare_names, module=False),
    Check("R20", "http", "The location names its archive type", archives.names_its_type),
    Check("R20", "stub", "Without a type the client asks on", client_lines.asks_for_the_type, module=False),
    Check("R21", "http", "The location survives re-encoding", archives.survives_reencoding),
    Check("R21", "stub", "The client sorts and re-encodes queries", client_lines.reencodes_queries, module=False),
    Check("R22", "http", "The location carries the archive's checksum", archives.names_its_checksum),
    Check("R22", "stub", "The client refuses other bytes", client_lines.verifies_checksums, module=False),
    Check("R23", "http", "The location's subdirectory is safe", archives.has_a_safe_subdir),
    Check("R23", "stub", "The client joins subdirectories", client_lines.joins_subdirs, module=False),
    Check("R24", "http", "A git location is pinned", archives.pins_git_commits),
    Check("R25", "http", "The archive is at most ten hops away", archives.is_near),
    Check("R25", "stub", "The client stops after ten hops", client_lines.stops_at_ten_hops, module=False),
    Check("R26", "http", "HEAD and ranges are right", archives.answers_head_and_ranges),
    Check("R26", "stub", "The client forgives a refused HEAD", client_lines.tolerates_refused_head, module=False),
    Check("R27", "http", "Archives are sent as they are", archives.sends_bytes_as_they_are),
    Check("R27", "stub", "The client fails on an encoded archive", client_lines.fails_on_content_encoding, False),
    Check("R28", "http", "The archive holds a clean module at its root", archives.holds_a_clean_module),
    Check("R29", "http", "The archive opens without the token", archives.opens_without_the_token),
    Check("R29", "stub", "The client follows archives to other hosts", client_lines.follows_archive_redirects, False),
    Check("R30", "http", "Versions are strict, and found as listed", versions.has_strict_versions),
    Check("R30", "stub", "The client normalises versions", client_lines.normalises_versions, module=False),
    Check("R30", "write", "Loose versions are not published", versions.refuses_loose_versions),
    Check("R31", "http", "The latest version is a release", public_api.skips_prereleases),
    Check("R31", "stub", "A prerelease comes only by exact pin", client_lines.pins_prereleases, module=False),
    Check("R32", "http", "No two versions are equal in precedence", versions.has_no_equal_versions),
    Check("R32", "write", "Equal precedence is not published twice", versions.refuses_equal_precedence),
    Check("R33", "write", "A tag that moved is not published", versions.refuses_moved_tags),
    Check("R34", "http", "The public API lists and finds modules", public_api.offers_lists),
    Check("R35", "http", "The public API pages rightly", public_api.pages_rightly, module=False),
    Check("R36", "http", "The public API describes modules", public_api.describes_modules),
    Check("R37", "http", "Errors have the one shape", public_api.shapes_errors, module=False),
    Check("R38", "http", "The list of versions names the repository", versions.names_the_source),
)


def run(subject: Subject, checks: Iterable[Check] = CHECKS) -> Iterator[Result]:
    """Make the checks one after the other, and tell of each as soon as it is made."""
    for check in checks:
        yield _run(subject, check)


def _run(subject: Subject, check: Check) -> Result:
    def ended(outcome: Literal["passed", "failed", "not run"], **words: object) -> Result:
        shown = {name: subject.shown(value) for name, value in words.items()}
        return Result(check.id, check.by, check.title, outcome, **shown)

    if check.by == "write" and subject.publisher is None:
        return ended("not run", reason="needs --write, and a publish API that we can speak")
    if check.module and subject.module is None:
        return ended("not run", reason="needs --module NAMESPACE/NAME/SYSTEM")
    try:
        check.function(subject)
    except NotRunError as error:
        return ended("not run", reason=error.reason)
    except MismatchError as error:
        return ended("failed", expected=error.expected, got=error.got)
    except httpx.HTTPError as error:
        return ended("failed", expected="an answer", got=f"{type(error).__name__}: {error}")
    except (UserError, ValueError) as error:
        return ended("failed", expected="an answer that can be read", got=f"{type(error).__name__}: {error}")
    return ended("passed")
