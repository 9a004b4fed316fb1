"""At the start and every hour: what GitHub says of our installations is written down, in case an event was missed.

Safe to repeat: a row that already says so stays, and tells nobody.
"""

from bot import installations
from workers.context import JobContext


def run(ctx: JobContext) -> None:
    """Compare GitHub's list with our rows; those that are gone were removed."""
    listed = ctx.environment.github.app.installations()
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
        alive = {one.id for one in listed}
        for gone in installations.active(session):
            if gone.id not in alive:
                installations.record(
                    session,
                    installation_id=gone.id,
                    account_id=gone.account_id,
                    account_login=gone.account_login,
                    account_type=gone.account_type,
                    state="removed",
                )
