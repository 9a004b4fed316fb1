"""People at the simulated GitHub, and what the database tells about what became of their comments. Reads only."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import func, select

from bench.deliveries import Place
from bot.models import Installation, Request
from core.db import Database
from core.errors import UserError
from terrasmith.up import Addresses
from terrasmith.visitor import GitHubVisitor

Found = TypeVar("Found")

_LOOK_SECONDS = 0.02


@contextmanager
def database_of(found: Addresses) -> Iterator[Database]:
    """The running system's database."""
    database = Database(f"sqlite:///{Path(found.data_dir) / 'terrasmith.db'}")
    try:
        yield database
    finally:
        database.dispose()


def webhook_secret(found: Addresses) -> str:
    """What the simulated GitHub signs with."""
    kept = json.loads((Path(found.data_dir) / "local.json").read_text(encoding="utf-8"))
    return str(kept["webhook_secret"])


def open_issue(visitor: GitHubVisitor, found: Addresses) -> int:
    """The number of a new issue."""
    body = {"title": "A bench mark", "body": "Carved here to measure against."}
    return int(visitor.post(f"/repos/{found.repository}/issues", body)["number"])


def say(visitor: GitHubVisitor, found: Addresses, issue: int, text: str) -> dict[str, Any]:
    """Comment, and return the comment."""
    answer: dict[str, Any] = visitor.post(f"/repos/{found.repository}/issues/{issue}/comments", {"body": text})
    return answer


def place_of(visitor: GitHubVisitor, found: Addresses, database: Database, issue: int) -> Place:
    """Where that issue is, by its numbers."""
    author = visitor.get(f"/users/{found.writer.login}")
    with database.read() as session:
        installation_id = session.scalar(select(Installation.id))
    assert installation_id is not None
    repository_id = visitor.get(f"/repos/{found.repository}")["id"]
    return Place(installation_id, repository_id, found.repository, issue, author["id"], author["login"])


def make_comments(found: Addresses, issue: int, many: int) -> list[int]:
    """Comments that command nothing; their ids."""

    def make(count: int) -> list[int]:
        visitor = GitHubVisitor(found.github_url, found.writer.token)
        return [int(say(visitor, found, issue, "Noted.")["id"]) for _ in range(count)]

    with ThreadPoolExecutor(4) as pool:
        return [one for part in pool.map(make, [-(-many // 4)] * 4) for one in part]


def answered(database: Database) -> int:
    """How many requests have had their reply."""
    with database.read() as session:
        return int(session.scalar(select(func.count()).select_from(Request).where(Request.state == "answered")) or 0)


def until(look: Callable[[], Found | None], what: str, seconds: float = 120.0) -> Found:
    """Look every 20 ms until there is something; UserError names what never came."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise UserError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(_LOOK_SECONDS)
    return found
