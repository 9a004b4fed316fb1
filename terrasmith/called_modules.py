"""The modules of a registry that a folder's code calls, fetched over HTTP as Terraform would, for the gate on a laptop.

Circles are the registry's to find; here they end with the number of modules that are fetched.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from gate.modules import KnownModule, Modules
from gate.policy import Policy
from gate.report import Finding
from gate.screen import too_large
from terrasmith.registry_client import RegistryClient, RegistryError
from tfmodule import archive
from tfmodule.address import Address
from tfmodule.constraints import Constraints, Dialect, InvalidConstraintError
from tfmodule.files import FileMap, printable
from tfmodule.needs import MODULE, Need, needs_of
from tfmodule.sources import own_hosts, read_source
from tfmodule.version import Version

_MOST = 100
_SHOWN = 5


def fetch(files: FileMap, url: str, token: str | None) -> Modules:
    """What this registry has for every call of its modules, theirs included. Raises RegistryError."""
    hosts = own_hosts(urlsplit(url if "://" in url else f"https://{url}").netloc.rpartition("@")[2])
    if any(too_large(files, Policy())):
        return Modules(hosts)
    with RegistryClient(url, token) as registry:
        fetching = _Fetching(registry, hosts)
        fetching.follow(needs_of(files, hosts))
    return Modules(hosts, fetching.found, tuple(fetching.problems))


class _Fetching:
    def __init__(self, registry: RegistryClient, hosts: frozenset[str]) -> None:
        self.registry = registry
        self.hosts = hosts
        self.found: dict[tuple[str, str], KnownModule] = {}
        self.problems: list[Finding] = []
        self._versions: dict[str, tuple[Version, ...] | None] = {}
        self._modules: dict[tuple[str, Version], KnownModule] = {}

    def follow(self, own: Iterable[Need]) -> None:
        """Our own calls first; a problem further on is told where the first of ours leads to it."""
        waiting = [(need, need) for need in own if need.kind == MODULE]
        while waiting:
            need, ours = waiting.pop(0)
            if (need.source, need.constraint or "") not in self.found:
                module = self._module(need, ours)
                if module is not None:
                    self.found[need.source, need.constraint or ""] = module
                    inner = needs_of(module.files, self.hosts)
                    waiting += [(one, ours) for one in inner if one.kind == MODULE]

    def _module(self, need: Need, ours: Need) -> KnownModule | None:
        address = read_source(need.source).address
        assert address is not None, "it is a module of this registry"
        try:
            constraints = Constraints.parse(Dialect.MODULE, need.constraint)
        except InvalidConstraintError as error:
            self._tell(ours, ours.constraint_line, error.message, "Correct the `version`.")
            return None
        versions = self._listed(address)
        if versions is None:
            message = f"`{printable(need.source)}` is no module of this registry, or not one that you may read."
            self._tell(ours, ours.line, message, "Correct the address, or give a token that may read it.")
            return None
        chosen = constraints.choose(versions)
        if chosen is None:
            shown = ", ".join(str(one) for one in sorted(versions, reverse=True)[:_SHOWN]) or "none"
            message = f"No version of `{address}` meets `{printable(str(constraints))}`. There are: {shown}."
            self._tell(ours, ours.constraint_line, message, "Choose one of the versions there are.")
            return None
        return self._downloaded(address, chosen)

    def _tell(self, need: Need, line: int, message: str, fix: str) -> None:
        self.problems.append(Finding("module-call", "error", message, need.path, line, fix=fix))

    def _listed(self, address: Address) -> tuple[Version, ...] | None:
        if address.key not in self._versions:
            try:
                self._versions[address.key] = self.registry.versions(address)
            except RegistryError as error:
                if error.status != 404:
                    raise
                self._versions[address.key] = None
        return self._versions[address.key]

    def _downloaded(self, address: Address, version: Version) -> KnownModule:
        if (address.key, version) not in self._modules:
            if len(self._modules) >= _MOST:
                raise RegistryError(f"More than {_MOST} modules are called, all in all.")
            download = self.registry.download(address, version)
            if download.checksum != archive.sha256(download.data):
                raise RegistryError(f"The archive of `{address}` {version} is not what the registry says it is.")
            entries = archive.unpack(download.data)
            files = {entry.path: entry.data for entry in entries}
            self._modules[address.key, version] = KnownModule(str(version), files)
        return self._modules[address.key, version]
