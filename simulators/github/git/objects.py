"""Git objects as values, and a loose-object store that needs no process: a blob costs a hash and a file.

It reads packed objects through `git cat-file`; pushes are unpacked on arrival, so that is the rare case.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SHA = re.compile(r"[0-9a-f]{40}")
TREE_MODE, FILE_MODE = "40000", "100644"
MODES = ("100644", "100755", "120000", "160000", "40000")


class MissingObjectError(LookupError):
    """No object of that name (or not of the wanted kind) is in the repository."""


@dataclass(frozen=True)
class Signature:
    name: str
    email: str
    time: int
    zone: str = "+0000"

    def __str__(self) -> str:
        return f"{self.name} <{self.email}> {self.time} {self.zone}"

    @classmethod
    def parse(cls, text: str) -> Signature:
        found = re.fullmatch(r"(.*?) ?<(.*?)> (-?\d+) ([+-]\d{4})", text)
        return cls(found[1], found[2], int(found[3]), found[4]) if found else cls(text, "", 0)


@dataclass(frozen=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True)
class Tag:
    sha: str
    object: str
    type: str
    name: str
    tagger: Signature
    message: str


@dataclass(frozen=True)
class Entry:
    mode: str
    name: str
    sha: str

    @property
    def type(self) -> str:
        return {"40000": "tree", "160000": "commit"}.get(self.mode, "blob")


class Objects:
    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir
        # Objects never change under their name, so remembering them is safe.
        self._read = lru_cache(maxsize=2048)(self._load)

    def write(self, kind: str, data: bytes) -> str:
        body = f"{kind} {len(data)}\0".encode() + data
        sha = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        path = self._path(sha)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="tmp_obj_")
            with os.fdopen(handle, "wb") as file:
                file.write(zlib.compress(body, 1))
            Path(temporary).chmod(0o444)
            Path(temporary).replace(path)
        return sha

    def read(self, sha: str, kind: str | None = None) -> tuple[str, bytes]:
        found = self._read(sha)
        if kind is not None and found[0] != kind:
            raise MissingObjectError(f"{sha} is a {found[0]}, not a {kind}")
        return found

    def has(self, sha: str, kind: str | None = None) -> bool:
        try:
            self.read(sha, kind)
        except MissingObjectError:
            return False
        return True

    def _path(self, sha: str) -> Path:
        return self.git_dir / "objects" / sha[:2] / sha[2:]

    def _load(self, sha: str) -> tuple[str, bytes]:
        if not SHA.fullmatch(sha):
            raise MissingObjectError(sha)
        try:
            body = zlib.decompress(self._path(sha).read_bytes())
        except FileNotFoundError:
            return self._load_packed(sha)
        header, _, data = body.partition(b"\0")
        return header.split(b" ")[0].decode(), data

    def _load_packed(self, sha: str) -> tuple[str, bytes]:
        if not any((self.git_dir / "objects" / "pack").glob("*.pack")):
            raise MissingObjectError(sha)
        answer = subprocess.run(
            ["git", "cat-file", "--batch"], cwd=self.git_dir, input=f"{sha}\n".encode(), capture_output=True, check=True
        ).stdout
        header, _, rest = answer.partition(b"\n")
        fields = header.decode().split(" ")
        if fields[-1] == "missing" or len(fields) != 3:
            raise MissingObjectError(sha)
        return fields[1], rest[: int(fields[2])]

    # --- kinds

    def blob(self, sha: str) -> bytes:
        return self.read(sha, "blob")[1]

    def tree(self, sha: str) -> tuple[Entry, ...]:
        data, entries, position = self.read(sha, "tree")[1], [], 0
        while position < len(data):
            space = data.index(b" ", position)
            end = data.index(b"\0", space)
            name = data[space + 1 : end].decode("utf-8", "surrogateescape")
            entries.append(Entry(data[position:space].decode(), name, data[end + 1 : end + 21].hex()))
            position = end + 21
        return tuple(entries)

    def commit(self, sha: str) -> Commit:
        headers, message = _headers(self.read(sha, "commit")[1])
        return Commit(
            sha=sha,
            tree=headers["tree"][0],
            parents=tuple(headers.get("parent", ())),
            author=Signature.parse(headers["author"][0]),
            committer=Signature.parse(headers["committer"][0]),
            message=message,
        )

    def tag(self, sha: str) -> Tag:
        headers, message = _headers(self.read(sha, "tag")[1])
        tagger = Signature.parse(headers.get("tagger", [" <> 0 +0000"])[0])
        return Tag(sha, headers["object"][0], headers["type"][0], headers["tag"][0], tagger, message)

    def write_tree(self, entries: Iterable[Entry]) -> str:
        ordered = sorted(entries, key=lambda entry: entry.name + ("/" if entry.mode == TREE_MODE else ""))
        data = b"".join(
            entry.mode.encode()
            + b" "
            + entry.name.encode("utf-8", "surrogateescape")
            + b"\0"
            + bytes.fromhex(entry.sha)
            for entry in ordered
        )
        return self.write("tree", data)

    def write_commit(
        self, tree: str, parents: Sequence[str], author: Signature, committer: Signature, message: str
    ) -> str:
        lines = [
            f"tree {tree}",
            *(f"parent {parent}" for parent in parents),
            f"author {author}",
            f"committer {committer}",
        ]
        text = message if message.endswith("\n") else message + "\n"
        return self.write("commit", ("\n".join(lines) + "\n\n" + text).encode("utf-8", "surrogateescape"))

    def write_tag(self, target: str, kind: str, name: str, tagger: Signature, message: str) -> str:
        text = message if message.endswith("\n") else message + "\n"
        return self.write("tag", f"object {target}\ntype {kind}\ntag {name}\ntagger {tagger}\n\n{text}".encode())


def _headers(data: bytes) -> tuple[dict[str, list[str]], str]:
    head, _, message = data.decode("utf-8", "surrogateescape").partition("\n\n")
    headers: dict[str, list[str]] = {}
    for line in head.split("\n"):
        if not line.startswith(" "):
            name, _, value = line.partition(" ")
            headers.setdefault(name, []).append(value)
    return headers, message
