"""The configuration file: app, organisations, users, repositories. Read once, refused when wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

DEFAULT_PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
    "administration": "write",
    "members": "read",
}
DEFAULT_EVENTS = (
    "issue_comment", "issues", "pull_request", "pull_request_review", "pull_request_review_comment", "check_run",
    "check_suite", "push", "create", "delete", "release", "repository", "label",
)  # fmt: skip
ROLES = ("none", "read", "triage", "write", "maintain", "admin")


class ConfigError(ValueError):
    """The configuration file cannot be used; the text says which value and what it must be."""


@dataclass(frozen=True)
class AppConfig:
    id: int
    client_id: str
    slug: str
    name: str
    public_key: str
    webhook_url: str | None
    webhook_secret: str | None
    permissions: Mapping[str, str]
    events: tuple[str, ...]


@dataclass(frozen=True)
class OrganisationConfig:
    login: str
    installed: bool = False
    selection: str = "all"
    permissions: Mapping[str, str] | None = None
    members: Mapping[str, str] = field(default_factory=dict)
    type: str = "Organization"


@dataclass(frozen=True)
class UserConfig:
    login: str
    token: str | None
    installed: bool
    name: str | None
    email: str | None


@dataclass(frozen=True)
class RepositoryConfig:
    owner: str
    name: str
    private: bool
    description: str | None
    collaborators: Mapping[str, str]
    issues: tuple[Mapping[str, Any], ...]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Config:
    app: AppConfig | None
    organisations: tuple[OrganisationConfig, ...]
    users: tuple[UserConfig, ...]
    repositories: tuple[RepositoryConfig, ...]


def load(path: Path) -> Config:
    return parse(json.loads(path.read_text("utf-8")), path.parent)


def parse(data: Mapping[str, Any], folder: Path = Path()) -> Config:
    app = data.get("app")
    return Config(
        app=_app(app, folder) if app else None,
        organisations=tuple(_organisation(item) for item in data.get("organisations", ())),
        users=tuple(
            UserConfig(
                item["login"], item.get("token"), bool(item.get("installed")), item.get("name"), item.get("email")
            )
            for item in data.get("users", ())
        ),
        repositories=tuple(_repository(item) for item in data.get("repositories", ())),
    )


def _app(item: Mapping[str, Any], folder: Path) -> AppConfig:
    return AppConfig(
        id=int(item.get("id", 1)),
        client_id=item.get("client_id", "Iv1.simulated"),
        slug=item.get("slug", "terrasmith"),
        name=item.get("name", "Terrasmith"),
        public_key=_public_key(item, folder),
        webhook_url=item.get("webhook_url"),
        webhook_secret=item.get("webhook_secret"),
        permissions={"metadata": "read", **(item.get("permissions") or DEFAULT_PERMISSIONS)},
        events=tuple(item.get("events") or DEFAULT_EVENTS),
    )


def _public_key(item: Mapping[str, Any], folder: Path) -> str:
    """GitHub keeps only the public half; so do we, whichever half the file gives."""
    text = item.get("private_key") or item.get("public_key")
    if not text:
        raise ConfigError("app.private_key: expected a PEM key or the path of one")
    if "-----BEGIN" not in text:
        text = (folder / text).read_text("ascii")
    if "PUBLIC KEY" in text:
        return str(text)
    key = serialization.load_pem_private_key(text.encode("ascii"), password=None)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.decode("ascii")


def _roles(item: Mapping[str, str], where: str) -> Mapping[str, str]:
    for login, role in item.items():
        if role not in ROLES:
            raise ConfigError(f"{where}.{login}: expected one of {', '.join(ROLES)}, got {role!r}")
    return dict(item)


def _organisation(item: Mapping[str, Any]) -> OrganisationConfig:
    selection = item.get("repository_selection", "all")
    if selection not in ("all", "selected"):
        raise ConfigError(f"organisations.{item['login']}.repository_selection: expected all or selected")
    return OrganisationConfig(
        login=item["login"],
        installed=bool(item.get("installed")),
        selection=selection,
        permissions=item.get("permissions"),
        members=_roles(item.get("members", {}), f"organisations.{item['login']}.members"),
    )


def _repository(item: Mapping[str, Any]) -> RepositoryConfig:
    owner, slash, name = str(item["full_name"]).partition("/")
    if not slash or not owner or not name:
        raise ConfigError(f"repositories: full_name must be OWNER/NAME, got {item['full_name']!r}")
    return RepositoryConfig(
        owner=owner,
        name=name,
        private=bool(item.get("private")),
        description=item.get("description"),
        collaborators=_roles(item.get("collaborators", {}), f"repositories.{item['full_name']}.collaborators"),
        issues=tuple(item.get("issues", ())),
        files=dict(item.get("files") or {"README.md": f"# {name}\n"}),
    )
