"""`terrasmith version`: versions with their states, and the operator's ways to move one from state to state."""

from typing import Annotated, Literal

import typer

from accounts import audit
from core.errors import UserError
from registry.services import advice, lifecycle, steps
from registry.services.lifecycle import OPERATOR, Action, Words
from registry.services.standing import Replacement, Standing
from terrasmith.columns import show
from terrasmith.database import open_database
from tfmodule.address import Address
from tfmodule.version import Version

app = typer.Typer(no_args_is_help=True, help="Published versions: where they stand, and moving one.")

_Address = Annotated[str, typer.Argument(metavar="NAMESPACE/NAME/SYSTEM", show_default=False)]
_Version = Annotated[str, typer.Argument(show_default=False)]
_Maybe = Annotated[str | None, typer.Argument(metavar="[VERSION]", show_default=False)]
_Whole = Annotated[bool, typer.Option("--whole-module", help="All its versions, also those to come.")]
_Reason = Annotated[str, typer.Option(help="Why: whoever asks for the version is told.", show_default=False)]
_Replacement = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS[/VERSION]|VERSION", help="What to use instead: of this registry.", show_default=False
    ),
]


@app.command("list")
def list_versions(
    address: Annotated[
        str | None, typer.Argument(metavar="[NAMESPACE/NAME/SYSTEM]", help="Only this module's.", show_default=False)
    ] = None,
    broken: Annotated[bool, typer.Option("--broken", help="Only those whose stored bytes are bad.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 1_000,
) -> None:
    """Versions, newest first. BYTES says what the last sweep found: ok, missing, unreadable or differs.

    With --broken, exit 1 if there is one, so that a script can ask.
    """
    wanted = Address.parse(address) if address is not None else None
    with open_database() as database, database.read() as session:
        found = lifecycle.standings(session, wanted, damaged=broken, limit=limit)
    rows = [
        (
            str(one.address),
            one.version,
            one.state,
            one.damage or "ok",
            f"{one.verified_at:%Y-%m-%dT%H:%MZ}" if one.verified_at else "-",
            "held" if one.held else "-",
            one.sha256,
            str(one.standing.replacement or "-"),
            one.reason or "",
        )
        for one in found
    ]
    headings = ("MODULE", "VERSION", "STATE", "BYTES", "FOUND GOOD AT", "HOLD", "SHA256", "REPLACEMENT", "REASON")
    show(headings, rows)
    if broken and found:
        raise typer.Exit(1)


@app.command()
def deprecate(
    address: _Address, reason: _Reason, version: _Maybe = None, replacement: _Replacement = None, whole: _Whole = False
) -> None:
    """Advise against a version, or against a whole module. It is listed and served as before, with the reason."""
    _change("deprecate", address, version, Words(reason, replacement), whole=whole)


@app.command()
def revoke(address: _Address, version: _Version, reason: _Reason, replacement: _Replacement = None) -> None:
    """Have no constraint choose a version any more. Whoever names its download or its archive still gets it.

    Terraform itself looks into the list first, so a new `terraform init` with this exact version fails too.
    """
    _change("revoke", address, version, Words(reason, replacement))


@app.command()
def quarantine(address: _Address, version: _Version, reason: _Reason) -> None:
    """Serve a version to nobody, until `restore` or `remove`. Its bytes are kept as evidence."""
    _change("quarantine", address, version, Words(reason))


@app.command()
def restore(address: _Address, reason: _Reason, version: _Maybe = None, whole: _Whole = False) -> None:
    """Take back a deprecation, a revocation or a quarantine. After a quarantine it stands where it stood before."""
    _change("restore", address, version, Words(reason), whole=whole)


@app.command()
def remove(
    address: _Address,
    version: _Version,
    reason: _Reason,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
) -> None:
    """Take a version out of service for good. Its number stays taken: nothing is ever published under it again.

    `terrasmith gc` deletes its bytes a week later, unless another version has the same.
    """
    wanted, number = Address.parse(address), Version.parse(version)
    if not yes:
        typer.confirm(
            f"Remove {wanted} {number}? Nobody can bring it back, and builds that pin it will fail", abort=True
        )
    with open_database() as database, database.unit_of_work() as session:
        removed = lifecycle.change(session, "remove", wanted, number, Words(reason), OPERATOR)
        left = advice.left_behind(session, wanted, number)
    typer.echo(f"{removed.address} {removed.version} is removed, and its number is taken for good: {removed.reason}")
    _warn(left)


@app.command("allow-step")
def allow_step(address: _Address, version: _Version, reason: _Reason) -> None:
    """Let a version be published although its step is smaller than what changed asks for. Once; it is written down."""
    wanted, number = Address.parse(address), Version.parse(version)
    with open_database() as database, database.unit_of_work() as session:
        steps.allow(session, wanted, number, reason, audit.OPERATOR)
    typer.echo(f"{wanted} {number} may be published, whatever step its changes ask for: {' '.join(reason.split())}")


@app.command()
def hold(address: _Address, reason: _Reason, version: _Maybe = None, whole: _Whole = False) -> None:
    """Let nobody remove a version, or any of a module: neither by hand nor by a retention policy."""
    wanted, number = _wanted(address, version, whole=whole)
    with open_database() as database, database.unit_of_work() as session:
        lifecycle.hold(session, wanted, number, reason, OPERATOR)
    typer.echo(f"{_name(wanted, number)} is held: it cannot be removed until `terrasmith version unhold`.")


@app.command()
def unhold(address: _Address, version: _Maybe = None, whole: _Whole = False) -> None:
    """End a hold."""
    wanted, number = _wanted(address, version, whole=whole)
    with open_database() as database, database.unit_of_work() as session:
        lifecycle.hold(session, wanted, number, None, OPERATOR)
    typer.echo(f"{_name(wanted, number)} is not held.")


def _change(action: Action, address: str, version: str | None, words: Words, *, whole: bool = False) -> None:
    wanted, number = _wanted(address, version, whole=whole)
    left: tuple[Replacement, ...] = ()
    with open_database() as database, database.unit_of_work() as session:
        if number is not None:
            moved = lifecycle.change(session, action, wanted, number, words, OPERATOR).standing
            left = advice.left_behind(session, wanted, number)
        else:
            way: Literal["deprecate", "restore"] = "deprecate" if action == "deprecate" else "restore"
            moved = lifecycle.change_module(session, way, wanted, words, OPERATOR)
    typer.echo(f"{_name(wanted, number)} is {moved.state}{_said(moved)}")
    _warn(left)


def _warn(left: tuple[Replacement, ...]) -> None:
    """Nobody can choose what these go on to recommend."""
    for one in left:
        typer.echo(
            f"warning: {one} still names it as its replacement: say that anew, with another one or none.", err=True
        )


def _said(standing: Standing) -> str:
    if not standing.reason:
        return "."
    end = "" if standing.reason.endswith((".", "!", "?")) else "."
    instead = f"{end} Use {standing.replacement} instead." if standing.replacement else ""
    return f": {standing.reason}{instead}"


def _wanted(address: str, version: str | None, *, whole: bool) -> tuple[Address, Version | None]:
    if (version is None) != whole:
        raise UserError("Name a version, or say --whole-module; not both.")
    return Address.parse(address), Version.parse(version) if version is not None else None


def _name(address: Address, version: Version | None) -> str:
    return f"{address} {version}" if version is not None else f"The module {address}"
