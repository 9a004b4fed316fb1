"""What our registry says of the modules that a module calls, as the values that the gate takes. Judges nothing."""

from collections.abc import Iterable

from gate.modules import KnownModule, Modules
from gate.policy import Policy
from gate.report import Finding
from gate.screen import too_large
from registry.services import resolving
from registry.storage.port import archive_key
from tfmodule.address import Address
from tfmodule.archive import Entry, unpack
from tfmodule.needs import Need, needs_of
from tfmodule.sources import own_hosts
from tfmodule.version import Version
from workers.context import JobContext

RULE = "module-call"


def needs(ctx: JobContext, module: Iterable[Entry]) -> tuple[Need, ...]:
    """What the files of a module need."""
    files = {entry.path: entry.data for entry in module}
    return needs_of(files, own_hosts(ctx.environment.settings.registry_host))


def modules_for(ctx: JobContext, address: Address, version: Version | None, module: tuple[Entry, ...]) -> Modules:
    """The versions that Terraform would install for its calls, with their files, and what is wrong with the calls.

    `address` is where the module is to be published; `version` is None where none was chosen yet.
    """
    hosts = own_hosts(ctx.environment.settings.registry_host)
    if any(too_large({entry.path: entry.data for entry in module}, Policy())):
        return Modules(hosts)  # the gate refuses it unparsed, and nobody else parses it either
    wanted = needs(ctx, module)
    with ctx.read() as session:
        resolution = resolving.resolve(session, address, version, wanted)
    problems = [
        Finding(RULE, one.severity, one.message, one.path, one.line, fix=one.fix) for one in resolution.problems
    ]
    found: dict[tuple[str, str], KnownModule] = {}
    if not resolution.refused:
        by_id = {one.id: one for one in resolution.chosen.values()}
        files = {one.id: _files(ctx, one.sha256) or module for one in by_id.values()}
        known = {
            one.id: KnownModule(str(one.version), {entry.path: entry.data for entry in files[one.id]})
            for one in by_id.values()
        }
        found = {key: known[one.id] for key, one in resolution.chosen.items()}
        problems += _missing(wanted, found)
    return Modules(hosts, found, tuple(problems))


def _files(ctx: JobContext, sha256: str | None) -> tuple[Entry, ...]:
    """The files of a published version; none for the one that is being judged."""
    if sha256 is None:
        return ()
    with ctx.environment.storage.open(archive_key(sha256)) as stream:
        return unpack(stream)


def _missing(wanted: Iterable[Need], found: dict[tuple[str, str], KnownModule]) -> list[Finding]:
    """Calls of submodules that the chosen version does not have."""
    problems = []
    for need in wanted:
        known = found.get((need.source, need.constraint or ""))
        if known is not None and need.target and not _has(known, need.target):
            message = f"`{need.source}` has no submodule `{need.target}` in version {known.version}."
            fix = "Correct what stands after `//`, or choose a version that has it."
            problems.append(Finding(RULE, "error", message, need.path, need.line, fix=fix))
    return problems


def _has(module: KnownModule, directory: str) -> bool:
    return any(path.startswith(f"{directory}/") and path.endswith(".tf") for path in module.files)
