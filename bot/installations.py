"""Where the app is installed, by GitHub's own numbers; logins are only what an account is called today."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models import Installation
from bot.states import INSTALLATION_TRANSITIONS
from core import clock, events, outbox

STATES: Mapping[str, str] = {
    "created": "active",
    "unsuspend": "active",
    "new_permissions_accepted": "active",
    "suspend": "suspended",
    "deleted": "removed",
}
"""GitHub's action → our state."""


@dataclass(frozen=True, kw_only=True)
class InstallationView:
    """One installation. State: active | suspended | removed."""

    id: int
    account_id: int
    account_login: str
    account_type: str
    state: str


def record(
    session: Session,
    *,
    installation_id: int,
    account_id: int,
    account_login: str,
    account_type: str,
    state: str | None = None,
) -> InstallationView:
    """Write down what GitHub said, and tell the system if it is news. Without a state: it is there, in whichever state.

    Events come late and out of order: a removed installation stays removed.
    """
    row = session.get(Installation, installation_id, with_for_update=True)
    if row is None:
        row = Installation(
            id=installation_id,
            account_id=account_id,
            account_login=account_login,
            account_type=account_type,
            state=state or "active",
            updated_at=clock.now(),
        )
        session.add(row)
        _tell(session, row)
        return _view(row)
    wanted = state if state in INSTALLATION_TRANSITIONS[row.state] else row.state
    old = _view(row)
    row.account_id, row.account_login, row.account_type, row.state = account_id, account_login, account_type, wanted
    if _view(row) != old:
        _tell(session, row)
    return _view(row)


def rename(session: Session, account_id: int, login: str) -> tuple[InstallationView, ...]:
    """The account has another name now."""
    rows = session.scalars(select(Installation).where(Installation.account_id == account_id).with_for_update()).all()
    for row in rows:
        if row.account_login != login:
            row.account_login = login
            _tell(session, row)
    return tuple(_view(row) for row in rows)


def find(session: Session, installation_id: int) -> InstallationView | None:
    """The installation, if we heard of it."""
    row = session.get(Installation, installation_id)
    return _view(row) if row else None


def newest_of(session: Session, account_id: int) -> InstallationView:
    """The installation that speaks for an account: whoever removes the app and installs it again has a new one."""
    wanted = select(Installation).where(Installation.account_id == account_id).order_by(Installation.id.desc()).limit(1)
    return _view(session.scalars(wanted).one())


def active(session: Session) -> tuple[InstallationView, ...]:
    """Every installation we may work in."""
    rows = session.scalars(select(Installation).where(Installation.state == "active").order_by(Installation.id))
    return tuple(_view(row) for row in rows)


def _tell(session: Session, row: Installation) -> None:
    row.updated_at = clock.now()
    session.flush()
    outbox.record(session, events.InstallationChanged(installation_id=row.id))


def _view(row: Installation) -> InstallationView:
    return InstallationView(**{key: getattr(row, key) for key in InstallationView.__dataclass_fields__})
