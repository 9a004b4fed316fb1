"""Git's smart HTTP, by `git http-backend`; a token is the password. It refuses the dumb protocol."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .access import ANONYMOUS, Actor, BadCredentialsError, authenticate, can_see, may, permitted
from .git.repository import ENVIRONMENT
from .ref_events import ZERO, refs_changed
from .store import Row
from .world import RefChange, World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PATH = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")


class GitHttp:
    def __init__(self, world: World) -> None:
        self.world = world

    def wants(self, scope: Scope) -> bool:
        return not scope["path"].startswith(("/api/", "/_simulator")) and bool(PATH.fullmatch(scope["path"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = PATH.fullmatch(scope["path"])
        assert found is not None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        body = await _body(receive)
        pushes = found[3] == "git-receive-pack" or "service=git-receive-pack" in query
        actor, repo, refused = self._admit(found[1], found[2], headers.get("authorization"), pushes=pushes)
        if refused or repo is None:
            await _answer(send, *(refused or (404, "Repository not found.")))
            return
        if found[3] == "info/refs" and "service=git-" not in query:
            await _answer(send, 403, "Please upgrade your git client.")
            return
        status, answer_headers, answer = await self._backend(scope, repo, found[3], query, headers, body, actor=actor)
        if found[3] == "git-receive-pack" and status == 200:
            self._received(repo, actor, body)
        await send({"type": "http.response.start", "status": status, "headers": answer_headers})
        await send({"type": "http.response.body", "body": answer})

    def _admit(
        self, owner: str, name: str, header: str | None, *, pushes: bool
    ) -> tuple[Actor, Row | None, tuple[int, str] | None]:
        """Git shows a hidden repository as absent, and asks for a password before it says so."""
        try:
            actor = authenticate(self.world, header)
        except BadCredentialsError:
            return ANONYMOUS, None, (401, "Bad credentials")
        repo = self.world.repository(owner, name)
        if repo is None or not can_see(self.world, actor, repo):
            return (
                actor,
                None,
                ((401, "Authentication required") if actor is ANONYMOUS else (404, "Repository not found.")),
            )
        if pushes:
            if actor.user is None:
                return actor, repo, (401, "Authentication required")
            if repo["archived"] or not may(self.world, actor, repo, "contents=write", "write"):
                return actor, repo, (403, f"Permission to {owner}/{name}.git denied to {actor.name}.")
        elif actor.kind == "installation" and not may(self.world, actor, repo, "contents=read", "read"):
            return actor, repo, (403, f"Permission to {owner}/{name}.git denied to {actor.name}.")
        return actor, repo, None

    async def _backend(
        self, scope: Scope, repo: Row, service: str, query: str, headers: dict[str, str], body: bytes, *, actor: Actor
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        environment = {
            **ENVIRONMENT,
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_PROJECT_ROOT": str(self.world.git_dir(repo["id"]).parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{repo['id']}.git/{service}",
            "REQUEST_METHOD": scope["method"],
            "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "simulated",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
            "GIT_PROTOCOL": headers.get("git-protocol", ""),
        }
        if actor.kind == "installation" and not permitted(actor.permissions, "workflows=write"):
            environment["SIMULATOR_REFUSE_WORKFLOWS"] = "1"
        process = await asyncio.create_subprocess_exec(
            "git", "http-backend", env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate(body)
        head, _, answer = output.partition(b"\r\n\r\n")
        status, pairs = 200, []
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b": ")
            if name.lower() == b"status":
                status = int(value.split(b" ")[0])
            elif name:
                pairs.append((name.lower(), value))
        return status, pairs, answer

    def _received(self, repo: Row, actor: Actor, body: bytes) -> None:
        refs = self.world.git(repo).refs
        changes = []
        assert actor.user is not None
        for old, new, ref in _commands(body):
            # Only what git has really done counts; a refused command left the ref alone.
            if refs.get(ref) == (None if new == ZERO else new) and old != new:
                changes.append(RefChange(ref, None if old == ZERO else old, None if new == ZERO else new, actor.user))
        with self.world.store.transaction():
            for change in changes:
                subject = f"{self.world.full_name(repo)}:{change.ref}"
                self.world.record(actor.name, "git.push", subject, {"before": change.old, "after": change.new})
            refs_changed(self.world, repo, changes)


def _commands(body: bytes) -> list[tuple[str, str, str]]:
    """The `old new ref` lines that open a push."""
    if body[:2] == b"\x1f\x8b":
        import gzip

        body = gzip.decompress(body)
    found, position = [], 0
    while position + 4 <= len(body):
        length = int(body[position : position + 4], 16)
        if length == 0:
            break
        line = body[position + 4 : position + length].split(b"\0")[0].decode("utf-8", "replace").rstrip("\n")
        parts = line.split(" ", 2)
        if len(parts) == 3 and len(parts[0]) == 40:
            found.append((parts[0], parts[1], parts[2]))
        position += length
    return found


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="GitHub"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode("utf-8")})
