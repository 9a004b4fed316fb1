"""An installation changed: bind the account's namespace, or follow its suspension. Reads bot's row, writes accounts'.

Safe to repeat: a namespace is bound to the account's number once. An account whose name it may not have goes without:
`terrasmith namespace list` says why, and an operator can change it.
"""

from sqlalchemy.orm import Session

from accounts import audit, namespaces
from bot import installations
from bot.installations import InstallationView
from core.log import get_logger
from workers.context import JobContext

_log = get_logger(__name__)


def run(ctx: JobContext, *, installation_id: int) -> None:
    """Bring the namespace to the state its installation is in; the account's newest one counts."""
    with ctx.write() as session:
        found = installations.find(session, installation_id)
        if found is None or installations.newest_of(session, found.account_id).id != installation_id:
            return
        account = found.account_id
        match found.state:
            case "active":
                _bind(session, found)
                namespaces.reactivate(session, account)
            case "suspended":
                namespaces.suspend(session, account)
            case "removed":
                namespaces.remove(session, account)


def _bind(session: Session, found: InstallationView) -> None:
    reason = namespaces.why_refused(session, found.account_id, found.account_login)
    if reason is None:
        namespaces.bind(session, found.account_id, found.account_login, found.account_type)
        return
    _log.warning("namespace refused", account=found.account_id, login=found.account_login, reason=reason)
    detail = {"login": found.account_login, "reason": reason}
    audit.record(session, audit.SYSTEM, "namespace.refuse", f"account:{found.account_id}", detail)
