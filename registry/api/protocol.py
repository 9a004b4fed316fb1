"""The module protocol: versions and download. Knows paths and headers: the catalogue says what exists for whom."""

from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from accounts.http import principal_of
from core import clock
from core.db import Database
from registry.api.json_body import json_response
from registry.services import catalog, downloads, provenance
from tfmodule.address import Address

_PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
# The download answer also depends on what the client can follow.
_CLIENT = {"Vary": "Authorization, User-Agent"}
# Short: a proxy in between may be this many seconds behind a publication.
_PUBLIC = {"Cache-Control": "public, max-age=10", "Vary": "Authorization"}


@dataclass(frozen=True)
class Protocol:
    """The endpoints of `modules.v1`."""

    database: Database
    signing_key: bytes
    base_url: str

    def versions(self, request: Request) -> Response:
        """`GET :namespace/:name/:system/versions`."""
        asked = _address(request)
        with self.database.read() as session:
            module = catalog.versions(session, asked, principal_of(request))
        listed = [{"version": str(version)} for version in module.versions]
        moved = {"moved_to": str(module.address)} if has_moved(asked, module.address) else {}
        body = {"modules": [{"source": module.source_url or str(module.address), "versions": listed, **moved}]}
        return json_response(body, headers=_PUBLIC if module.public else _PRIVATE)

    def download(self, request: Request) -> Response:
        """`GET :namespace/:name/:system/:version/download`: the location in the header, and again in the body.

        Terraform reads the header, some versions of OpenTofu the body; all of them like a 200.
        """
        principal = principal_of(request)
        with self.database.read() as session:
            version = catalog.version(session, _address(request), _segment(request, "version"), principal)
        agent = request.headers.get("user-agent", "")
        found = downloads.answer(
            version, principal, self.signing_key, clock.now(), user_agent=agent, base_url=self.base_url
        )
        headers = {**(_PUBLIC if version.public else _PRIVATE), **_CLIENT, "X-Terraform-Get": found.location}
        # Absent unless it is true: to a client that knows it, `false` would mean something too.
        flag = {"use_registry_credentials": True} if found.by_token else {}
        return json_response({"location": found.location, **flag}, headers=headers)

    def provenance(self, request: Request) -> Response:
        """`GET :namespace/:name/:system/:version/provenance`: where it comes from, for whoever may install it."""
        with self.database.read() as session:
            version = catalog.version(session, _address(request), _segment(request, "version"), principal_of(request))
        body = provenance.of(version)
        return json_response(body, headers=_PUBLIC if version.public else _PRIVATE)


def has_moved(asked: Address, found: Address) -> bool:
    """Whether the account was renamed since. The old address works for good, and says where it leads."""
    return asked.namespace.casefold() != found.namespace.casefold()


def _address(request: Request) -> Address:
    return catalog.parse_address(*(_segment(request, part) for part in ("namespace", "name", "system")))


def _segment(request: Request, name: str) -> str:
    # The path was matched as it was sent: a `%2F` in it is part of a segment, not the end of one.
    return unquote(request.path_params[name])
