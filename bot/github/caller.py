"""One identity that calls GitHub: the app itself, or one installation. Knows how answers become values or failures and
that a refused token is replaced once; refuses operations that are not in the ledger.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import httpx

from bot.github.errors import ForbiddenError, GitHubError, MissingPermissionError, RateLimitedError
from bot.github.operations import Mutation, Operation
from bot.github.redaction import shown
from bot.github.transport import (
    DEFAULT_LIMIT_WAIT,
    UNAVAILABLE_WAIT,
    Outgoing,
    Transport,
    json_of,
    limit_wait,
    message_of,
    told,
)
from core.errors import Transient
from core.secrets import Redactor

PER_PAGE = 100
MAX_PAGES = 100

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}\Z")
_NOT_FOR_APPS = "resource not accessible by integration"


class Credentials(Protocol):
    """Where the token of an identity comes from. `token` None means: the app's own JWT."""

    @property
    def installation_id(self) -> int | None: ...

    def token(self) -> str | None: ...

    def evict(self, token: str) -> None: ...


class AppCredentials:
    """The app itself: githubkit signs its JWT."""

    installation_id = None

    def token(self) -> str | None:
        return None

    def evict(self, token: str) -> None:
        return


@dataclass(frozen=True)
class Answer:
    """An answer that was asked for: 2xx, or a status the call named in `also`."""

    status: int
    body: Any
    response: httpx.Response


class Caller:
    """Sends ledger operations under one identity. Whatever people will read goes through `redact` first."""

    def __init__(self, transport: Transport, credentials: Credentials, redact: Redactor) -> None:
        self._transport = transport
        self._credentials = credentials
        self.redact = redact

    def call(
        self,
        operation: Operation,
        *,
        repo: str | None = None,
        query: Mapping[str, str | int] | None = None,
        json: Any = None,
        also: tuple[int, ...] = (),
        again: bool | None = None,
        **parts: str | int,
    ) -> Answer:
        """One operation. Statuses in `also` come back as answers; every other failure raises."""
        outgoing = Outgoing(
            operation.id,
            operation.method,
            operation.path(_parts(repo, parts)),
            again=operation.again if again is None else again,
            query=query,
            json=shown(self.redact, json),
        )
        return self._answer(outgoing, operation, also)

    def _answer(self, outgoing: Outgoing, operation: Operation, also: tuple[int, ...]) -> Answer:
        response = self._send(outgoing)
        if response.is_success or response.status_code in also:
            return Answer(response.status_code, json_of(response), response)
        raise failure(response, operation.id, operation.permission)

    def pages(
        self,
        operation: Operation,
        *,
        repo: str | None = None,
        items: str = "",
        query: Mapping[str, str | int] | None = None,
        max_pages: int = MAX_PAGES,
        **parts: str | int,
    ) -> Iterator[dict[str, Any]]:
        """Every item of a list. Of GitHub's address of the next page only the query is taken: the path stays ours."""
        path = operation.path(_parts(repo, parts))
        asked: Mapping[str, str | int] = {"per_page": PER_PAGE} | dict(query or {})
        for _ in range(max_pages):
            answer = self._answer(
                Outgoing(operation.id, operation.method, path, again=True, query=asked), operation, ()
            )
            yield from (answer.body[items] if items else answer.body)
            following = answer.response.links.get("next", {}).get("url")
            if not following:
                return
            asked = dict(httpx.URL(following).params)

    def mutate(self, mutation: Mutation, values: Mapping[str, Any]) -> dict[str, Any]:
        """One GraphQL mutation: its payload, or a failure whose `codes` are GitHub's error types."""
        outgoing = Outgoing(
            mutation.name,
            "POST",
            self._transport.graphql_url,
            again=False,
            json={"query": mutation.document, "variables": {"input": shown(self.redact, dict(values))}},
        )
        response = self._send(outgoing)
        if not response.is_success:
            raise failure(response, mutation.name, mutation.permission)
        body = json_of(response)
        errors = body.get("errors") if isinstance(body, dict) else None
        if errors:
            raise _graphql_failure(response, errors, mutation)
        payload = body["data"][mutation.name] if isinstance(body, dict) else None
        if not isinstance(payload, dict):
            raise GitHubError(f"GitHub answered {mutation.name} without a payload", status=response.status_code)
        return payload

    def download(self, operation: Operation, limit: int, *, repo: str, **parts: str | int) -> bytes:
        """A file behind a redirect, at most `limit` bytes."""
        path = operation.path(_parts(repo, parts))
        token = self._credentials.token()
        outgoing = Outgoing(operation.id, operation.method, path, again=operation.again, token=token)
        try:
            return self._transport.download(outgoing, limit)
        except GitHubError as error:
            if error.status != 401 or token is None:
                raise
        self._credentials.evict(token)
        return self._transport.download(replace(outgoing, token=self._credentials.token()), limit)

    def _send(self, outgoing: Outgoing) -> httpx.Response:
        token = self._credentials.token()
        outgoing = replace(outgoing, token=token, installation_id=self._credentials.installation_id)
        response = self._transport.send(outgoing)
        if response.status_code != 401 or token is None:
            return response
        # Revoked, or its installation was suspended for a while: a new one tells which.
        self._credentials.evict(token)
        return self._transport.send(replace(outgoing, token=self._credentials.token()))


def failure(response: httpx.Response, what: str, permission: str) -> Exception:
    """What an answer means that nobody asked for."""
    message = message_of(response)
    request_id = response.headers.get("x-github-request-id")
    if response.status_code == 403:
        if _NOT_FOR_APPS in message.casefold():
            needed = response.headers.get("x-accepted-github-permissions") or permission
            return MissingPermissionError(what, needed, request_id)
        return ForbiddenError(what, message, request_id)
    return GitHubError(
        f"GitHub refused {what}: {response.status_code} {message[:300]}",
        status=response.status_code,
        request_id=request_id,
        details=message,
        codes=_codes(json_of(response)),
    )


def _codes(body: Any) -> tuple[str, ...]:
    """GitHub's words for each problem of a 422: an object with a code or a message, or plain text."""
    errors = body.get("errors") if isinstance(body, dict) else None
    found: list[str] = []
    for error in errors if isinstance(errors, list) else [errors] if errors else []:
        if isinstance(error, dict):
            found += [str(error[key]) for key in ("code", "message", "field") if error.get(key)]
        else:
            found.append(str(error))
    return tuple(found)


def _graphql_failure(response: httpx.Response, errors: Any, mutation: Mutation) -> Exception:
    listed = [error for error in errors if isinstance(error, dict)]
    types = tuple(str(error.get("type") or "") for error in listed)
    text = "; ".join(str(error.get("message") or "") for error in listed)
    request_id = response.headers.get("x-github-request-id")
    if any(kind in ("RATE_LIMIT", "RATE_LIMITED") for kind in types):
        limited = httpx.Response(429, headers=response.headers)
        wait = limit_wait(limited) or DEFAULT_LIMIT_WAIT
        return RateLimitedError(f"GitHub limits {mutation.name}: {text[:300]}", wait)
    if _NOT_FOR_APPS in text.casefold():
        return MissingPermissionError(mutation.name, mutation.permission, request_id)
    if text.casefold().startswith("something went wrong"):
        return Transient(f"GitHub failed at {mutation.name}: {told(response)}", UNAVAILABLE_WAIT)
    return GitHubError(
        f"GitHub refused {mutation.name}: {text[:300]}", status=422, request_id=request_id, details=text, codes=types
    )


def _parts(repo: str | None, parts: Mapping[str, str | int]) -> Mapping[str, str | int]:
    if repo is None:
        return parts
    owner, name = split(repo)
    return {"owner": owner, "repo": name, **parts}


def split(repo: str) -> tuple[str, str]:
    """Owner and name of "owner/name"; anything else is a bug of the caller."""
    owner, _, name = repo.partition("/")
    if not _REPOSITORY.match(repo) or name in (".", ".."):
        raise ValueError(f"not a repository: {repo!r}")
    return owner, name
