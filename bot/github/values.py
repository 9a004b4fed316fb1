"""What the gateway gives back: frozen values of plain types. Knows no HTTP and refuses to carry live objects.

A repository is named by "owner/name"; its numeric id is what to remember, because names change hands.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Conclusion = Literal["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"]
AnnotationLevel = Literal["notice", "warning", "failure"]


@dataclass(frozen=True)
class InstallationInfo:
    """One installation of our app on an account. `account_type` is "Organization" or "User"."""

    id: int
    account_id: int
    account_login: str
    account_type: str
    suspended: bool


@dataclass(frozen=True)
class FailedDelivery:
    """The newest attempt of a webhook that never got through. `attempts` counts those seen: a caller may back off."""

    id: int
    guid: str
    event: str
    action: str | None
    delivered_at: datetime
    status_code: int
    attempts: int
    installation_id: int | None
    repository_id: int | None


@dataclass(frozen=True)
class Repository:
    """`description` is where a repository of ours carries the request that asked for it."""

    id: int
    full_name: str
    owner: str
    owner_id: int
    owner_type: str
    name: str
    description: str
    private: bool
    archived: bool
    default_branch: str
    url: str


@dataclass(frozen=True)
class Commit:
    """`author_login` is the account GitHub ties the author to, if any. `unsigned`: it bears no signature at all."""

    sha: str
    tree_sha: str
    message: str
    parents: tuple[str, ...]
    author_login: str | None
    verified: bool
    unsigned: bool = False


@dataclass(frozen=True)
class Comment:
    """A comment of a person; what a bot or an app wrote is none. `edited_at` is when its text was last changed."""

    id: int
    author_login: str
    author_id: int
    body: str
    written_at: datetime
    edited_at: datetime


@dataclass(frozen=True)
class Tag:
    """`sha` is the commit, also when the tag is annotated."""

    name: str
    sha: str


@dataclass(frozen=True)
class Pull:
    """`head_repository_id` is None when the fork is gone; it differs from `base_repository_id` for a fork."""

    repo: str
    number: int
    node_id: str
    title: str
    body: str
    state: str
    draft: bool
    merged: bool
    merge_commit_sha: str | None
    head_branch: str
    head_sha: str
    head_repository_id: int | None
    base_branch: str
    base_repository_id: int
    author: str
    url: str


@dataclass(frozen=True)
class Annotation:
    """One line remark on a check run."""

    path: str
    start_line: int
    end_line: int
    level: AnnotationLevel
    message: str
    title: str = ""


@dataclass(frozen=True)
class Release:
    """`immutable`: neither tag nor assets can change any more; the notes can."""

    id: int
    tag: str
    name: str
    body: str
    draft: bool
    prerelease: bool
    immutable: bool
    url: str
