"""The publish API as its client sees it, over HTTP alone: send an archive, look how far it is. Tells every failure.

The token goes to the address it was given for and nowhere else: no redirect is followed.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from core.errors import UserError
from tfmodule.address import Address
from tfmodule.files import printable
from tfmodule.version import Version

_TIMEOUT = httpx.Timeout(30.0, read=120.0, write=120.0)
_MOST_JSON = 16 << 20
_TRIES = 5
_AGAIN = frozenset({429, 502, 503, 504})
_CHUNK = 64 * 1024
_HOST = re.compile(r"[\w.:-]+")


class CouldNotError(UserError):
    """It did not come to a judgement: the line says what was in the way."""


class SaidNoError(UserError):
    """The registry will not have this as this version."""


@dataclass(frozen=True)
class Body:
    """What is sent, so that it can be sent again: from memory, or from a file without reading it whole."""

    source: bytes | Path
    size: int
    content_digest: str

    def open(self) -> bytes | Iterator[bytes]:
        return self.source if isinstance(self.source, bytes) else _pieces(self.source)


class PublishClient:
    """One registry and one token. Use `with`. Raises CouldNotError and SaidNoError."""

    def __init__(self, url: str, token: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url = _checked(url)
        self._sleep = sleep
        self._http = httpx.Client(timeout=_TIMEOUT, headers={"Authorization": f"Bearer {_sendable(token)}"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, address: Address | str, version: Version | str, body: Body, key: str) -> Mapping[str, Any]:
        """The upload. Sent again with the same key where the connection broke: that makes no second one."""
        headers = {
            "Content-Type": "application/gzip",
            "Content-Length": str(body.size),
            "Content-Digest": body.content_digest,
            "Idempotency-Key": key,
        }
        return self._ask(
            "POST", f"/v1/modules/{quote(str(address))}/{quote(str(version), safe='')}/upload", headers, body
        )

    def look(self, upload_id: str) -> Mapping[str, Any]:
        """The upload as it is now."""
        return self._ask("GET", self.path_of(upload_id), {}, None)

    def path_of(self, upload_id: str) -> str:
        """Where anybody with the token can look at it."""
        return f"/v1/uploads/{quote(upload_id, safe='')}"

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: Body | None) -> Mapping[str, Any]:
        tried = 0
        while True:
            tried += 1
            wait = 2.0 ** (tried - 1)
            try:
                status, told, data = self._once(method, path, headers, body)
            except httpx.ConnectError as error:
                # Nothing was there to begin with; in the middle of following it may come back.
                if body is not None or tried >= _TRIES:
                    raise CouldNotError(f"{self.url} cannot be reached: {_plain(error)}.") from error
            except httpx.HTTPError as error:
                if tried >= _TRIES:
                    raise CouldNotError(f"The connection to {self.url} broke: {_plain(error)}.") from error
            else:
                if status not in _AGAIN or tried >= _TRIES:
                    return _understood(self.url + path, status, told, data)
                wait = _seconds(told.get("retry-after"), wait)
            self._sleep(wait)

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: Body | None
    ) -> tuple[int, httpx.Headers, bytes]:
        content = body.open() if body else None
        with self._http.stream(method, self.url + path, headers=dict(headers), content=content) as reply:
            data = bytearray()
            for piece in reply.iter_bytes():
                data += piece
                if len(data) > _MOST_JSON:
                    break
        return reply.status_code, reply.headers, bytes(data)


def _understood(url: str, status: int, told: httpx.Headers, data: bytes) -> Mapping[str, Any]:
    values = _json(data)
    if status in (200, 202) and isinstance(values.get("id"), str) and isinstance(values.get("state"), str):
        return values
    errors = values.get("errors")
    said = _words(str(errors[0])) if isinstance(errors, list) and errors else ""
    match status:
        case 401:
            raise CouldNotError("The registry does not know this token: it is mistyped, expired or revoked.")
        case 409:
            raise SaidNoError(said or "The registry says that this version is taken.")
        case _ if 300 <= status < 400:
            raise CouldNotError(f"{url} leads to {printable(told.get('location', '?'))}: name that address as --url.")
        case _ if status < 300 or (status == 404 and not said):
            raise CouldNotError(f"{url} answered {status}, but not as a Terrasmith registry does: is --url right?")
        case _:
            raise CouldNotError(f"The registry answered {status}: {said or 'it did not say why'}")


def _words(text: str) -> str:
    """The registry's sentence on one line, without anything that could move a terminal's cursor."""
    return "".join(one if one.isprintable() else " " for one in text[:600]).strip()


def _json(data: bytes) -> dict[str, Any]:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is none
        fine = False
    if not fine or parts.query or parts.fragment or "@" in parts.netloc:
        raise CouldNotError(f"`{printable(url)}` is no address of a registry: write https://registry.example.com")
    return url.rstrip("/")


def _sendable(token: str) -> str:
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise CouldNotError("The token is empty, or holds characters that no token has.")
    return token


def _seconds(text: str | None, otherwise: float) -> float:
    return min(float(text), 30.0) if text and text.isascii() and text.isdigit() else otherwise


def _plain(error: Exception) -> str:
    return printable(str(error).strip() or type(error).__name__).rstrip(".")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
