"""The simulated GitHub as one value: store, git folder, clock, addresses, ledger.

It knows who owns what; it holds no route and no rule of a single resource.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .git.repository import Repository
from .store import Row, Store


@dataclass(frozen=True)
class RefChange:
    """One ref that moved; `old` or `new` is None when it was born or deleted. `sender` is a users row."""

    ref: str
    old: str | None
    new: str | None
    sender: Row
    pusher_app: int | None = None

    @property
    def branch(self) -> str | None:
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None

    @property
    def tag(self) -> str | None:
        return self.ref.removeprefix("refs/tags/") if self.ref.startswith("refs/tags/") else None


class World:
    def __init__(self, data_dir: Path, web: str = "http://127.0.0.1:0") -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.web = web
        self.store = Store(data_dir / "github.sqlite3")
        self.after_push: list[Callable[[World, Row, RefChange], None]] = []
        self.on_emit: Callable[[str, str | None, dict[str, Any]], None] | None = None
        self._repositories: dict[int, Repository] = {}

    @property
    def api(self) -> str:
        return f"{self.web}/api/v3"

    # --- clock: real time plus what a test has added

    def time(self) -> float:
        row = self.store.first("SELECT value FROM counters WHERE name = 'clock_offset'")
        return time.time() + (row["value"] if row else 0)

    def now(self) -> str:
        return self.stamp(self.time())

    @staticmethod
    def stamp(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def advance(self, seconds: int) -> None:
        self.store.execute("INSERT OR IGNORE INTO counters VALUES ('clock_offset', 0)")
        self.store.execute("UPDATE counters SET value = value + ? WHERE name = 'clock_offset'", seconds)

    # --- looking things up

    def user(self, login: str) -> Row | None:
        return self.store.first("SELECT * FROM users WHERE login = ?", login)

    def owner(self, repo: Row) -> Row:
        return self.store.must("users", repo["owner_id"])

    def full_name(self, repo: Row) -> str:
        return f"{self.owner(repo)['login']}/{repo['name']}"

    def repository(self, owner: str, name: str) -> Row | None:
        return self.store.first(
            "SELECT r.* FROM repositories r JOIN users u ON u.id = r.owner_id WHERE u.login = ? AND r.name = ?",
            owner,
            name,
        )

    def git(self, repo: Row) -> Repository:
        if repo["id"] not in self._repositories:
            self._repositories[repo["id"]] = Repository(self.git_dir(repo["id"]))
        return self._repositories[repo["id"]]

    def git_dir(self, repo_id: int) -> Path:
        return self.data_dir / "git" / f"{repo_id}.git"

    def forget_git(self, repo_id: int) -> None:
        self._repositories.pop(repo_id, None)

    def app(self) -> Row | None:
        return self.store.first("SELECT * FROM apps ORDER BY id LIMIT 1")

    def installation_of(self, owner_id: int) -> Row | None:
        return self.store.first("SELECT * FROM installations WHERE account_id = ?", owner_id)

    def installed_on(self, installation: Row, repo: Row) -> bool:
        if installation["account_id"] != repo["owner_id"]:
            return False
        if installation["selection"] == "all":
            return True
        found = self.store.first(
            "SELECT 1 FROM installation_repositories WHERE installation_id = ? AND repo_id = ?",
            installation["id"],
            repo["id"],
        )
        return found is not None

    def repositories_of(self, installation: Row) -> list[Row]:
        rows = self.store.all("SELECT * FROM repositories WHERE owner_id = ? ORDER BY id", installation["account_id"])
        return [row for row in rows if self.installed_on(installation, row)]

    def take_number(self, repo_id: int) -> int:
        """The next number of the line that issues and pull requests share."""
        number = int(self.store.must("repositories", repo_id)["next_number"])
        self.store.update("repositories", repo_id, next_number=number + 1)
        return number

    # --- node ids: opaque outside, readable here

    @staticmethod
    def node_id(kind: str, row_id: int) -> str:
        return f"{kind}_kwDO{row_id:08d}"

    @staticmethod
    def from_node_id(kind: str, text: object) -> int | None:
        found = re.fullmatch(rf"{kind}_kwDO(\d{{8,12}})", text) if isinstance(text, str) else None
        return int(found[1]) if found else None

    # --- what happened

    def record(self, actor: str, kind: str, subject: str, detail: dict[str, Any]) -> None:
        self.store.execute(
            "INSERT INTO ledger (at, actor, kind, subject, detail_json) VALUES (?, ?, ?, ?, ?)",
            self.now(), actor, kind, subject, json.dumps(detail),
        )  # fmt: skip
