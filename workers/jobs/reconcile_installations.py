"""At the start and every hour: what GitHub says of our installations is written down, in case an event was missed.

Safe to repeat: a row that already says so stays, and tells nobody.
"""

from bot import installations
from workers.context import JobContext


def run(ctx: JobContext) -> None:
    """Compare GitHub's list with our rows; what is missing from the list is asked for by its number."""
    app = ctx.environment.github.app
    listed = app.installations()
    with ctx.read() as session:
        missing = {one.id for one in installations.active(session)} - {one.id for one in listed}
    # A list is no proof of absence: it is paged, and an installation may have come since. Removed is for ever.
    gone = {one for one in missing if app.installation(one) is None}
    with ctx.write() as session:
        for one in listed:
            installations.record(
                session,
                installation_id=one.id,
                account_id=one.account_id,
                account_login=one.account_login,
                account_type=one.account_type,
                state="suspended" if one.suspended else "active",
            )
        for known in installations.active(session):
            if known.id in gone:
                installations.record(
                    session,
                    installation_id=known.id,
                    account_id=known.account_id,
                    account_login=known.account_login,
                    account_type=known.account_type,
                    state="removed",
                )
