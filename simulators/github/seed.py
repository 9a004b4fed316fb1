"""Turns the configuration into rows, at every start: what exists stays as it is, what is new is added.

The app's webhook address and secret always follow the configuration, because ports may change between starts.
"""

from __future__ import annotations

import json
from typing import Any

from .config import AppConfig, Config, OrganisationConfig, RepositoryConfig
from .git.objects import Signature
from .organisations import install
from .repository_birth import create_repository
from .store import Row
from .world import World


def seed(world: World, config: Config) -> None:
    with world.store.transaction():
        for user in config.users:
            row = world.user(user.login) or _account(world, user.login, "User", name=user.name, email=user.email)
            if user.token:
                world.store.put("tokens", token=user.token, kind="user", user_id=row["id"])
        for organisation in config.organisations:
            _organisation(world, organisation)
        for repository in config.repositories:
            if world.repository(repository.owner, repository.name) is None:
                _repository(world, repository)
        if config.app:
            app = _app(world, config.app)
            installed = [*(one for one in config.organisations if one.installed)]
            installed += [OrganisationConfig(one.login, True, type="User") for one in config.users if one.installed]
            for one in installed:
                _installation(world, app, config.app, one)


def _account(world: World, login: str, kind: str, **values: Any) -> Row:
    return world.store.insert("users", login=login, type=kind, created_at=world.now(), **values)


def _organisation(world: World, config: OrganisationConfig) -> None:
    row = world.user(config.login) or _account(world, config.login, "Organization", name=config.login)
    for login, role in config.members.items():
        member = world.user(login) or _account(world, login, "User")
        world.store.put("members", org_id=row["id"], user_id=member["id"], role=role)


def _app(world: World, config: AppConfig) -> Row:
    values = {
        "client_id": config.client_id,
        "slug": config.slug,
        "name": config.name,
        "public_key": config.public_key,
        "webhook_url": config.webhook_url,
        "webhook_secret": config.webhook_secret,
        "permissions_json": json.dumps(dict(config.permissions)),
        "events_json": json.dumps(list(config.events)),
    }
    if world.store.get("apps", config.id):
        return world.store.update("apps", config.id, **values)
    maker = world.user("app-owner") or _account(world, "app-owner", "User")
    bot = _account(world, f"{config.slug}[bot]", "Bot")
    return world.store.insert(
        "apps",
        id=config.id,
        owner_id=maker["id"],
        bot_id=bot["id"],
        hook_id=world.store.next_id(),
        created_at=world.now(),
        **values,
    )


def _installation(world: World, app: Row, config: AppConfig, one: OrganisationConfig) -> None:
    account = world.user(one.login)
    assert account is not None
    if world.installation_of(account["id"]):
        return
    permissions = {"metadata": "read", **(one.permissions or config.permissions)}
    install(world, app, account, permissions, one.selection)


def _repository(world: World, config: RepositoryConfig) -> None:
    owner = world.user(config.owner) or _account(world, config.owner, "Organization")
    files = {path: text.encode("utf-8") for path, text in config.files.items()}
    author = Signature(config.owner, f"{config.owner}@users.noreply.github.com", int(world.time()))
    repo = create_repository(
        world, owner, config.name, private=config.private, description=config.description, files=files, author=author
    )
    for login, role in config.collaborators.items():
        user = world.user(login) or _account(world, login, "User")
        world.store.put("collaborators", repo_id=repo["id"], user_id=user["id"], role=role)
    for item in config.issues:
        author_row = world.user(item.get("user", config.owner)) or _account(world, item["user"], "User")
        now = world.now()
        world.store.insert(
            "issues", repo_id=repo["id"], number=world.take_number(repo["id"]), title=item["title"],
            body=item.get("body"),
            user_id=author_row["id"], created_at=now, updated_at=now,
        )  # fmt: skip
