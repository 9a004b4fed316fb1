"""The frame of every page: who is visiting, the template, and errors as readable text instead of JSON.

A visitor is whom they say they are: this is a simulator on loopback. It refuses forms that other sites send.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ..access import has_role, role_of
from ..call import ApiError, Call, Reply, not_found
from ..store import Row
from . import views
from .text import markdown

HTML = "text/html; charset=utf-8"
COOKIE = "visitor"
NOBODY = "-"
# Nothing from elsewhere, and only our one script: a comment that slips through the cleaning still cannot act.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"
)

Handler = Callable[[Call], Reply]
_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def visitor(call: Call) -> Row | None:
    """The chosen person; the first configured one before anybody chose; None for who chose to be nobody."""
    login = call.cookies.get(COOKIE)
    if login == NOBODY:
        return None
    everybody = views.people(call.world)
    chosen = [person for person in everybody if person["login"] == login] or everybody
    return chosen[0] if chosen else None


def enter(call: Call) -> Row | None:
    viewer = visitor(call)
    if viewer is not None:
        call.become(viewer["login"])
    return viewer


def enter_repository(call: Call) -> Row:
    """The repository of the address, when the visitor may see it."""
    viewer = enter(call)
    owner, name = call.params["owner"], call.params["name"]
    repo = call.world.repository(owner, name)
    if repo is None:
        moved = call.store.first("SELECT repo_id FROM redirects WHERE full_name = ?", f"{owner}/{name}")
        repo = call.store.get("repositories", moved["repo_id"]) if moved else None
    if repo is None or not views.may_see(call.world, repo, viewer):
        raise not_found()
    call.repo_row = repo
    return repo


def render(call: Call, template: str, status: int = 200, **values: Any) -> Reply:
    repo = call.repo_row
    name = call.world.full_name(repo) if repo else ""
    viewer = visitor(call)
    shared: dict[str, Any] = {
        "viewer": viewer,
        "people": views.people(call.world),
        "repo": repo,
        "repo_name": name,
        "counts": views.counts(call.world, repo) if repo else None,
        "role": role_of(call.world, repo, viewer) if repo else None,
        "address": call.path,
        "error": None,
        "refresh": None,
        "typed": "",
        "tab": "",
        "web": call.world.web,
        "ago": lambda at: _ago(call, at),
        "md": lambda text: Markup(markdown(text, f"/{name}")),  # noqa: S704 - cleaned by nh3
        "path": quote,
    }
    html = _environment.get_template(template).render({**shared, **values})
    return Reply(status, html, {"cache-control": "no-store", "content-security-policy": POLICY}, HTML)


def shown(handler: Handler) -> Handler:
    """A page for reading; what goes wrong becomes a page too."""

    @wraps(handler)
    def wrapper(call: Call) -> Reply:
        try:
            return handler(call)
        except ApiError as error:
            return failure(call, error)

    return wrapper


def acted(back: Callable[[Call, ApiError], Reply]) -> Callable[[Handler], Handler]:
    """A form's handler. When GitHub would refuse, nothing is kept and `back` shows the page again with the reason."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def wrapper(call: Call) -> Reply:
            try:
                _refuse_other_sites(call)
                enter_repository(call)
                if visitor(call) is None:
                    raise ApiError(401, "Choose who you are first (top right).")
                return _all_or_nothing(call, handler)
            except ApiError as error:
                return back(call, error) if call.repo_row is not None else failure(call, error)

        return wrapper

    return decorate


def failure(call: Call, error: ApiError) -> Reply:
    return render(call, "failure.html", error.status, title=str(error.status), reason=reason(error))


def reason(error: ApiError) -> str:
    """The sentence for the person: GitHub's message and what it says about single fields."""
    details = []
    for each in error.errors or []:
        if isinstance(each, str):
            details.append(each)
        else:
            details.append(each.get("message") or f"{each.get('field')}: {str(each.get('code')).replace('_', ' ')}")
    return ": ".join([error.message, "; ".join(details)]) if details else error.message


def redirect(location: str, **headers: str) -> Reply:
    return Reply(303, "", {"location": location, **headers}, HTML)


def need(call: Call, role: str, what: str) -> None:
    if not has_role(call.world, call.repo, call.user, role):
        mine = role_of(call.world, call.repo, call.user)
        raise ApiError(403, f"{what} needs {role} access to {call.repo_name}; {call.user['login']} has {mine}.")


def _all_or_nothing(call: Call, handler: Handler) -> Reply:
    # The request's transaction commits whatever an answered page has done, so a refused form needs its own bracket.
    call.store.execute("SAVEPOINT form")
    try:
        reply = handler(call)
    except ApiError:
        call.store.execute("ROLLBACK TO form")
        raise
    finally:
        call.store.execute("RELEASE form")
    return reply


def _refuse_other_sites(call: Call) -> None:
    origin = call.headers.get("origin")
    if origin and origin != "null" and urlsplit(origin).netloc != call.headers.get("host"):
        raise ApiError(403, "This form came from another site.")


def _ago(call: Call, at: str | None) -> str:
    if not at:
        return ""
    seconds = int(call.world.time() - datetime.fromisoformat(at).timestamp())
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {word}{'s' if number > 1 else ''} ago"
    return "just now"
