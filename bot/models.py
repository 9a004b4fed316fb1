"""Tables of GitHub's face: deliveries, installations, requests and runs, checks, releases."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UtcDateTime
from core.models import Serial

LONGEST_TAG = 200


class Delivery(Base):
    """One webhook delivery. GUID and body digest are both unique: neither a repeat nor a replay acts twice."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    guid: Mapped[str] = mapped_column(String(64), unique=True)
    body_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    event: Mapped[str] = mapped_column(String(64))
    action: Mapped[str | None] = mapped_column(String(64))
    installation_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))  # handled | ignored | failed
    reason: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)  # kept only while `failed`, so that it can run again
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Installation(Base):
    """Where the app is installed, by GitHub's own installation id."""

    __tablename__ = "installations"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(BigInteger, index=True)
    account_login: Mapped[str] = mapped_column(String(100))
    account_type: Mapped[str] = mapped_column(String(20))  # Organization | User
    state: Mapped[str] = mapped_column(String(16))  # active | suspended | removed
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeclaringRepository(Base):
    """A repository in which `.terrasmith.hcl` was seen, so that its tags and pull requests concern us."""

    __tablename__ = "declaring_repositories"

    repository_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Request(Base):
    """What somebody asked for. States: docs/ARCHITECTURE.md, "Request"."""

    __tablename__ = "requests"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(100), unique=True)  # comment:REPOSITORY:ID | issue:REPOSITORY:NUMBER
    installation_id: Mapped[int] = mapped_column(BigInteger, index=True)
    repository_id: Mapped[int] = mapped_column(BigInteger)
    repository: Mapped[str] = mapped_column(String(200))  # OWNER/NAME at the time
    issue_number: Mapped[int] = mapped_column(Integer)
    comment_id: Mapped[int | None] = mapped_column(BigInteger)  # none: the command stood in the issue's body
    on_pull_request: Mapped[bool] = mapped_column(Boolean, default=False)
    author_login: Mapped[str] = mapped_column(String(100))
    author_id: Mapped[int] = mapped_column(BigInteger)
    command: Mapped[str] = mapped_column(String(32))  # generate | help | unknown …
    prompt: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    problem: Mapped[str | None] = mapped_column(Text)  # why the command could not be read: the reply to give
    said_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by GitHub's clock: nothing said later counts (S14)
    issue: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # its title, text and author when the command was given
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)  # why it was refused or failed, as told to the person
    living_comment_id: Mapped[int | None] = mapped_column(BigInteger)
    target_repository_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    target_repository: Mapped[str | None] = mapped_column(String(200))
    pull_number: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Run(Base):
    """One attempt at a request."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("request_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))  # running | succeeded | failed
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Step(Base):
    """One visible part of a run, a line with a tick in the living comment."""

    __tablename__ = "steps"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    key: Mapped[str] = mapped_column(String(32))
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))  # pending | running | done | failed | skipped
    detail: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(String(500))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StoredBrief(Base):
    """What a run's wish was understood to be. It is written anew when an answer came, and then says so."""

    __tablename__ = "briefs"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    brief: Mapped[dict[str, Any]] = mapped_column(JSON)
    shown: Mapped[str] = mapped_column(Text)  # as Markdown, for the living comment
    answers: Mapped[int] = mapped_column(Integer)  # how many answers it knows of
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Question(Base):
    """What a request's work waits for, or waited for. A request has at most one that is open."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("request_id", "number"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(100))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # answered, or expired


class StoredDraft(Base):
    """What the generator wrote for a run, kept so that a second attempt at the pull request spends nothing."""

    __tablename__ = "drafts"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    system: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text)
    assumptions: Mapped[list[str]] = mapped_column(JSON)
    source: Mapped[str] = mapped_column(String(100))  # template:NAME | claude:MODEL
    archive: Mapped[bytes] = mapped_column(LargeBinary)  # canonical tar.gz of the files
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    usage: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    instructions_sha256: Mapped[str | None] = mapped_column(String(64))  # of our prompts' text; none for a template
    trajectory: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)  # each candidate that was judged
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Check(Base):
    """What the gate said about one commit, and the check run that shows it."""

    __tablename__ = "checks"
    __table_args__ = (UniqueConstraint("repository_id", "head_sha", "kind"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    repository_id: Mapped[int] = mapped_column(BigInteger)
    head_sha: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(220))  # pull | version:TAG
    check_run_id: Mapped[int | None] = mapped_column(BigInteger)
    conclusion: Mapped[str | None] = mapped_column(String(20))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Release(Base):
    """One tag on its way to a version. States: docs/ARCHITECTURE.md, "Release"."""

    __tablename__ = "releases"
    __table_args__ = (
        UniqueConstraint("repository_id", "tag", name="uq_releases_tag"),
        UniqueConstraint("repository_id", "origin", name="uq_releases_origin"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    installation_id: Mapped[int] = mapped_column(BigInteger)
    repository_id: Mapped[int] = mapped_column(BigInteger, index=True)
    repository: Mapped[str] = mapped_column(String(200))
    tag: Mapped[str] = mapped_column(String(LONGEST_TAG))
    version: Mapped[str | None] = mapped_column(String(128))  # none: the tag is no strict version
    module: Mapped[str | None] = mapped_column(String(130))  # name/system as declared; none: the repository's name says
    path: Mapped[str] = mapped_column(String(200), default="", server_default="")  # the module's folder
    commit_sha: Mapped[str] = mapped_column(String(64))
    # `merge:NUMBER` for ours, `tag:NAME` for one made by hand: one release for each merge and for each tag.
    origin: Mapped[str] = mapped_column(String(220))
    pull_number: Mapped[int | None] = mapped_column(Integer)
    github_release_id: Mapped[int | None] = mapped_column(BigInteger)
    released_by_id: Mapped[int | None] = mapped_column(BigInteger)  # who merged, pushed the tag or made the release
    released_by_login: Mapped[str | None] = mapped_column(String(100))
    moved_to: Mapped[str | None] = mapped_column(String(64))  # another commit that the tag was seen on since (T-22)
    state: Mapped[str] = mapped_column(String(16))  # planned | tagged | released | published | refused
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
