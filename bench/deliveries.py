"""Signed webhook deliveries of an issue comment, as large as GitHub sends them. Every one is new."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench import wire

PATH = "/github/webhook"

# GitHub describes each user, issue and repository with dozens of addresses; about 12 kB in all.
_ADDRESSES = (
    "archive assignees blobs branches collaborators comments commits compare contents contributors deployments "
    "downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels "
    "languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags "
    "teams trees clone mirror"
)


@dataclass(frozen=True)
class Place:
    """Where the comments stand, by GitHub's own numbers."""

    installation_id: int = 1001
    repository_id: int = 2001
    repository: str = "acme/platform"
    issue: int = 1
    author_id: int = 3001
    author: str = "ada"


def deliveries(
    port: int, secret: str, text: str, place: Place = Place(), comments: Iterator[int] | None = None
) -> Callable[[], bytes]:
    """Makes the bytes of one delivery after another: the same text under another comment id each time."""
    ids = comments or count(secrets.randbelow(2**40) + 1)

    def make() -> bytes:
        body = json.dumps(comment(next(ids), text, place)).encode()
        return wire.post(port, PATH, headers(secret, body), body)

    return make


def headers(secret: str, body: bytes) -> dict[str, str]:
    """GitHub's headers, signature included."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/bench",
        "X-GitHub-Event": "issue_comment",
        "X-GitHub-Delivery": secrets.token_hex(16),
        "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
    }


def comment(comment_id: int, text: str, place: Place) -> dict[str, Any]:
    """The body of `issue_comment`, action created."""
    author = {"id": place.author_id, "login": place.author, "type": "User", **_addresses(f"users/{place.author}", 12)}
    home = f"repos/{place.repository}"
    return {
        "action": "created",
        "issue": {
            "id": 1,
            "number": place.issue,
            "title": "We need a bucket",
            "body": "See below.",
            "user": author,
            **_addresses(f"{home}/issues/{place.issue}", 8),
        },
        "comment": {"id": comment_id, "body": text, "user": author, **_addresses(f"{home}/issues/comments", 4)},
        "repository": {
            "id": place.repository_id,
            "full_name": place.repository,
            "default_branch": "main",
            "owner": author,
            **_addresses(home, 99),
        },
        "organization": {"login": place.repository.split("/")[0], **_addresses("orgs/acme", 8)},
        "sender": author,
        "installation": {"id": place.installation_id},
    }


def _addresses(below: str, many: int) -> dict[str, str]:
    return {f"{name}_url": f"https://api.github.example/{below}/{name}{{/id}}" for name in _ADDRESSES.split()[:many]}
