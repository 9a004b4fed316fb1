"""The app was installed somewhere, suspended or removed, sees other repositories, or its account was renamed."""

from sqlalchemy.orm import Session

from bot import installations
from bot.handlers.outcome import Change, Hearing, Ignored
from bot.payloads import InstallationPayload, InstallationRepositoriesPayload, InstallationTargetPayload


def handle(payload: InstallationPayload, _hearing: Hearing) -> Change | Ignored:
    state = installations.STATES.get(payload.action)
    return Ignored("nothing we follow") if state is None else _record(payload, state)


def handle_repositories(payload: InstallationRepositoriesPayload, _hearing: Hearing) -> Change | Ignored:
    """What it may see is asked of GitHub when it matters; that it is installed is news if we missed it."""
    return _record(payload, None) if payload.action in {"added", "removed"} else Ignored("nothing we follow")


def handle_target(payload: InstallationTargetPayload, _hearing: Hearing) -> Change | Ignored:
    if payload.action != "renamed":
        return Ignored("nothing we follow")

    def change(session: Session) -> Ignored | None:
        known = installations.rename(session, payload.account.id, payload.account.login)
        return None if known else Ignored("not installed there")

    return change


def _record(payload: InstallationPayload | InstallationRepositoriesPayload, state: str | None) -> Change:
    whole = payload.installation

    def change(session: Session) -> None:
        installations.record(
            session,
            installation_id=whole.id,
            account_id=whole.account.id,
            account_login=whole.account.login,
            account_type=whole.account.type[:20],
            state=state,
        )

    return change
