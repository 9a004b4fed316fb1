"""Whether the person who asked may: asked of GitHub when we act, and again before we write (S7, S8, T-36)."""

from bot.github.gateway import InstallationClient
from bot.requests import RequestView
from generator.spending import Payer

WRITERS = frozenset({"admin", "maintain", "write"})


def may_write(github: InstallationClient, request: RequestView, repository: str | None = None) -> bool:
    """Whether the requester can write to `repository`, or else to the one they asked in. What is unknown is no."""
    where = repository or request.repository
    return github.repositories.permission(where, request.author_login, request.author_id) in WRITERS


def payer(request: RequestView) -> Payer:
    """On whose account a request's run goes."""
    run = request.run.id if request.run is not None else request.id
    return Payer(run, request.author_login, request.repository, request.repository.partition("/")[0])
