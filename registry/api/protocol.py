"""The module protocol: versions and download. Knows paths and headers: the catalogue says what exists for whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from accounts.http import principal_of
from accounts.tokens import Principal
from core import clock
from core.db import Database
from registry.api import standings
from registry.api.json_body import json_response
from registry.services import catalog, clients, downloads, provenance
from registry.services.clients import Manner
from tfmodule.address import Address

_PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
# The download answer also depends on what the client can follow.
_CLIENT = {"Vary": "Authorization, User-Agent"}
# Short: a proxy in between may be this many seconds behind a publication.
_PUBLIC = {"Cache-Control": "public, max-age=10", "Vary": "Authorization"}


@dataclass(frozen=True)
class Reply:
    """An answer and how far it reaches: the hot path keeps exactly what this file says, for whom it says it.

    A `public` one is the same for everybody, any other for its one token only. From `until` on it is another one.
    """

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    public: bool
    namespace_id: str
    module_id: str
    version_id: str | None = None
    until: datetime | None = None

    def response(self) -> Response:
        return json_response(self.body, headers=self.headers)


@dataclass(frozen=True)
class Protocol:
    """The endpoints of `modules.v1`."""

    database: Database
    signing_key: bytes
    base_url: str
    count: Callable[[str, str], None] = lambda _version_id, _user_agent: None

    def versions(self, request: Request) -> Response:
        """`GET :namespace/:name/:system/versions`."""
        with self.database.read() as session:
            return self.versions_of(session, _address(request), principal_of(request)).response()

    def versions_of(self, session: Session, address: Address, principal: Principal | None) -> Reply:
        """Its answer. Raises what the catalogue raises."""
        module = catalog.versions(session, address, principal)
        return Reply(
            body=standings.versions_body(module, address, self.base_url),
            headers={**(_PUBLIC if module.public else _PRIVATE), **standings.headers(module.deprecation)},
            public=module.public,
            namespace_id=module.namespace_id,
            module_id=module.id,
        )

    def download(self, request: Request) -> Response:
        """`GET :namespace/:name/:system/:version/download`: the location in the header, and again in the body.

        Terraform reads the header, some versions of OpenTofu the body; all of them like a 200.
        """
        agent = request.headers.get("user-agent", "")
        asked, principal = (_address(request), _segment(request, "version")), principal_of(request)
        with self.database.read() as session:
            reply = self.download_of(session, *asked, principal, clients.manner(agent))
        if request.method == "GET" and reply.version_id:
            self.count(reply.version_id, agent)
        return reply.response()

    def download_of(
        self, session: Session, address: Address, version: str, principal: Principal | None, manner: Manner
    ) -> Reply:
        """Its answer. Raises what the catalogue raises."""
        served = catalog.served(session, address, version, principal)
        found = downloads.answer(
            served, principal, self.signing_key, clock.now(), manner=manner, base_url=self.base_url
        )
        # Absent unless it is true: to a client that knows it, `false` would mean something too.
        flag = {"use_registry_credentials": True} if found.by_token else {}
        headers = {**(_PUBLIC if served.public else _PRIVATE), **_CLIENT, "X-Terraform-Get": found.location}
        return Reply(
            body={"location": found.location, **flag},
            headers={**headers, **standings.headers(served.standing)},
            public=served.public,
            namespace_id=served.namespace_id,
            module_id=served.module_id,
            version_id=served.id,
            until=found.until,
        )

    def provenance(self, request: Request) -> Response:
        """`GET :namespace/:name/:system/:version/provenance`: where it comes from, for whoever may install it."""
        with self.database.read() as session:
            version = catalog.version(session, _address(request), _segment(request, "version"), principal_of(request))
        body = provenance.of(version)
        return json_response(body, headers=_PUBLIC if version.public else _PRIVATE)


def _address(request: Request) -> Address:
    return catalog.parse_address(*(_segment(request, part) for part in ("namespace", "name", "system")))


def _segment(request: Request, name: str) -> str:
    # The path was matched as it was sent: a `%2F` in it is part of a segment, not the end of one.
    return unquote(request.path_params[name])
