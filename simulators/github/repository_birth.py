"""How a repository comes to be: its row, its bare git repository, and a first commit when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from .git.objects import Signature
from .git.repository import Repository
from .store import Row
from .world import World

DEFAULT_LABELS = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("question", "d876e3", "Further information is requested"),
)


def create_repository(
    world: World,
    owner: Row,
    name: str,
    *,
    private: bool = False,
    description: str | None = None,
    homepage: str | None = None,
    settings_json: str = "{}",
    files: Mapping[str, bytes] | None = None,
    author: Signature | None = None,
) -> Row:
    """Without files the repository is empty, as GitHub's is without auto_init."""
    now = world.now()
    repo = world.store.insert(
        "repositories", owner_id=owner["id"], name=name, private=int(private), description=description,
        homepage=homepage,
        settings_json=settings_json, created_at=now, updated_at=now, pushed_at=now,
    )  # fmt: skip
    for label, color, text in DEFAULT_LABELS:
        world.store.insert("labels", repo_id=repo["id"], name=label, color=color, description=text, is_default=1)
    git = Repository.create(world.git_dir(repo["id"]), repo["default_branch"])
    if files and author:
        tree = git.write_files(None, files)
        sha = git.objects.write_commit(tree, [], author, web_flow(world), "Initial commit")
        git.refs.swap(f"refs/heads/{repo['default_branch']}", None, sha)
        world.store.put("signatures", repo_id=repo["id"], sha=sha, verified_at=now, user_id=owner["id"])
    return repo


def web_flow(world: World) -> Signature:
    """GitHub itself, the committer of what is made through its web page and GraphQL."""
    return Signature("GitHub", "noreply@github.com", int(world.time()))


def signature_of(world: World, user: Row) -> Signature:
    """The author line GitHub writes for an account: the noreply address that leads back to it."""
    address = user["email"] or f"{user['id']}+{user['login']}@users.noreply.github.com"
    return Signature(user["name"] or user["login"], address, int(world.time()))
