"""A registry as any client sees it: discovery, download, provenance, facts. HTTP alone; believes no answer as it comes.

The token goes to the registry's own host and nowhere else: neither to an archive's location nor after a redirect.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import httpx

from core.errors import UserError
from tfmodule.address import Address
from tfmodule.archive import DEFAULT_LIMITS
from tfmodule.files import printable
from tfmodule.version import Version

_SERVICE = "modules.v1"
_MOST_JSON = 4 << 20
_SECONDS = 30.0
_PAGE = 100


class RegistryError(UserError):
    """The registry did not answer, said no with this status, or said something that no registry says."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Download:
    """An archive as it came. `checksum` is the SHA-256 that the registry told Terraform to hold it to."""

    data: bytes
    checksum: str | None


class RegistryClient:
    """Asks one registry. Use it as a context manager. Raises RegistryError."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RegistryError(f"`{printable(url)}` is no address of a registry: write https://registry.example.com")
        self._url = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
        self._token = token
        self._http = httpx.Client(timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def provenance(self, address: Address, version: Version) -> Mapping[str, Any]:
        """What the registry says of where a version comes from."""
        return self._json(self._module(address, version, "provenance"))[0]

    def compatible(self, address: Address, asked: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
        """Which versions work with what is asked about."""
        return self._json(urljoin(self._url, f"/api/v1/modules/{address}/compatible?{urlencode(asked)}"))[0]

    def facts(self, address: Address, version: str) -> Mapping[str, Any]:
        """All that the registry says of a version; `latest` is one too."""
        return self._json(urljoin(self._url, f"/api/v1/modules/{address}/versions/{quote(version, safe='')}"))[0]

    def findings(self, address: Address, version: str) -> Mapping[str, Any]:
        """What the gate said of a version, and of what; `latest` is one too."""
        below = f"{address}/versions/{quote(version, safe='')}/findings"
        return self._json(urljoin(self._url, f"/api/v1/modules/{below}"))[0]

    def modules(self, namespace: str) -> Iterator[Mapping[str, Any]]:
        """The modules of a namespace that may be read, as the lists show them, a page after the other."""
        offset: int | None = 0
        while offset is not None:
            asked = urlencode({"namespace": namespace, "limit": _PAGE, "offset": offset})
            body = self._json(urljoin(self._url, f"/api/v1/modules?{asked}"))[0]
            try:
                modules, following = list(body["modules"]), body["meta"].get("next_offset")
            except (LookupError, TypeError, AttributeError) as error:
                raise RegistryError("The registry lists modules in a form that this release cannot read.") from error
            yield from modules
            # A page that leads nowhere, or back, is the last one.
            offset = following if isinstance(following, int) and following > offset and modules else None

    def download(self, address: Address, version: Version) -> Download:
        """The archive, found as Terraform finds it."""
        asked = self._module(address, version, "download")
        body, reply = self._json(asked)
        location = reply.headers.get("x-terraform-get") or body.get("location")
        if not isinstance(location, str):
            raise RegistryError("The registry names no location for the archive.")
        parts = urlsplit(urljoin(asked, location))
        query = parse_qsl(parts.query, keep_blank_values=True)
        told = dict(query).get("checksum", "")
        kept = [(name, value) for name, value in query if name not in ("archive", "checksum")]
        plain = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(kept), ""))
        data, _ = self._get(plain, DEFAULT_LIMITS.compressed, redirects=True)
        return Download(data, told.removeprefix("sha256:") if told.startswith("sha256:") else None)

    def search(self, question: Mapping[str, str]) -> Mapping[str, Any]:
        """What it finds for words and filters (docs/SEARCH.md)."""
        return self._json(urljoin(self._url, "/api/v1/search") + f"?{urlencode(question)}")[0]

    def versions(self, address: Address) -> tuple[Version, ...]:
        """What can be installed of a module. An unknown one: RegistryError with status 404."""
        body = self._json(self._below(f"{address}/versions"))[0]
        try:
            return tuple(Version.parse(one["version"]) for one in body["modules"][0]["versions"])
        except (LookupError, TypeError, AttributeError) as error:
            raise RegistryError("The registry lists versions in a form that this release cannot read.") from error

    def _module(self, address: Address, version: Version, what: str) -> str:
        return self._below(f"{address}/{quote(str(version), safe='')}/{what}")

    def _below(self, path: str) -> str:
        discovered, _ = self._json(urljoin(self._url, "/.well-known/terraform.json"))
        service = discovered.get(_SERVICE)
        if not isinstance(service, str):
            raise RegistryError(f"{self._url} is no module registry: its discovery names no {_SERVICE}.")
        base = urljoin(self._url, service)
        if urlsplit(base)[:2] != urlsplit(self._url)[:2]:
            raise RegistryError(f"The registry serves modules at another host, {printable(base)}: name that as --url.")
        return urljoin(base, path)

    def _json(self, url: str) -> tuple[Mapping[str, Any], httpx.Response]:
        data, reply = self._get(url, _MOST_JSON, redirects=False)
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise RegistryError(f"{printable(url)} did not answer with a JSON object.")
        return body, reply

    def _get(self, url: str, most: int, *, redirects: bool) -> tuple[bytes, httpx.Response]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token and not redirects else {}
        data = bytearray()
        try:
            with self._http.stream("GET", url, headers=headers, follow_redirects=redirects) as reply:
                # As they were sent: an archive must not be unpacked on the way.
                for piece in reply.iter_raw() if redirects else reply.iter_bytes():
                    data += piece
                    if len(data) > most:
                        raise RegistryError(f"{printable(url)} sends more than {most >> 20} MiB.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RegistryError(f"{printable(url)} did not answer: {error}") from error
        if reply.status_code != 200:
            raise RegistryError(f"{printable(url)} answered {reply.status_code}{_said(bytes(data))}", reply.status_code)
        return bytes(data), reply


def _said(body: bytes) -> str:
    try:
        errors = json.loads(body)["errors"]
        return f": {printable(str(errors[0]))}"
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
