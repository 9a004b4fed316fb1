"""Retention: which versions an organisation no longer wants to keep, by age; and why each of them goes.

Policies are rows: one for each namespace that has its own, one for all others. Without one nothing goes. Never goes
what is held, quarantined, among the last of its module, or downloaded lately; and no release unless a policy says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import accounts.models
from accounts import audit, namespaces
from core import clock
from core.errors import UserError
from registry import models
from registry.services import download_counts, lifecycle
from registry.services.lifecycle import Author, Words
from registry.version_states import LISTED, QUARANTINED, TOMBSTONE
from tfmodule.address import Address
from tfmodule.version import Version

DEFAULT = "default"
"""The scope of every namespace that has no policy of its own."""

BY_POLICY = Author("retention")

_LONGEST_DAYS = 36_500


class PolicyError(UserError):
    """A policy that cannot be meant."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What may go. Ages are in days since publication; None is never.

    Of each module the highest `keep_last` releases and as many prereleases stay, whatever their age. With
    `keep_downloaded_days`, what was downloaded in that many days stays too.
    """

    prerelease_days: int | None = None
    stable_days: int | None = None
    keep_last: int = 1
    keep_downloaded_days: int | None = None

    def __post_init__(self) -> None:
        days = (self.prerelease_days, self.stable_days, self.keep_downloaded_days, self.keep_last)
        if any(one is not None and not 1 <= one <= _LONGEST_DAYS for one in days):
            raise PolicyError(f"Days, and how many to keep, are numbers from 1 to {_LONGEST_DAYS}.")
        if self.prerelease_days is None and self.stable_days is None:
            raise PolicyError(
                "A policy needs an age for prereleases, for releases, or for both; to have none, clear it."
            )

    def age_of(self, version: Version) -> int | None:
        """After how many days a version may go."""
        return self.prerelease_days if version.is_prerelease else self.stable_days


@dataclass(frozen=True)
class Downloads:
    """Until when each version was downloaded, by its id; None where nobody did since counting began."""

    since: date | None = None
    last: Mapping[str, date | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """What a policy looks at. `held` covers the module's hold."""

    id: str
    version: Version
    state: str
    published_at: datetime
    held: bool = False


@dataclass(frozen=True)
class Doomed:
    """A version that goes, and why."""

    address: Address
    version: Version
    reason: str


def policies(session: Session) -> Mapping[str, Policy]:
    """Every policy, by its scope: a namespace's name, or DEFAULT."""
    names = {one.id: one.name for one in namespaces.list_all(session)}
    rows = session.scalars(select(models.RetentionPolicy).order_by(models.RetentionPolicy.scope))
    return {names.get(row.scope, DEFAULT): _policy(row) for row in rows}


def set_policy(session: Session, namespace: str | None, policy: Policy, actor: str = audit.OPERATOR) -> None:
    """Give a namespace, or with None all that have none, this policy. The same again changes nothing."""
    scope = _scope(session, namespace)
    row = session.get(models.RetentionPolicy, scope)
    if row is not None and _policy(row) == policy:
        return
    values = {
        "prerelease_days": policy.prerelease_days,
        "stable_days": policy.stable_days,
        "keep_last": policy.keep_last,
        "keep_downloaded_days": policy.keep_downloaded_days,
    }
    session.merge(models.RetentionPolicy(scope=scope, changed_at=clock.now(), **values))
    audit.record(session, actor, "retention.set", f"retention:{scope}", values)
    session.flush()


def clear_policy(session: Session, namespace: str | None, actor: str = audit.OPERATOR) -> bool:
    """Take a policy away; whether there was one. A namespace falls back to the default."""
    scope = _scope(session, namespace)
    row = session.get(models.RetentionPolicy, scope)
    if row is None:
        return False
    session.delete(row)
    audit.record(session, actor, "retention.clear", f"retention:{scope}", {})
    session.flush()
    return True


def due_modules(session: Session, now: datetime) -> tuple[str, ...]:
    """The ids of modules that have a version old enough for some rule of their policy."""
    row, found = models.Version, list[str]()
    rows = {one.scope: _policy(one) for one in session.scalars(select(models.RetentionPolicy))}
    for scope, policy in sorted(rows.items()):
        youngest = min(days for days in (policy.prerelease_days, policy.stable_days) if days is not None)
        wanted = (
            select(models.Module.id)
            .join(row, row.module_id == models.Module.id)
            .where(row.state.not_in((TOMBSTONE, QUARANTINED)), row.published_at < now - timedelta(days=youngest))
            .distinct()
        )
        own = models.Module.namespace_id == scope
        others = models.Module.namespace_id.not_in([one for one in rows if one != DEFAULT])
        found += session.scalars(wanted.where(others if scope == DEFAULT else own).order_by(models.Module.id))
    return tuple(found)


def plan(session: Session, module_id: str, now: datetime) -> tuple[Doomed, ...]:
    """The versions of one module that go now."""
    module = session.get_one(models.Module, module_id)
    row = session.get(models.RetentionPolicy, module.namespace_id) or session.get(models.RetentionPolicy, DEFAULT)
    if row is None:
        return ()
    name = session.get_one(accounts.models.Namespace, module.namespace_id).name
    address = Address(name, module.name, module.system)
    candidates = [
        Candidate(
            id=version.id,
            version=Version.parse(version.version),
            state=version.state,
            published_at=version.published_at,
            held=bool(version.hold_reason or module.hold_reason),
        )
        for version in _versions(session, module_id)
    ]
    downloads = _downloads(session, [one.id for one in candidates])
    chosen = doomed(candidates, _policy(row), now, downloads)
    return tuple(Doomed(address, one.version, reason) for one, reason in chosen)


def apply(session: Session, module_id: str, now: datetime) -> tuple[Doomed, ...]:
    """Make tombstones of what `plan` names. A hold that came in between wins."""
    # Locked first: a hold on the module, or another run, waits or is seen.
    session.execute(select(models.Module.id).where(models.Module.id == module_id).with_for_update(key_share=True))
    found = plan(session, module_id, now)
    for one in found:
        lifecycle.change(session, "remove", one.address, one.version, Words(f"retention: {one.reason}"), BY_POLICY)
    return found


def doomed(
    candidates: Sequence[Candidate], policy: Policy, now: datetime, downloads: Downloads
) -> tuple[tuple[Candidate, str], ...]:
    """Which of a module's versions this policy lets go, with the reason, lowest version first."""
    kept = _last(candidates, policy.keep_last)
    found = []
    for one in sorted(candidates, key=lambda each: each.version):
        days = policy.age_of(one.version)
        age = (now - one.published_at).days
        if days is None or age < days or one.id in kept or one.held or one.state in (TOMBSTONE, QUARANTINED):
            continue
        if _perhaps_lately(one, policy, now, downloads):
            continue
        kind = "prerelease" if one.version.is_prerelease else "release"
        unused = f", not downloaded in {policy.keep_downloaded_days} days" if policy.keep_downloaded_days else ""
        found.append((one, f"a {kind} of {age} days (at most {days}){unused}"))
    return tuple(found)


def _last(candidates: Iterable[Candidate], number: int) -> frozenset[str]:
    """The highest of each kind. What can no longer be chosen does not count as kept."""
    rows = sorted((one for one in candidates if one.state in LISTED), key=lambda each: each.version, reverse=True)
    kinds = ([one for one in rows if one.version.is_prerelease is kind] for kind in (False, True))
    return frozenset(one.id for kind in kinds for one in kind[:number])


def _perhaps_lately(one: Candidate, policy: Policy, now: datetime, downloads: Downloads) -> bool:
    """Whether it was downloaded in the days that count, or nobody can tell because counting is younger than that."""
    if policy.keep_downloaded_days is None:
        return False
    first = (now - timedelta(days=policy.keep_downloaded_days)).date()
    last = downloads.last.get(one.id)
    return downloads.since is None or downloads.since > first or (last is not None and last >= first)


def _downloads(session: Session, ids: Sequence[str]) -> Downloads:
    counted = download_counts.of_versions(session, ids)
    since = session.scalar(select(func.min(models.DownloadCount.day)))
    return Downloads(since, {one: downloads.last_day for one, downloads in counted.items()})


def _versions(session: Session, module_id: str) -> Sequence[models.Version]:
    row = models.Version
    return session.scalars(select(row).where(row.module_id == module_id, row.state != TOMBSTONE)).all()


def _scope(session: Session, namespace: str | None) -> str:
    return DEFAULT if namespace is None else namespaces.get(session, namespace).id


def _policy(row: models.RetentionPolicy) -> Policy:
    return Policy(
        prerelease_days=row.prerelease_days,
        stable_days=row.stable_days,
        keep_last=row.keep_last,
        keep_downloaded_days=row.keep_downloaded_days,
    )
