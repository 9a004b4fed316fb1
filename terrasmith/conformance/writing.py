"""The seam for checks that publish: what they need of a registry's publish API, and how one is found.

Refuses to guess: a registry whose publish API we do not know has its write checks not run, with that as the reason.
"""

import time
from collections.abc import Mapping
from secrets import token_hex
from typing import Any, Protocol

import httpx

from core.errors import TerrasmithError, UserError
from registry.services.staging import content_digest
from terrasmith.publish_client import Body, PublishClient
from tfmodule.archive import Entry, pack, sha256

_PAUSE = 0.2
_SECONDS = 30.0


class PublishRefusedError(TerrasmithError):
    """The registry would not publish this, and what it said."""


class Publisher(Protocol):
    """Publishes one version and waits for the outcome."""

    def publish(self, address: str, version: str, files: Mapping[str, bytes]) -> None:
        """Return when the version can be installed; raise PublishRefusedError with the registry's words."""


class UploadPublisher:
    """Publishes by the upload API of a Terrasmith registry, whatever it is asked to: to refuse is the registry's."""

    def __init__(self, base_url: str, token: str, *, patience: float = 300.0) -> None:
        self._url, self._token, self._patience = base_url, token, patience

    def publish(self, address: str, version: str, files: Mapping[str, bytes]) -> None:
        data = pack(Entry(path, content) for path, content in sorted(files.items()))
        body = Body(data, len(data), content_digest(sha256(data)))
        try:
            with PublishClient(self._url, self._token) as client:
                upload = self._followed(client, client.send(address, version, body, token_hex(16)))
        except UserError as error:
            raise PublishRefusedError(error.message) from error
        if upload["state"] != "published":
            raise PublishRefusedError(f"{upload['state']}: {upload.get('reason')}")

    def _followed(self, client: PublishClient, upload: Mapping[str, Any]) -> Mapping[str, Any]:
        deadline = time.monotonic() + self._patience
        while upload.get("under_way"):
            if time.monotonic() > deadline:
                raise PublishRefusedError(f"it is still {upload['state']} after {self._patience:.0f} s")
            time.sleep(_PAUSE)
            upload = client.look(upload["id"])
        return upload


def find_publisher(base_url: str, token: str | None) -> Publisher | None:
    """The publish API of the registry at this address; None where it has none that we can speak."""
    if not token:
        return None
    try:
        described = httpx.get(f"{base_url}/api/v1/openapi.json", timeout=_SECONDS).json()
        ours = described["info"]["title"] == "Terrasmith"
    except (httpx.HTTPError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return UploadPublisher(base_url, token) if ours else None
