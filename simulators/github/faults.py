"""Fault switches: what goes wrong for the next N matching requests or deliveries. It breaks nothing unless told to."""

from __future__ import annotations

import re
from typing import Any

from .call import ApiError
from .store import Row
from .world import World

REQUEST_KINDS = (
    "502-before",
    "502-after",
    "secondary-limit",
    "secondary-limit-bare",
    "primary-limit",
    "slow",
    "not-found",
    "empty-repository",
)
DELIVERY_KINDS = ("lost-delivery", "duplicate-delivery")
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)


def add(world: World, body: dict[str, Any]) -> Row:
    kind = body.get("kind")
    if kind not in (*REQUEST_KINDS, *DELIVERY_KINDS):
        raise ApiError(422, f"kind: one of {', '.join((*REQUEST_KINDS, *DELIVERY_KINDS))}")
    try:
        re.compile(body.get("path") or "")
    except re.error as error:
        raise ApiError(422, f"path: not a regular expression: {error}") from None
    return world.store.insert(
        "faults", kind=kind, method=body.get("method"), path=body.get("path"), event=body.get("event"),
        remaining=int(body.get("times", 1)), seconds=float(body.get("seconds", 1)),
    )  # fmt: skip


def take_request(world: World, method: str, path: str) -> Row | None:
    """The first switch that fits this request, counted down."""
    for row in world.store.all("SELECT * FROM faults WHERE remaining > 0 ORDER BY id"):
        fits = row["kind"] in REQUEST_KINDS and row["method"] in (None, method)
        if fits and re.search(row["path"] or "", path):
            return world.store.update("faults", row["id"], remaining=row["remaining"] - 1)
    return None


def take_delivery(world: World, event: str) -> Row | None:
    for row in world.store.all("SELECT * FROM faults WHERE remaining > 0 ORDER BY id"):
        if row["kind"] in DELIVERY_KINDS and row["event"] in (None, event):
            return world.store.update("faults", row["id"], remaining=row["remaining"] - 1)
    return None


def refuse(world: World, fault: Row) -> ApiError | None:
    """The error a switch answers instead of the work, or None when the work is done first."""
    kind = fault["kind"]
    if kind == "502-before":
        return ApiError(502, "Server Error")
    if kind == "secondary-limit":
        return ApiError(403, SECONDARY, headers={"retry-after": str(int(fault["seconds"]))})
    if kind == "secondary-limit-bare":
        return ApiError(403, SECONDARY)
    if kind == "not-found":  # a repository that was born a moment ago and is not everywhere yet
        return ApiError(404, "Not Found")
    if kind == "empty-repository":
        return ApiError(409, "Git Repository is empty.")
    if kind == "primary-limit":
        reset = str(int(world.time() + fault["seconds"]))
        return ApiError(
            403, "API rate limit exceeded", headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        )
    return None
