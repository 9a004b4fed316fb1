"""`terrasmith policy set` and its neighbours: which policies a namespace's publications must keep, and who need not.

Keeps nothing whose own tests fail, and no override of what the policies do not allow to be overridden.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from accounts import audit, policies
from accounts.policies import Override, PolicySet
from core.errors import UserError
from gate.policies.bundle import Bundle
from gate.policies.testing import run_tests
from terrasmith.columns import show
from terrasmith.database import open_database
from terrasmith.policy_folder import described_policies, described_rules, read_policies
from tfmodule.address import Address
from tfmodule.files import printable

_Namespace = Annotated[str, typer.Argument(metavar="NAMESPACE", show_default=False)]
_Address = Annotated[str, typer.Argument(metavar="NAMESPACE/NAME/SYSTEM", show_default=False)]
_Id = Annotated[str, typer.Argument(metavar="POLICY_ID", show_default=False)]
_Reason = Annotated[str, typer.Option(help="Why: whoever reads the report is told.", show_default=False)]


def set_policies(
    namespace: _Namespace,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the policies.", show_default=False)],
) -> None:
    """Have every publication of a namespace judged by these policies, in place of those before. Their tests must pass.

    What is published already is not judged anew.
    """
    folder = read_policies(directory)
    rules = described_policies(folder)
    tests = run_tests(folder)
    failed = [f"`{one.name}` ({printable(one.path)}:{one.line})" for one in tests.tests if one.outcome in _BAD]
    if failed:
        raise UserError(f"{len(failed)} of their tests did not pass: {', '.join(failed[:5])}. Nothing was changed.")
    for name in tests.untested:
        typer.echo(f"warning: no test asks the policy `{name}`.", err=True)
    with open_database() as database, database.unit_of_work() as session:
        changed = policies.set_policies(session, namespace, folder.bundle.files, folder.bundle.digest, audit.OPERATOR)
    names = ", ".join(f"`{rule.id}`" for rule in rules)
    said = "is judged by" if changed else "was judged already by"
    typer.echo(f"{namespace} {said} these policies: {names}. Their digest is {folder.bundle.digest}.")


_BAD = frozenset({"failed", "error"})


def show_policies(namespace: _Namespace) -> None:
    """What a namespace is judged by, and the sets that held before."""
    with open_database() as database, database.read() as session:
        sets = policies.history(session, namespace)
    for one in sets:
        if one.ended_at is None:
            rules = described_rules(Bundle(one.files))
            show(("POLICY", "LEVEL", "TITLE"), [(rule.id, rule.level, rule.title) for rule in rules])
    if not any(one.ended_at is None for one in sets):
        typer.echo(f"{namespace} has no policies.")
    if sets:
        show(("DIGEST", "SET AT", "UNTIL", "BY"), [_row(one) for one in sets])


def remove_policies(namespace: _Namespace) -> None:
    """Have a namespace judged by the gate alone again. What held is kept in the history."""
    with open_database() as database, database.unit_of_work() as session:
        was = policies.remove_policies(session, namespace, audit.OPERATOR)
    typer.echo(f"{namespace} {'is judged by no policy any more' if was else 'had no policies'}.")


def override(
    address: _Address,
    policy: _Id,
    reason: _Reason,
    expires: Annotated[
        int | None, typer.Option(metavar="DAYS", min=1, help="How long it holds.", show_default="until withdrawn")
    ] = None,
) -> None:
    """Let a module be published although it does not keep a soft policy. Reports and provenance say who and why."""
    wanted = Address.parse(address)
    with open_database() as database, database.unit_of_work() as session:
        _require_soft(policies.active(session, wanted.namespace), wanted, policy)
        lifetime = timedelta(days=expires) if expires is not None else None
        made = policies.override(session, wanted, policy, reason, audit.OPERATOR, lifetime)
    typer.echo(f"{wanted} need not keep `{policy}` {_until(made)}: {made.reason}")


def list_overrides(
    namespace: Annotated[str | None, typer.Argument(metavar="[NAMESPACE]", show_default=False)] = None,
) -> None:
    """The overrides that hold, of one namespace or of all."""
    with open_database() as database, database.read() as session:
        found = policies.all_overrides(session, namespace)
    rows = [(one.module, one.policy, _until(one), one.actor, one.reason) for one in found]
    show(("MODULE", "POLICY", "HOLDS", "BY", "REASON"), rows)


def withdraw(address: _Address, policy: _Id) -> None:
    """End an override. What was published by it stays."""
    wanted = Address.parse(address)
    with open_database() as database, database.unit_of_work() as session:
        policies.withdraw(session, wanted, policy, audit.OPERATOR)
    typer.echo(f"{wanted} must keep `{policy}` again.")


def _require_soft(found: PolicySet | None, address: Address, policy: str) -> None:
    if found is None:
        raise UserError(f"`{address.namespace}` has no policies, so there is nothing to override.")
    levels = {rule.id: rule.level for rule in described_rules(Bundle(found.files))}
    if policy not in levels:
        known = ", ".join(f"`{one}`" for one in sorted(levels))
        raise UserError(f"`{address.namespace}` has no policy `{printable(policy)}`. It has {known}.")
    if levels[policy] != "soft":
        raise UserError(f"The policy `{policy}` is {levels[policy]}: only a soft one can be overridden.")


def _row(one: PolicySet) -> tuple[str, str, str, str]:
    until = f"{one.ended_at:%Y-%m-%dT%H:%MZ}" if one.ended_at else "now"
    return one.digest, f"{one.set_at:%Y-%m-%dT%H:%MZ}", until, one.actor


def _until(one: Override) -> str:
    return f"until {one.expires_at:%Y-%m-%dT%H:%MZ}" if one.expires_at else "until it is withdrawn"
