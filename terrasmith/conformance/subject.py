"""The registry under test: one HTTP client that asks as Terraform asks, and what it answered so far, asked once.

Refuses to follow redirects by itself, and to show the token in anything it reports.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import httpx

from terrasmith.conformance.outcome import MismatchError, NotRunError, expect
from terrasmith.conformance.writing import Publisher
from terrasmith.visitor import Terraform
from tfmodule.address import Address

DISCOVERY = "/.well-known/terraform.json"
MAX_REDIRECTS = 3
MAX_DOCUMENT = 1 << 20
# The client gives discovery this long, all in all; the other requests have ten seconds each.
DISCOVERY_SECONDS = 11.0
MARK = "terrasmith-conformance"
"""What every User-Agent of ours ends with: a registry that knows it counts no downloads."""
AGENT = f"Terraform/1.11.4 (+https://www.terraform.io) {MARK}"
UNKNOWN_VERSION = "9999.9.9"

_SHOWN = 400
_ARCHIVE_TYPES = ("tar.gz", "tgz", "zip", "tar.xz", "txz", "tar.bz2", "tbz2")
_FORCED = re.compile(r"[A-Za-z0-9]+::")


@dataclass(frozen=True)
class Location:
    """A download location, taken apart as go-getter does it."""

    text: str
    url: str
    """Absolute, without what the client takes out of it: a forced getter, `//subdir`, `archive`, `checksum`."""
    subdir: str
    arguments: Mapping[str, str]
    """`archive` and `checksum`, as far as they were there."""
    getter: str

    @property
    def is_http(self) -> bool:
        return not self.getter and urlsplit(self.url).scheme in {"http", "https"}

    @property
    def archive_type(self) -> str | None:
        """What the client unpacks it as; None where it would have to ask."""
        path = urlsplit(self.url).path
        named = self.arguments.get("archive", "")
        return named or next((one for one in _ARCHIVE_TYPES if path.endswith(f".{one}")), None)


@dataclass
class Subject:
    """Where to ask, about which module, as whom, and with which clients."""

    base_url: str
    module: Address | None = None
    token: str | None = None
    clients: tuple[Terraform, ...] = ()
    publisher: Publisher | None = None
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.base_url = self.base_url.rstrip("/")
        self.http = httpx.Client(timeout=DISCOVERY_SECONDS, headers={"User-Agent": AGENT}, follow_redirects=False)

    def close(self) -> None:
        self.http.close()

    def shown(self, value: object) -> str:
        """A stranger's text as a report may hold it."""
        text = str(value)
        text = (text.replace(self.token, "<token>") if self.token else text).replace("\n", " ")
        visible = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[:_SHOWN])
        return visible if len(text) <= _SHOWN else f"{visible}…"

    @property
    def host(self) -> SplitResult:
        return urlsplit(self.base_url)

    def get(self, url: str, *, method: str = "GET", signed_in: bool = True, **headers: str) -> httpx.Response:
        """One request, no redirect followed. A path stays as it is written, `+` and all."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if sent.get("User-Agent"):
            sent["User-Agent"] += f" {MARK}"
        if signed_in and self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        return self.http.request(method, self.absolute(url), headers=sent)

    def follow(self, url: str, *, hops: int = 10, signed_in: bool = False, **headers: str) -> httpx.Response:
        """GET with redirects; the token never follows to another place than the first."""
        answer = self.get(url, signed_in=signed_in, **headers)
        for _ in range(hops):
            if not answer.has_redirect_location:
                return answer
            answer = self.get(urljoin(str(answer.request.url), answer.headers["location"]), signed_in=False, **headers)
        raise MismatchError(f"at most {hops} redirects", "more of them")

    def absolute(self, url: str) -> str:
        return urljoin(self.base_url + "/", url)

    @cached_property
    def discovery(self) -> httpx.Response:
        """The discovery document's answer, after the few redirects that a client follows."""
        return self.follow(DISCOVERY, hops=MAX_REDIRECTS, signed_in=True)

    @cached_property
    def services(self) -> dict[str, Any]:
        """The discovery document."""
        answer = self.discovery
        expect(answer.status_code == 200, "discovery answers 200", answer.status_code)
        return as_object(answer, "the discovery document")

    @cached_property
    def modules_url(self) -> str:
        """The absolute address under which the module protocol lives, with its slash."""
        value = self.services.get("modules.v1")
        expect(isinstance(value, str) and bool(value), "`modules.v1` in the discovery document", value)
        url = urljoin(str(self.discovery.request.url), str(value))
        return url if url.endswith("/") else f"{url}/"

    @property
    def address(self) -> Address:
        if self.module is None:
            raise NotRunError("needs --module NAMESPACE/NAME/SYSTEM")
        return self.module

    def endpoint(self, *parts: str, of: str | None = None) -> str:
        """An address under the module protocol: of our module, or of another one."""
        return self.modules_url + "/".join((of if of is not None else str(self.address), *parts))

    @cached_property
    def versions(self) -> httpx.Response:
        """The answer that lists the versions; redirects are followed, as the client does."""
        return self.follow(self.endpoint("versions"), signed_in=True)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The versions of the module, as they are written."""
        answer = self.versions
        expect(answer.status_code == 200, "the list of versions answers 200", _about(answer))
        modules = as_object(answer, "the list of versions").get("modules")
        first = modules[0] if isinstance(modules, list) and len(modules) == 1 else None
        expect(isinstance(first, dict), "one element in `modules`", modules)
        entries: Any = first["versions"] if isinstance(first, dict) and "versions" in first else None
        held = isinstance(entries, list) and all(
            isinstance(one, dict) and isinstance(one.get("version"), str) for one in entries
        )
        expect(held, "`modules[0].versions` is a list of objects with a `version`", entries)
        expect(bool(entries), "at least one version", "none")
        return tuple(one["version"] for one in entries)

    @cached_property
    def version(self) -> str:
        """The version that the checks install: the newest release, or whatever there is."""
        return newest(self.listed)

    @cached_property
    def download(self) -> httpx.Response:
        return self.get(self.endpoint(self.version, "download"))

    def location_of(self, answer: httpx.Response) -> Location:
        """The location in a download answer's header, where every Terraform looks."""
        text = answer.headers.get("x-terraform-get", "")
        expect(bool(text), "a header `X-Terraform-Get`", f"{_about(answer)} without it")
        return parse_location(text, str(answer.request.url))

    @cached_property
    def location(self) -> Location:
        """Where the archive is."""
        return self.location_of(self.download)

    @cached_property
    def archive_location(self) -> Location:
        if not self.location.is_http:
            raise NotRunError("the location is not fetched over http")
        return self.location

    @cached_property
    def archive(self) -> httpx.Response:
        """The archive, fetched as the client fetches it: without the token, redirects followed."""
        answer = self.follow(self.archive_location.url)
        expect(answer.status_code == 200, "the archive without the token, 200", _about(answer))
        return answer

    @cached_property
    def is_private(self) -> bool:
        """Whether a stranger is turned away where our token is let in."""
        if self.token is None:
            return False
        return self.get(self.endpoint("versions"), signed_in=False).status_code in {401, 403, 404}


def as_object(answer: httpx.Response, what: str) -> dict[str, Any]:
    """A JSON object out of an answer."""
    try:
        value = answer.json()
    except ValueError:
        raise MismatchError(f"{what} as JSON", answer.text[:120]) from None
    expect(isinstance(value, dict), f"{what} as a JSON object", value)
    found: dict[str, Any] = value
    return found


def media_type(answer: httpx.Response) -> str:
    """The media type, without its parameters."""
    return str(answer.headers.get("content-type", "")).split(";")[0].strip().lower()


def newest(versions: tuple[str, ...]) -> str:
    """The newest release among these texts; a prerelease, or the first of what nobody can read, where there is none."""
    from tfmodule.version import InvalidVersionError, latest, parse_tag

    readable = {}
    for text in versions:
        try:
            readable[parse_tag(text)] = text
        except InvalidVersionError:
            continue
    best = latest(readable)
    return readable[best] if best is not None else versions[0]


def parse_location(text: str, endpoint: str) -> Location:
    """Take a location apart; a relative one is resolved against the endpoint that gave it."""
    match = _FORCED.match(text)
    getter = match.group(0)[:-2] if match else ""
    rest = text[match.end() :] if match else text
    # The subdirectory comes off first: resolving the address would swallow a `..` in it.
    before, _, query = rest.partition("?")
    scheme, colon, below = before.partition("://") if "://" in before else ("", "", before)
    place, found, subdir = below.partition("//")
    address = f"{scheme}{colon}{place}"
    parts = urlsplit(urljoin(endpoint, address) if address.startswith(("/", "./", "../")) else address)
    kept: list[str] = []
    arguments: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name in {"archive", "checksum"}:
            arguments[name] = unquote(value)
        else:
            kept.append(pair)
    url = parts._replace(query="&".join(kept)).geturl()
    return Location(text, url, subdir if found else "", arguments, getter)


def _about(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text[:80]}".strip()
