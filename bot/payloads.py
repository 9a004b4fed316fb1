"""What we read of GitHub's webhook bodies: only the fields we use, and what tells one event's body from another's.

The event's name comes in a header that nobody signed, so a body that is not shaped like that event is not believed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator

Id = Annotated[int, Strict(), Field(ge=1, le=2**63 - 1)]
Number = Annotated[int, Strict(), Field(ge=1, le=2**31 - 1)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
FullName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$")]
Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x20\x7f]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Account(_Part):
    id: Id
    login: Name
    type: str = ""

    @property
    def is_bot(self) -> bool:
        """Bots never command (S9)."""
        return self.type != "User" or self.login.endswith("[bot]")


class Repository(_Part):
    id: Id
    full_name: FullName
    default_branch: str | None = None

    @property
    def name(self) -> str:
        return self.full_name.partition("/")[2]

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]


class InstallationRef(_Part):
    id: Id


class App(_Part):
    id: Id


class Comment(_Part):
    id: Id
    body: str | None = None
    created_at: datetime | None = None
    user: Account | None = None
    performed_via_github_app: App | None = None


class Issue(_Part):
    number: Number
    title: str = ""
    body: str | None = None
    created_at: datetime | None = None
    user: Account | None = None
    pull_request: Mapping[str, Any] | None = None
    performed_via_github_app: App | None = None


class Base(_Part):
    ref: Ref


class Head(_Part):
    ref: Ref
    sha: Sha


class PullRequest(_Part):
    number: Number
    head: Head
    base: Base
    merged: bool | None = None
    merged_by: Account | None = None
    merge_commit_sha: Sha | None = None


class PullReference(_Part):
    class _Base(_Part):
        class _Repository(_Part):
            id: Id

        repo: _Repository

    number: Number
    base: _Base


class CheckRun(_Part):
    id: Id
    head_sha: Sha
    app: App | None = None
    pull_requests: tuple[PullReference, ...] = ()


class GitHubRelease(_Part):
    id: Id
    tag_name: Ref
    draft: bool = False


class FullInstallation(_Part):
    id: Id
    account: Account


# The bodies. `foreign` names the keys that only other events' bodies have.


class Payload(_Part):
    """The parent of all bodies."""

    foreign: ClassVar[frozenset[str]] = frozenset()

    action: str | None = None
    installation: InstallationRef | None = None
    sender: Account | None = None

    @model_validator(mode="before")
    @classmethod
    def _not_another_event(cls, values: Any) -> Any:
        strangers = cls.foreign & values.keys() if isinstance(values, dict) else ()
        if strangers:
            raise ValueError(f"a body of this event has no {', '.join(sorted(strangers))}")
        return values


class IssueCommentPayload(Payload):
    foreign = frozenset({"pull_request", "discussion"})

    action: Name
    issue: Issue
    comment: Comment
    repository: Repository


class IssuesPayload(Payload):
    foreign = frozenset({"comment", "pull_request", "sub_issue", "parent_issue", "blocked_issue", "blocking_issue"})

    action: Name
    issue: Issue
    repository: Repository


class PullRequestPayload(Payload):
    foreign = frozenset({"comment", "review", "thread", "issue"})

    action: Name
    number: Number
    pull_request: PullRequest
    repository: Repository


class CreatePayload(Payload):
    foreign = frozenset({"head_commit", "commits"})

    ref: Ref
    ref_type: Name
    master_branch: str  # `delete` has no such thing
    repository: Repository


class PushPayload(Payload):
    foreign = frozenset({"ref_type", "master_branch"})

    ref: Ref
    before: Sha
    after: Sha
    deleted: bool
    commits: tuple[Any, ...]
    repository: Repository


class ReleasePayload(Payload):
    action: Name
    release: GitHubRelease
    repository: Repository


class CheckRunPayload(Payload):
    foreign = frozenset({"deployment", "deployment_status", "workflow_run"})

    action: Name
    check_run: CheckRun
    repository: Repository


class CheckSuitePayload(Payload):
    foreign = frozenset({"check_run", "workflow_run"})

    action: Name
    check_suite: CheckRun
    repository: Repository


class InstallationPayload(Payload):
    foreign = frozenset({"repositories_added", "repositories_removed", "repository", "account", "target_type"})

    action: Name
    installation: FullInstallation  # type: ignore[assignment]  # here GitHub sends the whole of it


class InstallationRepositoriesPayload(Payload):
    foreign = frozenset({"repository", "account"})

    action: Name
    installation: FullInstallation  # type: ignore[assignment]
    repositories_added: tuple[Any, ...]
    repositories_removed: tuple[Any, ...]


class InstallationTargetPayload(Payload):
    action: Name
    account: Account
    changes: Mapping[str, Any]
    target_type: Name


class RepositoryPayload(Payload):
    action: Name
    repository: Repository


class PingPayload(Payload):
    zen: str
    hook_id: int
