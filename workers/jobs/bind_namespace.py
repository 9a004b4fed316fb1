"""An installation changed: bind the account's namespace, or follow its suspension. Reads bot's row, writes accounts'.

Safe to repeat: a namespace is bound to the account's number once.
"""

from accounts import namespaces
from bot import installations
from workers.context import JobContext


def run(ctx: JobContext, *, installation_id: int) -> None:
    """Bring the namespace to the state its installation is in; the account's newest one counts."""
    with ctx.write() as session:
        found = installations.find(session, installation_id)
        if found is None or installations.newest_of(session, found.account_id).id != installation_id:
            return
        account = found.account_id
        match found.state:
            case "active":
                namespaces.bind(session, account, found.account_login, found.account_type)
                namespaces.reactivate(session, account)
            case "suspended":
                namespaces.suspend(session, account)
            case "removed":
                namespaces.remove(session, account)
