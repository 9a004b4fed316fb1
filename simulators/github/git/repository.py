"""One bare repository: paths in trees, commits on commits, history walks; git starts only for what git does best."""

from __future__ import annotations

import heapq
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from .objects import FILE_MODE, TREE_MODE, Commit, Entry, MissingObjectError, Objects
from .refs import Refs

CONFIG = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
[gc]
\tauto = 0
[receive]
\tautogc = false
\tunpackLimit = 1000000
\thideRefs = refs/pull
\tdenyCurrentBranch = ignore
\tdenyDeleteCurrent = refuse
[http]
\treceivepack = true
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
"""
# Runs inside git's quarantine, so a refused push leaves nothing behind.
PRE_RECEIVE = """#!/bin/sh
[ -n "$SIMULATOR_REFUSE_WORKFLOWS" ] || exit 0
none=0000000000000000000000000000000000000000
while read -r old new ref; do
  [ "$new" = $none ] && continue
  [ "$old" = $none ] && old=$(git rev-parse -q --verify HEAD || git hash-object -t tree /dev/null)
  if [ -n "$(git diff --name-only "$old" "$new" -- .github/workflows)" ]; then
    echo "refusing to allow a GitHub App to create or update workflows on $ref without \\`workflows\\` permission" >&2
    exit 1
  fi
done
"""
# Nothing of the machine's own git configuration may change what the simulator answers.
ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


class Repository:
    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir
        self.objects = Objects(git_dir)
        self.refs = Refs(git_dir)

    @classmethod
    def create(cls, git_dir: Path, default_branch: str) -> Repository:
        for folder in ("objects/pack", "objects/info", "refs/heads", "refs/tags", "info", "hooks"):
            (git_dir / folder).mkdir(parents=True, exist_ok=True)
        (git_dir / "config").write_text(CONFIG, "utf-8")
        hook = git_dir / "hooks" / "pre-receive"
        hook.write_text(PRE_RECEIVE, "utf-8")
        hook.chmod(0o755)
        repository = cls(git_dir)
        repository.set_head(default_branch)
        return repository

    def set_head(self, branch: str) -> None:
        (self.git_dir / "HEAD").write_text(f"ref: refs/heads/{branch}\n", "utf-8")

    @property
    def empty(self) -> bool:
        return not self.refs.all("refs/heads/")

    def run(self, *arguments: str, path: str) -> bytes:
        environment = {**ENVIRONMENT, "PATH": path}
        return subprocess.run(
            ["git", *arguments], cwd=self.git_dir, env=environment, capture_output=True, check=True
        ).stdout

    # --- names

    def resolve(self, name: str) -> str | None:
        """The commit that a branch, a tag, a full ref or a (shortened) commit sha names."""
        for ref in (name, f"refs/{name}", f"refs/heads/{name}", f"refs/tags/{name}"):
            sha = self.refs.get(ref)
            if sha:
                return self.peel(sha)
        if len(name) == 40 and self.objects.has(name):
            return self.peel(name)
        if 4 <= len(name) < 40:
            return self._abbreviated(name)
        return None

    def _abbreviated(self, name: str) -> str | None:
        try:
            int(name, 16)
        except ValueError:
            return None
        folder = self.git_dir / "objects" / name[:2]
        found = [entry.name for entry in folder.glob(f"{name[2:]}*")] if folder.is_dir() else []
        return self.peel(name[:2] + found[0]) if len(found) == 1 else None

    def peel(self, sha: str) -> str | None:
        """The commit behind a sha, through tags; None when it names no commit."""
        kind, _ = self.objects.read(sha)
        while kind == "tag":
            sha = self.objects.tag(sha).object
            kind, _ = self.objects.read(sha)
        return sha if kind == "commit" else None

    # --- trees

    def files(self, tree: str, prefix: str = "") -> dict[str, Entry]:
        """Every file below a tree by its full path."""
        found: dict[str, Entry] = {}
        for entry in self.objects.tree(tree):
            path = prefix + entry.name
            if entry.mode == TREE_MODE:
                found.update(self.files(entry.sha, path + "/"))
            else:
                found[path] = entry
        return found

    def entry(self, tree: str, path: str) -> Entry | None:
        """The entry at a path; the root is a tree entry without a name."""
        current = Entry(TREE_MODE, "", tree)
        for part in [part for part in path.split("/") if part]:
            if current.mode != TREE_MODE:
                return None
            found = [entry for entry in self.objects.tree(current.sha) if entry.name == part]
            if not found:
                return None
            current = found[0]
        return current

    def edit(self, tree: str | None, changes: Mapping[str, tuple[str, str] | None]) -> str:
        """A new tree: each path set to (mode, sha) or, with None, removed."""
        here: dict[str, Entry] = {entry.name: entry for entry in self.objects.tree(tree)} if tree else {}
        deeper: dict[str, dict[str, tuple[str, str] | None]] = {}
        for path, change in changes.items():
            name, slash, rest = path.partition("/")
            if slash:
                deeper.setdefault(name, {})[rest] = change
            elif change is None:
                here.pop(name, None)
            else:
                here[name] = Entry(change[0], name, change[1])
        for name, below in deeper.items():
            old = here.get(name)
            new = self.edit(old.sha if old and old.mode == TREE_MODE else None, below)
            if self.objects.tree(new):
                here[name] = Entry(TREE_MODE, name, new)
            else:
                here.pop(name, None)
        return self.objects.write_tree(here.values())

    def write_files(self, tree: str | None, files: Mapping[str, bytes | None]) -> str:
        """Contents in, tree out; a file that was executable stays so."""
        changes: dict[str, tuple[str, str] | None] = {}
        for path, data in files.items():
            old = self.entry(tree, path) if tree else None
            mode = old.mode if old and old.type == "blob" else FILE_MODE
            changes[path] = None if data is None else (mode, self.objects.write("blob", data))
        return self.edit(tree, changes)

    # --- history

    def log(self, tip: str, stop: frozenset[str] = frozenset()) -> Iterator[Commit]:
        """Commits from `tip` backwards, newest first, without `stop`."""
        seen = {tip}
        heap: list[tuple[int, int, str]] = []
        order = 0
        if tip not in stop:
            heapq.heappush(heap, (-self.objects.commit(tip).committer.time, order, tip))
        while heap:
            commit = self.objects.commit(heapq.heappop(heap)[2])
            yield commit
            for parent in commit.parents:
                if parent not in seen and parent not in stop:
                    seen.add(parent)
                    order += 1
                    heapq.heappush(heap, (-self.objects.commit(parent).committer.time, order, parent))

    def ancestors(self, tip: str) -> frozenset[str]:
        return frozenset(commit.sha for commit in self.log(tip))

    def between(self, base: str, head: str) -> list[Commit]:
        """Commits of `head` that `base` lacks, oldest first and parents before children."""
        known = self.ancestors(base)
        wanted = {commit.sha: commit for commit in self.log(head, known) if commit.sha not in known}
        done: dict[str, Commit] = {}
        stack = [head] if head in wanted else []
        while stack:
            commit = wanted[stack[-1]]
            waiting = [parent for parent in commit.parents if parent in wanted and parent not in done]
            if waiting:
                stack.extend(waiting)
            else:
                done[stack.pop()] = commit
        return list(done.values())

    def merge_base(self, one: str, other: str) -> str | None:
        if one == other:
            return one
        known = self.ancestors(one)
        for commit in self.log(other):
            if commit.sha in known:
                return commit.sha
        return None

    def is_ancestor(self, old: str, new: str) -> bool:
        try:
            return any(commit.sha == old for commit in self.log(new))
        except MissingObjectError:
            return False
