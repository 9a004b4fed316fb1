"""`terrasmith verify`: is a version what it says it is? Asks the registry over HTTP only, and believes nothing it says.

It downloads as Terraform does, holds the bytes to both digests, and can rebuild the archive from the commit.
"""

import gzip
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import UserError
from terrasmith import rebuilding
from terrasmith.rebuilding import RebuildError, Rebuilt
from terrasmith.registry_client import Download, RegistryClient
from tfmodule import archive
from tfmodule.address import Address
from tfmodule.archive import ArchiveError, Entry
from tfmodule.files import check_path, printable
from tfmodule.version import Version

_MOST_NAMED = 20
VERIFIED, DIFFERS, UNKNOWN = 0, 1, 2


def verify(
    address: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME/SYSTEM", show_default=False)],
    version: Annotated[str, typer.Argument(show_default=False)],
    url: Annotated[str, typer.Option(envvar="TERRASMITH_URL", help="The registry's address.", show_default=False)],
    token: Annotated[
        str | None, typer.Option(envvar="TERRASMITH_TOKEN", help="For a private module.", show_default=False)
    ] = None,
    clone: Annotated[
        Path | None, typer.Option(help="Rebuild from this local clone of the repository.", show_default=False)
    ] = None,
    git: Annotated[
        str | None,
        typer.Option(help="Rebuild from this https or ssh address, with your git's credentials.", show_default=False),
    ] = None,
) -> None:
    """Check a published version yourself. Exit 0: verified. 1: it differs, and where. 2: nobody could tell, and why."""
    try:
        module, number = Address.parse(address), Version.parse(version)
        with RegistryClient(url, token) as registry:
            told, download = registry.provenance(module, number), registry.download(module, number)
        differences = _check(module, number, told, download, clone, git)
    except UserError as error:
        typer.echo(f"terrasmith: {error.message}", err=True)
        raise typer.Exit(UNKNOWN) from None
    for one in differences[:_MOST_NAMED]:
        typer.echo(f"differs: {one}")
    if len(differences) > _MOST_NAMED:
        typer.echo(f"differs: … and {len(differences) - _MOST_NAMED} more")
    typer.echo(f"{module} {number}: {'differs' if differences else 'verified'}")
    raise typer.Exit(DIFFERS if differences else VERIFIED)


def _check(
    address: Address,
    version: Version,
    told: Mapping[str, Any],
    download: Download,
    clone: Path | None,
    git: str | None,
) -> list[str]:
    """Every difference, in words."""
    if clone is not None and git is not None:
        raise RebuildError("Say either --clone or --git, not both.")
    differences = _against_digests(address, version, told, download)
    try:
        entries = archive.unpack(download.data)
    except ArchiveError as error:
        return [*differences, error.message]
    differences += _against_form(told, download, entries)
    try:
        rebuilt = _rebuild(told, clone, git)
    except UserError as error:
        if not differences:
            raise
        typer.echo(f"not rebuilt: {error.message}")
        return differences
    if rebuilt is not None:
        differences += _against_commit(told, download, entries, rebuilt)
    return differences


def _rebuild(told: Mapping[str, Any], clone: Path | None, git: str | None) -> Rebuilt | None:
    commit = _part(told, "source").get("commit")
    if not isinstance(commit, str):
        typer.echo("not rebuildable: this version was uploaded, it has no commit")
        if clone is not None or git is not None:
            raise RebuildError("There is no commit to rebuild it from.")
        return None
    folder = _part(told, "source").get("path") or ""
    if not isinstance(folder, str):
        raise RebuildError("The provenance names a folder that is none.")
    if folder:
        check_path(folder)
    if clone is not None:
        return rebuilding.from_clone(clone, commit, folder)
    if git is not None:
        return rebuilding.from_url(git, commit, folder)
    typer.echo(f"not rebuilt: say --clone DIR or --git URL to rebuild it from the commit {printable(commit)}")
    return None


def _against_digests(address: Address, version: Version, told: Mapping[str, Any], download: Download) -> list[str]:
    found = archive.sha256(download.data)
    named = _part(told, "archive")
    differences = []
    if download.checksum is None:
        differences.append("the download names no checksum, so Terraform would not check the archive")
    elif download.checksum != found:
        differences.append(f"the archive's sha256 is {found}, the download promised {printable(download.checksum)}")
    if named.get("sha256") != found:
        differences.append(
            f"the archive's sha256 is {found}, the provenance says {printable(str(named.get('sha256')))}"
        )
    if named.get("size") != len(download.data):
        differences.append(f"the archive has {len(download.data)} bytes, the provenance says {named.get('size')!r:.20}")
    # The registry's own spelling may differ by case; the version may not differ at all.
    if str(told.get("module")).casefold() != str(address).casefold() or told.get("version") != str(version):
        other = f"{told.get('module')} {told.get('version')}"
        differences.append(f"the provenance is that of {printable(other)}")
    return differences


def _against_form(told: Mapping[str, Any], download: Download, entries: Sequence[Entry]) -> list[str]:
    differences = []
    found = archive.h1(entries)
    if _part(told, "archive").get("h1") != found:
        said = printable(str(_part(told, "archive").get("h1")))
        differences.append(f"the files' hash is {found}, the provenance says {said}")
    typer.echo(f"sha256 {archive.sha256(download.data)}")
    typer.echo(found)
    if gzip.decompress(archive.pack(entries)) != gzip.decompress(download.data):
        differences.append("the archive is not in the canonical form")
    return differences


def _against_commit(
    told: Mapping[str, Any], download: Download, entries: Sequence[Entry], rebuilt: Rebuilt
) -> list[str]:
    tree = _part(told, "source").get("tree")
    differences = []
    if tree is not None and tree != rebuilt.tree:
        differences.append(f"the commit's tree is {rebuilt.tree}, the provenance says {printable(str(tree))}")
    ours, theirs = {one.path: one for one in entries}, {one.path: one for one in rebuilt.entries}
    for path in sorted(ours.keys() | theirs.keys()):
        if path not in theirs:
            differences.append(f"{printable(path)} is in the archive, but not in the commit")
        elif path not in ours:
            differences.append(f"{printable(path)} is in the commit, but not in the archive")
        elif ours[path].data != theirs[path].data:
            differences.append(f"{printable(path)} has other content in the commit")
        elif ours[path].executable != theirs[path].executable:
            differences.append(f"{printable(path)} is executable in only one of them")
    if not differences:
        typer.echo(f"rebuilt from the commit: {_sameness(told, download, rebuilt)}")
    return differences


def _sameness(told: Mapping[str, Any], download: Download, rebuilt: Rebuilt) -> str:
    if archive.pack(rebuilt.entries) == download.data:
        return "the same bytes"
    packed_by = printable(str(_part(told, "tools").get("zlib", "an unknown zlib")))
    return (
        f"the same tar inside; the compression differs, as it may between zlib {packed_by} there and "
        f"{zlib.ZLIB_RUNTIME_VERSION} here"
    )


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = told.get(name)
    return part if isinstance(part, Mapping) else {}
