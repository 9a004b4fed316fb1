"""Where a module block's `source` leads, by Terraform's rules: inside, to a registry, or elsewhere. Fetches nothing."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tfmodule.address import Address, InvalidAddressError

Kind = Literal["local", "registry", "git", "http", "s3", "gcs", "mercurial", "unknown"]

PUBLIC_REGISTRY = "registry.terraform.io"
"""Where a source without a host leads; for OpenTofu it is another."""

# As the client reads a registry's host: a dot is needed, a port may follow.
_HOST = re.compile(
    r"[0-9A-Za-z](?:[0-9A-Za-z-]*\.)+[0-9A-Za-z-]*[0-9A-Za-z](?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\]:[0-9]{1,5}"
)
_NEVER_REGISTRIES = frozenset({"github.com", "bitbucket.org"})
_FORCED: dict[str, Kind] = {
    "git": "git", "hg": "mercurial", "s3": "s3", "gcs": "gcs", "http": "http", "https": "http",
}  # fmt: skip
_GIT_HOSTS = ("github.com/", "bitbucket.org/", "gitlab.com/", "codeberg.org/")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Source:
    """`address` and `host` are those of a registry module. `submodule` is what stands after `//`, or a local path."""

    text: str
    kind: Kind
    address: Address | None = None
    host: str = ""
    submodule: str = ""


def read_source(text: str) -> Source:
    """Read a `source` as it stands in a module; never raises."""
    if text.startswith(("./", "../")) or text in (".", ".."):
        return Source(text, "local", submodule=text)
    found = _registry(text)
    return found if found is not None else Source(text, _elsewhere(text))


def within(part: str, source: Source) -> str | None:
    """The directory a local source leads to from a part of the same archive; None where it leads out."""
    target = posixpath.normpath(posixpath.join(part, source.submodule))
    if target == ".." or target.startswith("../"):
        return None
    return "" if target == "." else target


def own_hosts(host: str) -> frozenset[str]:
    """The ways in which a source can name the registry at this `HOST[:PORT]`; a client asks none without TLS."""
    parts = urlsplit(f"https://{host}")
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    names = {name, *(_LOOPBACK if name in _LOOPBACK else ())}
    ports = ("", ":443") if parts.port in (None, 443) else (f":{parts.port}",)
    return frozenset(one + port for one in names for port in ports)


def provider_address(text: str) -> str | None:
    """`host/namespace/type` in lower case for a provider's source as written; None when it is no provider address."""
    parts = text.lower().split("/")
    if not all(parts) or any(not set(part) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.:") for part in parts):
        return None
    if len(parts) == 1:
        return f"{PUBLIC_REGISTRY}/hashicorp/{parts[0]}"
    if len(parts) == 2:
        return f"{PUBLIC_REGISTRY}/{parts[0]}/{parts[1]}"
    return "/".join(parts) if len(parts) == 3 else None


def is_ours(source: Source, hosts: Iterable[str]) -> bool:
    """Whether it names a module of the registry with these hosts."""
    return source.address is not None and source.host.casefold() in hosts


def _registry(text: str) -> Source | None:
    before, _, submodule = text.partition("//")
    parts = before.split("/")
    host = parts.pop(0) if len(parts) == 4 else PUBLIC_REGISTRY
    if len(parts) != 3 or not _HOST.fullmatch(host) or host.casefold() in _NEVER_REGISTRIES:
        return None
    if host == PUBLIC_REGISTRY and parts[0].casefold() in _NEVER_REGISTRIES:
        return None
    try:
        address = Address(*parts)
    except InvalidAddressError:
        return None
    return Source(text, "registry", address, host, submodule.rstrip("/"))


def _elsewhere(text: str) -> Kind:
    forced, divider, rest = text.partition("::")
    if divider and forced in _FORCED:
        return _FORCED[forced]
    if text.startswith(_GIT_HOSTS) or re.match(r"[\w.-]+@[\w.-]+:", text):
        return "git"
    url = re.match(r"([a-z][a-z0-9+.-]*)://[^/?#]*([^?#]*)", rest if divider else text)
    if url is None:
        return "unknown"
    if url[1] in ("http", "https"):
        return "git" if url[2].endswith(".git") else "http"
    return _FORCED.get(url[1], "git" if url[1] == "ssh" else "unknown")
