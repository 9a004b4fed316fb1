"""R1 to R7: the discovery document at the host's root, and what a client makes of it."""

import tempfile
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from terrasmith import local
from terrasmith.conformance.consumer import consumer, expect_installed, expect_refused, terraform_of
from terrasmith.conformance.outcome import expect
from terrasmith.conformance.stub import MODULE, Answer, Call, StubRegistry, json_answer
from terrasmith.conformance.subject import DISCOVERY, MAX_DOCUMENT, Subject, media_type

_BAD_TOKENS = ("Bearer nonsense", "Bearer", "Basic eDp5")
_NEVER_REGISTRIES = ("github.com", "bitbucket.org")


def answers_json(subject: Subject) -> None:
    answer = subject.discovery
    expect(answer.status_code == 200, "200", answer.status_code)
    found = answer.headers.get("content-type", "none")
    expect(media_type(answer) == "application/json", "Content-Type: application/json", found)
    assert isinstance(subject.services, dict)


def asks_nobody(subject: Subject) -> None:
    stranger = subject.follow(DISCOVERY, hops=3)
    expect(stranger.status_code == 200, "200 for a stranger; a 401, 403 or 5xx is never retried", stranger.status_code)
    expect(stranger.content == subject.discovery.content, "the same document for a stranger", stranger.text)


def is_small_and_near(subject: Subject) -> None:
    # Redirects beyond three, and an answer later than eleven seconds, end in an error before this line.
    size = len(subject.discovery.content)
    expect(size <= MAX_DOCUMENT, f"at most {MAX_DOCUMENT} bytes", size)


def names_a_usable_address(subject: Subject) -> None:
    value = str(subject.services.get("modules.v1"))
    parts = urlsplit(urljoin(str(subject.discovery.request.url), value))
    rooted = value.startswith("/") or bool(urlsplit(value).scheme)
    expect(rooted, "`modules.v1` begins with a slash, or is absolute; else it lies under /.well-known/", value)
    expect("@" not in parts.netloc, "`modules.v1` without a user in it", value)
    expect(parts.scheme in {"http", "https"}, "an http or https address", value)
    # Terraform adds a missing slash; Dependabot and Checkov join without it and lose the last part.
    expect(value.endswith("/"), "`modules.v1` ends with a slash", value)


def forgives_a_bad_token(subject: Subject) -> None:
    for value in _BAD_TOKENS:
        answer = subject.follow(DISCOVERY, hops=3, Authorization=value)
        expect(answer.status_code == 200, f"200 with the header `Authorization: {value}`", answer.status_code)


def lies_at_a_root(subject: Subject) -> None:
    host = subject.host.hostname or ""
    expect("." in host, "a host with a dot in its name", subject.base_url)
    expect(host not in _NEVER_REGISTRIES, "a host that clients accept as a registry", host)
    expect(not any(part.startswith("xn--") for part in host.split(".")), "a host that is not in punycode", host)
    expect(subject.host.path in {"", "/"}, "a registry at the root of its host", subject.base_url)


def offers_modules(subject: Subject) -> None:
    value = subject.services.get("modules.v1")
    expect(isinstance(value, str) and bool(value), "`modules.v1` as text; other keys are ignored", value)


def client_follows_redirects(subject: Subject) -> None:
    """A redirected document counts from where it was found at last."""

    def alter(call: Call, answer: Answer) -> Answer:
        if call.kind == "discovery":
            return Answer(302, headers={"Location": "/elsewhere/document"})
        if call.target == "/elsewhere/document":
            return json_answer({"modules.v1": "../v1/modules/"})
        return answer

    client = terraform_of(subject)
    with tempfile.TemporaryDirectory() as folder:
        authority, certificate, key = local.certificate(Path(folder))
        with (
            StubRegistry(alter, tls=(certificate, key)) as stub,
            consumer(client, stub.url, authority=authority) as work,
        ):
            expect_installed(work.get(MODULE, "1.0.0"), client, "after a redirected discovery")


def client_needs_modules_v1(subject: Subject) -> None:
    def alter(call: Call, answer: Answer) -> Answer:
        return json_answer({"modules.v2": "/v2/modules/"}) if call.kind == "discovery" else answer

    client = terraform_of(subject)
    with tempfile.TemporaryDirectory() as folder:
        authority, certificate, key = local.certificate(Path(folder))
        with (
            StubRegistry(alter, tls=(certificate, key)) as stub,
            consumer(client, stub.url, authority=authority) as work,
        ):
            run = work.get(MODULE, "1.0.0")
            expect_refused(run, client, "does not support", "only `modules.v2` is offered")
