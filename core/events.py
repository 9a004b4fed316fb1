"""The vocabulary: every event that one part of Terrasmith tells the others. Past tense, frozen, plain values.

Only services record events, in the transaction that made them true; `workers/subscriptions.py` says who listens.
`subject` groups the jobs an event causes: jobs of one subject run one after another.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """The parent of all events. Its name is the class's name."""

    @property
    def subject(self) -> str:
        """What the event is about; jobs with one subject never run at the same time."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class InstallationChanged(Event):
    """The app was installed, suspended, unsuspended or removed, or an account was renamed."""

    installation_id: int

    @property
    def subject(self) -> str:
        return f"installation:{self.installation_id}"


@dataclass(frozen=True, kw_only=True)
class _AboutRequest(Event):
    request_id: str

    @property
    def subject(self) -> str:
        return f"request:{self.request_id}"


@dataclass(frozen=True, kw_only=True)
class CommandReceived(_AboutRequest):
    """Somebody addressed us in a comment or in a new issue. Nothing is decided yet, not even permission."""


@dataclass(frozen=True, kw_only=True)
class GenerationAccepted(_AboutRequest):
    """The requester may ask, and the request is one we can try."""

    run_id: str


@dataclass(frozen=True, kw_only=True)
class QuestionAsked(_AboutRequest):
    """A run waits for an answer. `number` counts the questions of the request."""

    number: int


@dataclass(frozen=True, kw_only=True)
class QuestionAnswered(_AboutRequest):
    """What a run waited for is known: it goes on."""

    run_id: str


@dataclass(frozen=True, kw_only=True)
class QuestionExpired(_AboutRequest):
    """Nobody answered in time, and the request is closed. `number` counts the questions of the request."""

    number: int


@dataclass(frozen=True, kw_only=True)
class DraftProved(_AboutRequest):
    """A draft passed the gate and is stored; it wants a pull request."""

    run_id: str


@dataclass(frozen=True, kw_only=True)
class StepsChanged(_AboutRequest):
    """A step of a request moved: the living comment is out of date."""

    @property
    def subject(self) -> str:
        return f"comment:{self.request_id}"


@dataclass(frozen=True, kw_only=True)
class _AboutCommit(Event):
    installation_id: int
    repository_id: int


@dataclass(frozen=True, kw_only=True)
class PullRequestChanged(_AboutCommit):
    """A pull request was opened, reopened or got a new head, or somebody asked for its check again."""

    number: int
    head_sha: str

    @property
    def subject(self) -> str:
        return f"pull:{self.repository_id}:{self.number}"


@dataclass(frozen=True, kw_only=True)
class PullRequestMerged(_AboutCommit):
    """A pull request was merged into the default branch."""

    number: int
    merge_sha: str
    by_id: int | None = None
    by_login: str | None = None

    @property
    def subject(self) -> str:
        return f"repository:{self.repository_id}"


@dataclass(frozen=True, kw_only=True)
class PullRequestAbandoned(_AboutCommit):
    """A pull request was closed without a merge."""

    number: int

    @property
    def subject(self) -> str:
        return f"pull:{self.repository_id}:{self.number}"


@dataclass(frozen=True, kw_only=True)
class TagAppeared(_AboutCommit):
    """A tag was pushed, or a release was published by hand. Ours come by here too; the release row tells them apart."""

    tag: str
    by_id: int | None = None
    by_login: str | None = None

    @property
    def subject(self) -> str:
        return f"repository:{self.repository_id}"


@dataclass(frozen=True, kw_only=True)
class ReleaseMade(Event):
    """A release row stands at `released`: its tag and GitHub release exist, its version may be published."""

    release_id: str

    @property
    def subject(self) -> str:
        return f"release:{self.release_id}"


@dataclass(frozen=True, kw_only=True)
class UploadReceived(Event):
    """An archive was sent by API and lies in the staging area. Nobody has looked into it yet."""

    upload_id: str

    @property
    def subject(self) -> str:
        return f"upload:{self.upload_id}"


@dataclass(frozen=True, kw_only=True)
class VersionPublished(Event):
    """The registry serves a new version. Told once, in the transaction that made it visible.

    What was uploaded has no repository and no commit.
    """

    version_id: str
    address: str
    version: str
    repository_id: int | None
    commit_sha: str | None

    @property
    def subject(self) -> str:
        return f"version:{self.version_id}"


@dataclass(frozen=True, kw_only=True)
class TagMoved(_AboutCommit):
    """A tag that a release of ours came from was seen on another commit. What is published stays (T-22)."""

    release_id: str
    moved_to: str

    @property
    def subject(self) -> str:
        return f"repository:{self.repository_id}"


@dataclass(frozen=True, kw_only=True)
class ArchiveDamaged(Event):
    """The sweep found an archive's bytes bad that were good before. Told once, until they were found good again."""

    sha256: str
    damage: str

    @property
    def subject(self) -> str:
        return f"archive:{self.sha256}"


@dataclass(frozen=True, kw_only=True)
class JobDied(Event):
    """A job was given up. `about` is the subject it worked on; `kind` whose failure it was: user, transient, bug or
    worker. `error` is fit for people's eyes, and empty for a bug.
    """

    job_id: int
    job: str
    about: str
    kind: str
    error: str

    @property
    def subject(self) -> str:
        return f"dead:{self.job_id}"


EVENTS: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        InstallationChanged,
        CommandReceived,
        GenerationAccepted,
        QuestionAsked,
        QuestionAnswered,
        QuestionExpired,
        DraftProved,
        StepsChanged,
        PullRequestChanged,
        PullRequestMerged,
        PullRequestAbandoned,
        TagAppeared,
        ReleaseMade,
        UploadReceived,
        VersionPublished,
        TagMoved,
        ArchiveDamaged,
        JobDied,
    )
}


def to_payload(event: Event) -> dict[str, Any]:
    """The event's fields as plain JSON values."""
    return asdict(event)


def from_payload(name: str, payload: dict[str, Any]) -> Event:
    """The event again. Unknown fields are dropped, so that an older process can read a newer row."""
    cls = EVENTS[name]
    known = {field.name for field in fields(cls)}
    return cls(**{key: value for key, value in payload.items() if key in known})
