"""How requests travel: timeouts, retries, rate limits, redirects. Knows HTTP and the configured host, and no meaning
of any answer. Refuses to be used inside a unit of work, to send a write twice on doubt, and to follow anywhere else.

githubkit signs the app's JWT and builds the client. Its retries (POST too), its sleeping until a rate limit ends, its
redirects (a POST becomes a GET) and its HTTP cache (answers in clear, which may be private code) stay switched off.
"""

import os
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from githubkit import AppAuthStrategy
from githubkit import GitHub as Githubkit
from githubkit.auth.token import TokenAuth
from githubkit.cache import MemCacheStrategy

from bot.github.errors import GitHubError, RateLimitedError
from core import clock
from core.db import refuse_inside_unit_of_work
from core.errors import Transient, UserError
from core.settings import Settings

# One version for every host: GHES knows 2026-03-10 only from 3.21 on, and this one lives until 2028 at least (G14).
API_VERSION = "2022-11-28"
USER_AGENT = "terrasmith"
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
RETRY_WAITS = (0.25, 1.0)
PATIENCE_SECONDS = 2.0
DEFAULT_LIMIT_WAIT = 60.0
UNAVAILABLE_WAIT = 5.0
DOWNLOAD_SECONDS = 300.0
MAX_HOPS = 3

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LIMIT_WORDS = re.compile(r"rate limit|abuse detection|temporarily blocked", re.IGNORECASE)


class Pace(Protocol):
    """Where a governor for writes fits in: it waits, or raises Transient, before a write goes out.

    `installation_id` is None for what the app does as itself.
    """

    def before_write(self, what: str, installation_id: int | None) -> None: ...


class Unpaced:
    """No gap between writes."""

    def before_write(self, what: str, installation_id: int | None) -> None:
        return


@dataclass(frozen=True)
class Outgoing:
    """One request. `url` is a path under the REST address, or absolute. `token` None means: as the app itself."""

    what: str
    method: str
    url: str
    again: bool
    token: str | None = field(default=None, repr=False)
    query: Mapping[str, str | int] | None = None
    json: Any = None
    installation_id: int | None = None

    @property
    def writes(self) -> bool:
        return self.method != "GET"


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Whom we believe that a host is GitHub. Reading them costs 30 ms of a core: a process that forks asks before."""
    return httpx.create_ssl_context()


class Transport:
    """One HTTP client per process. Close it at the end; after a fork the child opens its own."""

    def __init__(
        self,
        settings: Settings,
        *,
        http: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        pace: Pace | None = None,
    ) -> None:
        if settings.github_app_id is None or settings.github_private_key is None:
            raise ValueError("the gateway needs the app's id and private key: load the settings for the role `worker`")
        self.api_url = settings.github_api_url
        self._settings = settings
        self._http = http
        self._sleep = sleep
        self._pace = pace or Unpaced()
        self._hosts = _hosts(settings.github_api_url, settings.github_web_url)
        self._open = ExitStack()
        self._client: httpx.Client | None = None
        self._pid = 0

    @property
    def graphql_url(self) -> str:
        """`/api/graphql` beside `/api/v3` on GHES, `/graphql` elsewhere."""
        base = self.api_url
        return f"{base.removesuffix('/v3')}/graphql" if base.endswith("/api/v3") else f"{base}/graphql"

    def close(self) -> None:
        """Close the connections of this process."""
        if self._pid == os.getpid():
            self._open.close()
        self._client = None

    def send(self, call: Outgoing) -> httpx.Response:
        """One answer below 500 that is neither a rate limit nor a redirect. Raises Transient for what time may heal."""
        waits, patience, hops = list(RETRY_WAITS), PATIENCE_SECONDS, 0
        while True:
            try:
                response = self._once(call)
            except httpx.RequestError as error:
                if waits and (call.again or isinstance(error, _NEVER_SENT)):
                    self._sleep(waits.pop(0))
                    continue
                raise _unanswered(call, error) from error
            if response.status_code >= 500:
                if waits and call.again:
                    self._sleep(waits.pop(0))
                    continue
                raise Transient(f"GitHub failed at {call.what}: {told(response)}", UNAVAILABLE_WAIT)
            wait = limit_wait(response)
            if wait is not None:
                if wait > patience:
                    raise RateLimitedError(f"GitHub limits {call.what}: {told(response)}", wait)
                patience -= max(wait, 0.1)
                self._sleep(wait)
                continue
            if response.status_code not in _REDIRECTS:
                return response
            call, hops = self._moved(call, response), hops + 1
            if hops > MAX_HOPS:
                raise GitHubError(f"GitHub redirects {call.what} in circles", status=response.status_code)

    def download(self, call: Outgoing, limit: int) -> bytes:
        """The bytes behind a redirect to GitHub's own download host, at most `limit` of them."""
        waits = list(RETRY_WAITS)
        while True:
            try:
                with self._streamed(call) as response:
                    if response.status_code < 500 or not waits:
                        return _bounded(response, limit)
            except httpx.RequestError as error:
                if not waits:
                    raise _unanswered(call, error) from error
            self._sleep(waits.pop(0))

    @contextmanager
    def _streamed(self, call: Outgoing) -> Iterator[httpx.Response]:
        for _ in range(MAX_HOPS):
            first = self._once(call, stream=True)
            try:
                if first.status_code not in _REDIRECTS:
                    yield first
                    return
                target = first.next_request.url if first.next_request else httpx.URL()
            finally:
                first.close()
            if not self._is_download_host(target):
                raise GitHubError(f"GitHub sends {call.what} to another host: {target.host}", status=first.status_code)
            # The address authorises itself; our token goes to the REST host only.
            call = replace(call, url=str(target), query=None, token=call.token if self._is_api(target) else "")
        raise GitHubError(f"GitHub redirects {call.what} in circles", status=302)

    def _once(self, call: Outgoing, *, stream: bool = False) -> httpx.Response:
        refuse_inside_unit_of_work(f"GitHub ({call.what})")
        if call.writes:
            self._pace.before_write(call.what, call.installation_id)
        client = self._connected()
        headers = {"X-GitHub-Api-Version": API_VERSION} | ({"Accept-Encoding": "identity"} if stream else {})
        request = client.build_request(call.method, call.url, params=call.query, json=call.json, headers=headers)
        if call.token is None:
            return client.send(request, stream=stream)
        return client.send(request, stream=stream, auth=TokenAuth(call.token) if call.token else None)

    def _moved(self, call: Outgoing, response: httpx.Response) -> Outgoing:
        """A renamed repository: GitHub names the same place by the repository's id. Followed with the same method."""
        target = response.next_request.url if response.next_request else httpx.URL()
        base = urlsplit(self.api_url).path
        by_id = re.match(rf"{re.escape(base)}/repositories/\d+(/|$)", target.path)
        if not self._is_api(target) or (call.writes and not by_id):
            raise GitHubError(
                f"GitHub redirects {call.what} to a place we do not follow to: {target.host}",
                status=response.status_code,
                request_id=response.headers.get("x-github-request-id"),
            )
        return replace(call, url=str(target), query=None if target.query else call.query)

    def _connected(self) -> httpx.Client:
        if self._client is None or self._pid != os.getpid():
            self._open = ExitStack()  # after a fork the parent's connections are the parent's
            self._client = self._open.enter_context(self._githubkit().get_sync_client())
            self._pid = os.getpid()
        return self._client

    def _githubkit(self) -> "Githubkit[AppAuthStrategy]":
        key = self._settings.github_private_key
        assert key is not None
        assert self._settings.github_app_id is not None
        return Githubkit(
            AppAuthStrategy(self._settings.github_app_id, key.get_secret_value()),
            base_url=self.api_url,
            user_agent=USER_AGENT,
            follow_redirects=False,
            timeout=TIMEOUT,
            ssl_verify=trusted_authorities(),
            transport=self._http,
            cache_strategy=MemCacheStrategy(),  # of its own: the default one is shared by everything in the process
            http_cache=False,
            auto_retry=False,
        )

    def _is_api(self, url: httpx.URL) -> bool:
        return _origin(str(url)) == _origin(self.api_url)

    def _is_download_host(self, url: httpx.URL) -> bool:
        return _origin(str(url)) in self._hosts


def _unanswered(call: Outgoing, error: httpx.RequestError) -> Transient:
    return Transient(f"GitHub did not answer {call.what}: {type(error).__name__}", UNAVAILABLE_WAIT)


def told(response: httpx.Response) -> str:
    """Status, GitHub's own message and the request id: all that may be repeated of an answer."""
    request_id = response.headers.get("x-github-request-id")
    text = f"{response.status_code} {message_of(response)[:300]}".strip()
    return f"{text} (request id {request_id})" if request_id else text


def message_of(response: httpx.Response) -> str:
    """The `message` of an error answer, or nothing."""
    body = json_of(response)
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else ""


def json_of(response: httpx.Response) -> Any:
    """The decoded body, None when it is empty or not JSON."""
    try:
        return response.json() if response.content else None
    except ValueError:
        return None


def limit_wait(response: httpx.Response) -> float | None:
    """Seconds to wait when this answer is a rate limit, primary or secondary, else None (G17).

    A secondary limit may come with neither header; then only its text tells it from a refusal.
    """
    if response.status_code not in (403, 429):
        return None
    headers = response.headers
    if "retry-after" in headers:
        return _seconds(headers["retry-after"], DEFAULT_LIMIT_WAIT)
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    if exhausted and "x-ratelimit-reset" in headers:
        # Measured on GitHub's own clock, so that a wrong clock here cannot make the wait endless.
        reset = _seconds(headers["x-ratelimit-reset"], 0.0)
        return max(1.0, reset - _date_of(response)) if reset else DEFAULT_LIMIT_WAIT
    if exhausted or response.status_code == 429 or _LIMIT_WORDS.search(message_of(response)):
        return DEFAULT_LIMIT_WAIT
    return None


def _seconds(text: str, fallback: float) -> float:
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d+)?", text.strip()) else fallback


def _date_of(response: httpx.Response) -> float:
    try:
        return parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return clock.now().timestamp()


def _bounded(response: httpx.Response, limit: int) -> bytes:
    if response.status_code >= 500:
        raise Transient(f"GitHub failed at a download: {response.status_code}", UNAVAILABLE_WAIT)
    if response.status_code != 200:
        response.read()
        wait = limit_wait(response)
        if wait is not None:
            raise RateLimitedError(f"GitHub limits a download: {told(response)}", wait)
        raise GitHubError(f"GitHub refused a download: {told(response)}", status=response.status_code)
    parts, size, deadline = [], 0, time.monotonic() + DOWNLOAD_SECONDS
    for part in response.iter_raw():
        size += len(part)
        if size > limit:
            raise UserError(f"The repository's archive is larger than {limit // (1024 * 1024)} MiB.")
        if time.monotonic() > deadline:
            raise Transient(f"GitHub took longer than {DOWNLOAD_SECONDS:.0f} seconds for a download", UNAVAILABLE_WAIT)
        parts.append(part)
    return b"".join(parts)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def _hosts(api_url: str, web_url: str) -> frozenset[tuple[str, str, int]]:
    """Where a download may come from: the REST host, the web host, and the latter's `codeload.` (S26)."""
    scheme, host, port = _origin(web_url)
    return frozenset({_origin(api_url), (scheme, host, port), (scheme, f"codeload.{host}", port)})
