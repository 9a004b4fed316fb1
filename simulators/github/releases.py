"""What happens to releases: drafts hold no tag, publishing makes one, and which webhooks tell about it.

It knows no HTTP; immutable releases are not simulated, so `immutable` is always false.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .access import has_role
from .call import ApiError, Call, invalid, not_found
from .git.refs import good_name
from .payloads import releases as shown
from .pushing import create_ref
from .store import Row

BODY_LIMIT = 125_000
LATEST = ("true", "false", "legacy")


def create(call: Call, body: Mapping[str, Any]) -> Row:
    values = _values(call, body)
    if "tag_name" not in values:
        raise invalid("Release", "tag_name", "missing_field")
    _check_tag(call, values["tag_name"], published=not values.get("draft"), but=None)
    if body.get("generate_release_notes"):
        values["body"] = "\n\n".join([*filter(None, [values.get("body")]), notes(call, values["tag_name"])])
    values.setdefault("target_commitish", call.repo["default_branch"])
    row = call.store.insert(
        "releases",
        repo_id=call.repo["id"],
        author_id=call.user["id"],
        created_at=call.now,
        updated_at=call.now,
        **values,
    )
    call.effect("release.created", f"{call.repo_name}@{row['tag_name']}", draft=bool(row["draft"]))
    if row["draft"]:
        _emit(call, "created", row)
        return row
    return _publish(call, row, new=True)


def update(call: Call, row: Row, body: Mapping[str, Any]) -> Row:
    values = _values(call, body)
    draft = bool(values.get("draft", row["draft"]))
    if "tag_name" in values or (row["draft"] and not draft):
        _check_tag(call, str(values.get("tag_name", row["tag_name"])), published=not draft, but=row["id"])
    before = {
        name: {"from": row[name] or ""}
        for name in ("name", "body", "tag_name")
        if values.get(name, row[name]) != row[name]
    }
    changed = call.store.update("releases", row["id"], updated_at=call.now, **values)
    call.effect("release.updated", f"{call.repo_name}@{changed['tag_name']}", draft=draft)
    if row["draft"] and not draft:
        return _publish(call, changed, new=False)
    if not row["draft"] and draft:
        _emit(call, "unpublished", changed)
        return changed
    if not draft:
        _ensure_tag(call, changed)
        if row["prerelease"] and not changed["prerelease"]:
            _emit(call, "released", changed)
    _emit(call, "edited", changed, changes=before)
    return changed


def delete(call: Call, row: Row) -> None:
    """The tag stays, as on GitHub."""
    _emit(call, "deleted", row)
    call.effect("release.deleted", f"{call.repo_name}@{row['tag_name']}")
    call.store.execute("DELETE FROM assets WHERE release_id = ?", row["id"])
    call.store.execute("DELETE FROM reactions WHERE subject = 'release' AND subject_id = ?", row["id"])
    call.store.delete("releases", row["id"])


def find(call: Call, release_id: int) -> Row:
    row = call.store.get("releases", release_id)
    if row is None or row["repo_id"] != call.repo["id"] or (row["draft"] and not sees_drafts(call)):
        raise not_found()
    return row


def by_tag(call: Call, tag: str) -> Row:
    """A draft is never found by its tag: it has none yet."""
    sql = "SELECT * FROM releases WHERE repo_id = ? AND tag_name = ? AND draft = 0"
    row = call.store.first(sql, call.repo["id"], tag)
    if row is None:
        raise not_found()
    return row


def listed(call: Call) -> list[Row]:
    rows = call.store.all("SELECT * FROM releases WHERE repo_id = ? ORDER BY id DESC", call.repo["id"])
    return rows if sees_drafts(call) else [row for row in rows if not row["draft"]]


def latest(call: Call) -> Row | None:
    rows = [row for row in listed(call) if not row["draft"] and not row["prerelease"] and row["make_latest"] != "false"]
    return max(rows, key=lambda row: (row["published_at"], row["id"]), default=None)


def sees_drafts(call: Call) -> bool:
    if call.actor.user is None:
        return False
    if call.app_id is not None:
        return call.actor.permissions.get("contents") == "write"
    return has_role(call.world, call.repo, call.user, "write")


def notes(call: Call, tag: str) -> str:
    return f"**Full Changelog**: {call.world.web}/{call.repo_name}/commits/{tag}"


def _values(call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in ("tag_name", "target_commitish", "name", "body"):
        if body.get(name) is not None:
            values[name] = call.text(name, "Release")
    for name in ("draft", "prerelease"):
        if body.get(name) is not None:
            if not isinstance(body[name], bool):
                raise invalid("Release", name)
            values[name] = int(body[name])
    if body.get("make_latest") is not None:
        if body["make_latest"] not in LATEST:
            raise invalid("Release", "make_latest")
        values["make_latest"] = body["make_latest"]
    if body.get("discussion_category_name") is not None:
        raise ApiError(501, "discussions are not simulated")
    if len(values.get("body", "")) > BODY_LIMIT:
        raise invalid("Release", "body", "custom", f"body is too long (maximum is {BODY_LIMIT} characters)")
    return values


def _check_tag(call: Call, tag: str, *, published: bool, but: int | None) -> None:
    if not tag or not good_name(f"refs/tags/{tag}"):
        raise invalid("Release", "tag_name", "custom", "tag_name is not well-formed")
    sql = "SELECT id FROM releases WHERE repo_id = ? AND tag_name = ? AND draft = 0 AND id IS NOT ?"
    if published and call.store.first(sql, call.repo["id"], tag, but):
        raise invalid("Release", "tag_name", "already_exists")


def _publish(call: Call, row: Row, *, new: bool) -> Row:
    _ensure_tag(call, row)
    row = call.store.update("releases", row["id"], draft=0, published_at=call.now)
    call.effect("release.published", f"{call.repo_name}@{row['tag_name']}")
    if new:
        _emit(call, "created", row)
    _emit(call, "published", row)
    _emit(call, "prereleased" if row["prerelease"] else "released", row)
    return row


def _ensure_tag(call: Call, row: Row) -> None:
    ref = f"refs/tags/{row['tag_name']}"
    if call.git.refs.get(ref):
        return
    if call.git.empty:
        raise ApiError(422, "Validation Failed", errors=["Repository is empty."])
    sha = call.git.resolve(row["target_commitish"])
    if sha is None:
        raise invalid("Release", "target_commitish")
    create_ref(call, ref, sha)


def _emit(call: Call, action: str, row: Row, **more: Any) -> None:
    call.emit("release", action, release=shown.release(call.world, row), **more)
