"""`terrasmith publish`: send a folder or an archive to a registry, and follow it until it is published or refused.

Speaks HTTP only. Exit 0: published. 1: refused, with the findings. 2: it could not be done, and why.
"""

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any, NoReturn, Self
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.status import Status

from core.errors import UserError
from gate.report import Report
from gate.reports.terminal import show
from registry.services.staging import MAX_BODY, content_digest
from terrasmith.packing import pack_directory
from terrasmith.publish_client import Body, CouldNotError, PublishClient, SaidNoError
from tfmodule.address import Address
from tfmodule.files import printable
from tfmodule.version import Version

_STATES = {
    "received": "received; waiting for a worker",
    "unpacked": "unpacked; the gate is at work",
    "judged": "judged; it passed",
    "stored": "stored; about to be published",
}
_SHOWN_LEFT_OUT = 5


def publish(
    source: Annotated[Path, typer.Argument(metavar="DIR_OR_ARCHIVE", help="The module's folder, or its .tar.gz.")],
    address: Annotated[str, typer.Option(help="namespace/name/system", show_default=False)],
    version: Annotated[str, typer.Option(help="MAJOR.MINOR.PATCH, without a v.", show_default=False)],
    url: Annotated[
        str, typer.Option(envvar="TERRASMITH_URL", help="The registry, such as https://registry.example.com")
    ] = "",
    token: Annotated[
        str,
        typer.Option(
            envvar="TERRASMITH_TOKEN",
            help="A token that publishes. Better in the variable: others on this machine can read a command line.",
            show_default=False,
        ),
    ] = "",
    *,
    wait: Annotated[int, typer.Option(min=1, help="How long to follow it, in seconds.")] = 1800,
    json_output: Annotated[bool, typer.Option("--json", help="Print the upload's last state as JSON.")] = False,
) -> None:
    """Publish a module version by API. Exit 0: published. 1: refused, with findings. 2: it could not be done."""
    try:
        upload = _publish(source, address, version, url, token, wait)
    except SaidNoError as error:
        _end(error.message, 1)
    except UserError as error:
        _end(error.message, 2)
    if json_output:
        json.dump(upload, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _tell(upload, urlsplit(url).netloc)
    raise typer.Exit({"published": 0, "refused": 1}.get(upload["state"], 2))


def _publish(source: Path, address: str, version: str, url: str, token: str, wait: int) -> Mapping[str, Any]:
    wanted, number = Address.parse(address), Version.parse(version)
    if not url:
        raise CouldNotError("Which registry? Give --url, or set TERRASMITH_URL.")
    if not token:
        raise CouldNotError("No token: set TERRASMITH_TOKEN. `terrasmith token create … --allow publish` makes one.")
    with PublishClient(url, token) as client:
        _warn_in_the_clear(url)
        body = _body(source)
        console = Console(stderr=True)
        with console.status(f"sending {_size(body.size)}") if console.is_terminal else _Lines() as line:
            # One key for this run: however often the connection breaks, it stays one upload.
            upload = client.send(wanted, number, body, token_hex(16))
            return _follow(client, upload, line, wait)


def _follow(client: PublishClient, upload: Mapping[str, Any], line: "Status | _Lines", wait: int) -> Mapping[str, Any]:
    deadline, pause = time.monotonic() + wait, 0.2
    where = client.url + client.path_of(upload["id"])
    try:
        while upload["state"] in _STATES:
            line.update(f"{printable(str(upload.get('address')))} {_STATES[upload['state']]}")
            if time.monotonic() > deadline:
                raise CouldNotError(f"It is still {upload['state']} after {wait} s, and goes on without us: {where}")
            time.sleep(pause)
            pause = min(pause * 1.3, 2.0)
            upload = client.look(upload["id"])
    except KeyboardInterrupt:
        typer.echo(f"\nIt goes on without us: {where}", err=True)
        raise typer.Exit(130) from None
    return upload


class _Lines:
    """What a live line is where there is no terminal: one line for each thing that is new."""

    def __init__(self) -> None:
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, text: str) -> None:
        if text != self._last:
            typer.echo(text, err=True)
            self._last = text


def _body(source: Path) -> Body:
    if source.is_dir():
        packed = pack_directory(source)
        _tell_packed(source, packed.files, packed.left_out)
        return Body(packed.data, len(packed.data), _digest_of(packed.data))
    try:
        size = source.stat().st_size
        if size > MAX_BODY:
            raise CouldNotError(
                f"`{printable(str(source))}` is larger than {MAX_BODY >> 20} MiB, the most an upload may be."
            )
        with source.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                raise CouldNotError(f"`{printable(str(source))}` is neither a folder nor a .tar.gz.")
        return Body(source, size, _digest_of(source))
    except OSError as error:
        raise CouldNotError(f"`{printable(str(source))}` cannot be read: {error.strerror}.") from None


def _digest_of(source: bytes | Path) -> str:
    if isinstance(source, bytes):
        return content_digest(hashlib.sha256(source).hexdigest())
    with source.open("rb") as file:
        return content_digest(hashlib.file_digest(file, "sha256").hexdigest())


def _tell_packed(directory: Path, files: int, left_out: tuple[str, ...]) -> None:
    typer.echo(f"packed {files} {'file' if files == 1 else 'files'} of {printable(str(directory))}", err=True)
    if left_out:
        shown = ", ".join(printable(path) for path in left_out[:_SHOWN_LEFT_OUT])
        more = ", …" if len(left_out) > _SHOWN_LEFT_OUT else ""
        typer.echo(f"left out {len(left_out)} that no module holds: {shown}{more}", err=True)
    if (directory / ".terraformignore").exists():
        typer.echo(".terraformignore is not read: what a module may hold is decided by kind of file", err=True)


def _warn_in_the_clear(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        typer.echo(f"terrasmith: {parts.netloc} is asked over http: everybody on the way can read the token.", err=True)


def _tell(upload: Mapping[str, Any], host: str) -> None:
    """The end of it, as `terrasmith check` shows a report."""
    name = f"{upload['address']} {upload['version']}"
    if upload.get("report"):
        try:
            show(Report.from_dict(upload["report"]), Console())
        except (LookupError, TypeError):
            typer.echo("terrasmith: the registry sent a report that this release cannot read.", err=True)
    match upload["state"]:
        case "published":
            published = upload.get("published") or {}
            typer.echo(f"published {host}/{name}  sha256:{published.get('sha256')}")
        case "refused":
            typer.echo(f"terrasmith: {name} is refused: {upload.get('reason')}", err=True)
        case _:
            reason = f"{upload.get('reason')} The registry's operator can have it tried again."
            typer.echo(f"terrasmith: {name} could not be judged: {reason}", err=True)


def _end(message: str, code: int) -> NoReturn:
    typer.echo(f"terrasmith: {message}", err=True)
    raise typer.Exit(code)


def _size(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB" if size >= 1 << 20 else f"{max(size >> 10, 1)} KiB"
