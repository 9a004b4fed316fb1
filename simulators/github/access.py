"""Who is calling and what may they do: tokens, app JWTs, roles on repositories. It denies whatever it does not know."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field

import jwt

from .config import ROLES
from .store import Row
from .world import World

LEVELS = ("none", "read", "write", "admin")
MAX_JWT_SECONDS = 600
CLOCK_LEEWAY = 5


class BadCredentialsError(Exception):
    """401: the text is GitHub's own."""


@dataclass(frozen=True)
class Actor:
    """`user` is the bot user when an installation acts; `app` is set for a JWT only."""

    kind: str
    user: Row | None = None
    installation: Row | None = None
    app: Row | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repositories: frozenset[int] | None = None

    @property
    def name(self) -> str:
        if self.user is not None:
            return str(self.user["login"])
        return str(self.app["slug"]) if self.app else "anonymous"


ANONYMOUS = Actor("anonymous")


def authenticate(world: World, header: str | None) -> Actor:
    """Raises BadCredentialsError for a credential that is given but not good."""
    if not header:
        return ANONYMOUS
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        value = _basic_password(value)
    elif scheme.lower() not in ("bearer", "token"):
        raise BadCredentialsError("Bad credentials")
    if value.count(".") == 2 and not value.startswith("gh"):
        return _app_actor(world, value)
    return _token_actor(world, value)


def _basic_password(value: str) -> str:
    try:
        user, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise BadCredentialsError("Bad credentials") from None
    return password if password not in ("", "x-oauth-basic") else user


def _token_actor(world: World, token: str) -> Actor:
    row = world.store.first("SELECT * FROM tokens WHERE token = ?", token)
    if row is None or (row["expires_at"] and row["expires_at"] <= world.now()):
        raise BadCredentialsError("Bad credentials")
    if row["kind"] == "user":
        return Actor("user", user=world.store.must("users", row["user_id"]))
    installation = world.store.get("installations", row["installation_id"])
    if installation is None or installation["suspended_at"]:
        raise BadCredentialsError("Bad credentials")
    app = world.store.must("apps", installation["app_id"])
    narrowed = row["repositories_json"]
    return Actor(
        "installation",
        user=world.store.must("users", app["bot_id"]),
        installation=installation,
        permissions=json.loads(row["permissions_json"]),
        repositories=frozenset(json.loads(narrowed)) if narrowed else None,
    )


def _app_actor(world: World, token: str) -> Actor:
    unreadable = BadCredentialsError("A JSON web token could not be decoded")
    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
    except jwt.PyJWTError:
        raise unreadable from None
    app = world.store.first("SELECT * FROM apps WHERE CAST(id AS TEXT) = ? OR client_id = ?", issuer, issuer)
    if app is None:
        raise BadCredentialsError("Integration not found")
    # Times are judged by the simulator's own clock, which a test may have moved.
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False, "verify_iss": False}
    try:
        claims = jwt.decode(token, app["public_key"], algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        raise unreadable from None
    _check_times(claims.get("iat"), claims.get("exp"), world.time())
    return Actor("app", app=app)


def _check_times(issued: object, expires: object, now: float) -> None:
    """The texts are GitHub's, shortened where they only repeat themselves."""
    if isinstance(expires, bool) or not isinstance(expires, (int, float)):
        raise BadCredentialsError("Missing 'exp' claim in assertion")
    if isinstance(issued, bool) or not isinstance(issued, (int, float)):
        raise BadCredentialsError("Missing 'iat' claim in assertion")
    if expires <= now:
        raise BadCredentialsError(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time"
        )
    if expires > now + MAX_JWT_SECONDS + CLOCK_LEEWAY:
        raise BadCredentialsError("'Expiration time' claim ('exp') is too far in the future")
    if issued > now + CLOCK_LEEWAY:
        raise BadCredentialsError("'Issued at' claim ('iat') must be an Integer representing the time of issue")


def role_of(world: World, repo: Row, user: Row | None) -> str:
    """The strongest of: owner, organisation-wide role, collaborator role, and reading for everybody when public."""
    role = "none" if repo["private"] else "read"
    if user is None or user["type"] == "Bot":
        return role
    if user["id"] == repo["owner_id"]:
        return "admin"
    for table, column, value in (("members", "org_id", repo["owner_id"]), ("collaborators", "repo_id", repo["id"])):
        row = world.store.first(f"SELECT role FROM {table} WHERE {column} = ? AND user_id = ?", value, user["id"])
        if row and ROLES.index(row["role"]) > ROLES.index(role):
            role = row["role"]
    return role


def in_scope(world: World, actor: Actor, repo: Row) -> bool:
    """Does this installation token reach the repository as a member of the installation?"""
    installation = actor.installation
    if installation is None or installation["account_id"] != repo["owner_id"]:
        return False
    if actor.repositories is not None and repo["id"] not in actor.repositories:
        return False
    return world.installed_on(installation, repo)


def can_see(world: World, actor: Actor, repo: Row) -> bool:
    if not repo["private"]:
        return True
    if actor.kind == "installation":
        return in_scope(world, actor, repo)
    return role_of(world, repo, actor.user) != "none"


def permitted(permissions: dict[str, str], needs: str) -> bool:
    """Is one alternative of `needs` wholly granted?"""
    if not needs:
        return True
    for alternative in needs.split(";"):
        wanted = [part.strip().partition("=") for part in alternative.split(",")]
        if all(LEVELS.index(permissions.get(name, "none")) >= LEVELS.index(level) for name, _, level in wanted):
            return True
    return False


def has_role(world: World, repo: Row, user: Row | None, role: str) -> bool:
    return ROLES.index(role_of(world, repo, user)) >= ROLES.index(role)


def may(world: World, actor: Actor, repo: Row, needs: str, role: str) -> bool:
    """The one question every write asks: GraphQL and git ask it directly, REST through its route's declaration."""
    if actor.kind == "installation":
        if in_scope(world, actor, repo):
            return permitted(actor.permissions, needs)
        return not repo["private"] and "=write" not in needs
    return has_role(world, repo, actor.user, role)
