"""Releases: a tag on its way to a version, whether we made the tag after a merge or somebody pushed it.

One row for each merge and for each tag. Commits nothing, calls nobody, returns frozen values.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from accounts import audit
from bot.models import LONGEST_TAG, Release
from bot.states import RELEASE_TRANSITIONS, check
from bot.tag_meaning import Meaning, plain, rival, second_tag
from core import clock, events, outbox
from core.errors import UserError
from core.ids import new_id
from tfmodule.version import InvalidVersionError, Version, latest, parse_tag

FIRST_VERSION = Version(0, 1, 0)

# From here on a release stands for one commit, whatever becomes of its tag.
_PINNED = frozenset({"tagged", "released", "published"})


class TagTooLongError(UserError):
    """Longer than any tag we keep. Nothing is remembered of it."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"The tag has {len(tag)} characters; a version's tag may have {LONGEST_TAG}.")
        self.tag = tag


class TagTakenError(UserError):
    """The tag belongs to another release of this repository."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"The tag `{tag}` belongs to another release already.")
        self.tag = tag


@dataclass(frozen=True)
class By:
    """Who merged, pushed the tag or published the release, as GitHub's event says."""

    id: int
    login: str


@dataclass(frozen=True, kw_only=True)
class ReleaseView:
    """One release. `version` is none when the tag is no strict version; then it is `refused` and `reason` says so.

    `module` (`name/system`) and `path` are those that the commit declares; without, the repository's name says which.
    """

    id: str
    installation_id: int
    repository_id: int
    repository: str
    tag: str
    version: str | None
    module: str | None
    path: str
    commit_sha: str
    origin: str
    pull_number: int | None
    github_release_id: int | None
    released_by_id: int | None
    released_by_login: str | None
    moved_to: str | None
    state: str
    reason: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def ours(self) -> bool:
        """Whether it comes from a merge, so that tag and GitHub release are for us to make."""
        return self.origin.startswith("merge:")


def next_version(known: Iterable[Version]) -> Version:
    """`0.1.0` first, then the next minor."""
    newest = latest(known)
    return newest.next_minor() if newest is not None else FIRST_VERSION


def versions_in(tags: Iterable[str]) -> tuple[Version, ...]:
    """The versions that tags of these names take."""
    found = []
    for tag in tags:
        try:
            found.append(parse_tag(tag))
        except InvalidVersionError:
            continue  # somebody's other tag: it takes no version
    return tuple(found)


def known_versions(session: Session, repository_id: int) -> tuple[Version, ...]:
    """Every version that the module a repository is named after has taken, refused ones too: their tags exist.

    Except where GitHub itself refused tag or release: whether the tag stands, only GitHub can tell.
    """
    stopped = (Release.state == "refused") & Release.github_release_id.is_(None) & Release.pull_number.is_not(None)
    own = (Release.repository_id == repository_id) & Release.module.is_(None)
    taken = session.scalars(select(Release.version).where(own, ~stopped))
    return tuple(sorted(Version.parse(text) for text in taken if text is not None))


def plan(
    session: Session,
    *,
    installation_id: int,
    repository_id: int,
    repository: str,
    pull_number: int,
    merge_sha: str,
    version: Version,
    by: By | None = None,
) -> ReleaseView:
    """The release of a merge. The same merge again gives the release it has, whatever version is proposed now.

    Only one that GitHub itself refused, so that there is no release yet, is planned anew.
    """
    origin = f"merge:{pull_number}"
    known = _by_origin(session, repository_id, origin)
    if known is not None:
        return _replan(session, known, version)
    row = Release(
        **_new(installation_id, repository_id, repository, by),
        tag=f"v{version}",
        version=str(version),
        commit_sha=merge_sha,
        origin=origin,
        pull_number=pull_number,
        state="planned",
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        known = _by_origin(session, repository_id, origin)
        if known is None:
            raise TagTakenError(row.tag) from None
        return _view(known)
    return _view(row)


def adopt(
    session: Session,
    *,
    installation_id: int,
    repository_id: int,
    repository: str,
    tag: str,
    commit_sha: str,
    meaning: Meaning | None = None,
    by: By | None = None,
) -> ReleaseView:
    """The release of a tag that appeared. Ours is recognised by its tag and left to the job that makes it.

    A tag that is no strict version is refused at once, and so is a second tag of one version on another commit. A
    refused tag that was moved to another commit is tried again; one that was released keeps its commit, and its move
    is told (T-22).
    """
    meaning = meaning or plain(tag)
    if len(tag) > LONGEST_TAG:
        raise TagTooLongError(tag)
    row = _by_tag(session, repository_id, tag)
    if row is not None:
        return _adopt_again(session, row, commit_sha, meaning)
    row = Release(
        **_new(installation_id, repository_id, repository, by),
        tag=tag,
        version=meaning.version,
        module=meaning.module,
        path=meaning.path,
        commit_sha=commit_sha,
        origin=f"tag:{tag}",
        reason=meaning.reason,
    )
    if row.version is not None and (other := rival(session, row)) is not None:
        row.reason = second_tag(tag, other)
    reason, row.state = row.reason, "released" if row.reason is None else "refused"
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return _view(session.scalars(_tagged(repository_id, tag)).one())
    if reason is None:
        outbox.record(session, events.ReleaseMade(release_id=row.id))
    return _view(row)


def notice_tags(
    session: Session,
    *,
    installation_id: int,
    repository_id: int,
    tags: Mapping[str, str],
    concerns: Callable[[str], bool] = lambda _tag: True,
) -> int:
    """Tell the system, as a webhook would, of those tags (name → commit) whose standing is news. Returns how many.

    Those are tags without a release, as far as they concern us, and tags that left the commit they were released
    from, or came back to it.
    """
    known = {row.tag: row for row in session.scalars(select(Release).where(Release.repository_id == repository_id))}
    heard = {tag: sha for tag, sha in tags.items() if len(tag) <= LONGEST_TAG and (tag in known or concerns(tag))}
    news = [tag for tag, sha in heard.items() if _is_news(known.get(tag), sha)]
    for tag in news:
        event = events.TagAppeared(installation_id=installation_id, repository_id=repository_id, tag=tag)
        outbox.record(session, event)
    return len(news)


def _is_news(row: Release | None, commit_sha: str) -> bool:
    if row is None:
        return True
    return row.state in _PINNED and commit_sha != (row.moved_to or row.commit_sha)


def mark_tagged(session: Session, release_id: str) -> ReleaseView:
    """The tag stands on GitHub, at our commit."""
    row = _row(session, release_id)
    if row.state == "planned":
        _move(row, "tagged")
    return _view(row)


def mark_released(session: Session, release_id: str, github_release_id: int) -> ReleaseView:
    """The GitHub release is published: the version may be made. Tells the system once."""
    row = _row(session, release_id)
    row.github_release_id = github_release_id
    if row.state in {"planned", "tagged"}:
        if row.state == "planned":
            _move(row, "tagged")
        _release(session, row)
    return _view(row)


def mark_published(session: Session, release_id: str) -> ReleaseView:
    """The registry serves the version."""
    row = _row(session, release_id)
    if row.state != "published":
        _move(row, "published")
        row.reason = None
    return _view(row)


def refuse(session: Session, release_id: str, reason: str) -> ReleaseView:
    """It is not published, and why. A published version stays what it is."""
    row = _row(session, release_id)
    if row.state != "refused":
        _move(row, "refused")
    row.reason = reason
    return _view(row)


def retry(session: Session, release_id: str, *, tell: bool = True) -> ReleaseView:
    """Try a refused release again, if its tag names a version. Of any other state: nothing to do.

    The job that publishes calls it for itself, and then has nobody to `tell`.
    """
    row = _row(session, release_id)
    if row.state == "refused" and row.version is not None:
        other = rival(session, row)
        if other is None:
            _release(session, row, tell=tell)
        else:
            row.reason = second_tag(row.tag, other)
    return _view(row)


def get(session: Session, release_id: str) -> ReleaseView:
    """The release; one that does not exist is a bug."""
    return _view(session.get_one(Release, release_id))


def find_by_merge(session: Session, repository_id: int, pull_number: int) -> ReleaseView | None:
    """The release of a pull request's merge."""
    row = _by_origin(session, repository_id, f"merge:{pull_number}")
    return _view(row) if row else None


def find_by_commit(session: Session, repository_id: int, commit_sha: str) -> tuple[ReleaseView, ...]:
    """The releases at this commit, oldest first: nothing forbids two tags on one."""
    wanted = select(Release).where(Release.repository_id == repository_id, Release.commit_sha == commit_sha)
    return tuple(_view(row) for row in session.scalars(wanted.order_by(Release.created_at)))


def is_second_tag(session: Session, release_id: str) -> bool:
    """Whether the release was refused because another tag has its version, from another commit."""
    row = session.get_one(Release, release_id)
    return row.state == "refused" and row.version is not None and rival(session, row) is not None


def _replan(session: Session, row: Release, version: Version) -> ReleaseView:
    if row.state == "refused" and row.github_release_id is None:
        _move(row, "planned")
        row.tag, row.version, row.reason = f"v{version}", str(version), None
        session.flush()
    return _view(row)


def _adopt_again(session: Session, row: Release, commit_sha: str, meaning: Meaning) -> ReleaseView:
    if row.state == "refused" and row.commit_sha != commit_sha:
        row.commit_sha, row.version, row.reason = commit_sha, meaning.version, meaning.reason or row.reason
        row.module, row.path = meaning.module, meaning.path
        return retry(session, row.id)
    if row.state in _PINNED:
        _watch(session, row, commit_sha)
    return _view(row)


def _watch(session: Session, row: Release, commit_sha: str) -> None:
    """Tell of a tag that left its commit, once for each place it is seen at, and write down that it came back."""
    seen = None if commit_sha == row.commit_sha else commit_sha
    if seen == row.moved_to:
        return
    row.moved_to, row.updated_at = seen, clock.now()
    detail = {"repository_id": row.repository_id, "tag": row.tag, "commit": row.commit_sha, "seen_at": commit_sha}
    audit.record(session, audit.SYSTEM, "tag.moved" if seen else "tag.restored", f"release:{row.id}", detail)
    if seen is not None:
        outbox.record(
            session,
            events.TagMoved(
                installation_id=row.installation_id,
                repository_id=row.repository_id,
                release_id=row.id,
                moved_to=seen,
            ),
        )


def _release(session: Session, row: Release, *, tell: bool = True) -> None:
    _move(row, "released")
    row.reason = None
    session.flush()
    if tell:
        outbox.record(session, events.ReleaseMade(release_id=row.id))


def _move(row: Release, state: str) -> None:
    check(RELEASE_TRANSITIONS, f"release {row.id}", row.state, state)
    row.state, row.updated_at = state, clock.now()


def _new(installation_id: int, repository_id: int, repository: str, by: By | None) -> dict[str, object]:
    moment = clock.now()
    return {
        "id": new_id("rel"),
        "installation_id": installation_id,
        "repository_id": repository_id,
        "repository": repository,
        "released_by_id": by.id if by else None,
        "released_by_login": by.login if by else None,
        "created_at": moment,
        "updated_at": moment,
    }


def _row(session: Session, release_id: str) -> Release:
    return session.get_one(Release, release_id, with_for_update=True)


def _by_origin(session: Session, repository_id: int, origin: str) -> Release | None:
    return session.scalar(select(Release).where(Release.repository_id == repository_id, Release.origin == origin))


def _tagged(repository_id: int, tag: str) -> Select[Release]:
    return select(Release).where(Release.repository_id == repository_id, Release.tag == tag)


def _by_tag(session: Session, repository_id: int, tag: str) -> Release | None:
    return session.scalar(_tagged(repository_id, tag).with_for_update())


def _view(row: Release) -> ReleaseView:
    return ReleaseView(**{key: getattr(row, key) for key in ReleaseView.__dataclass_fields__})
