"""The lines about the client's own behaviour: a real Terraform against a stub on loopback, set up to show it.

They say nothing of the registry under test; they show that the rules we hold it to are this client's rules.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from terrasmith.conformance.consumer import Run, consumer, expect_installed, expect_refused, terraform_of
from terrasmith.conformance.outcome import expect
from terrasmith.conformance.stub import MODULE, VERSIONS, Alter, Answer, Call, StubRegistry, json_answer
from terrasmith.conformance.subject import Subject
from terrasmith.visitor import Terraform

_TOKEN = "conformance-token"  # noqa: S105  # opens nothing
_HOPS = 10


def redirects(subject: Subject) -> None:
    """The list of versions may be redirected; the download may not redirect to the archive."""

    def of_versions(call: Call, answer: Answer) -> Answer:
        if call.kind == "versions" and "moved" not in call.query:
            return Answer(302, headers={"Location": f"{call.target}?moved"})
        return answer

    def of_download(call: Call, answer: Answer) -> Answer:
        return Answer(302, headers={"Location": "/archive/1.0.0.tar.gz"}) if call.kind == "download" else answer

    client = terraform_of(subject)
    run, _ = _get(client, of_versions)
    expect_installed(run, client, "after a redirected list of versions")
    run, _ = _get(client, of_download)
    expect_refused(run, client, "failed to get download URL", "the download redirects to the archive")


def retries(subject: Subject) -> None:
    """A 429 is tried once more, after what Retry-After says."""
    refused: list[Call] = []

    def alter(call: Call, answer: Answer) -> Answer:
        if call.kind == "versions" and not refused:
            refused.append(call)
            return json_answer({"errors": ["Too many requests"]}, 429, Retry_After="1")
        return answer

    client = terraform_of(subject)
    run, stub = _get(client, alter)
    expect_installed(run, client, "after one 429")
    expect(len(stub.of_kind("versions")) == 2, "two requests for the versions", len(stub.of_kind("versions")))


def headers(subject: Subject) -> None:
    client = terraform_of(subject)
    run, stub = _get(client, token=_TOKEN)
    expect_installed(run, client, "with a token")
    for call in (*stub.of_kind("versions"), *stub.of_kind("download")):
        expect(call.headers.get("authorization") == f"Bearer {_TOKEN}", "a bearer token", call.headers)
        expect("x-terraform-version" in call.headers, "a header X-Terraform-Version", call.headers)
        agent = call.headers.get("user-agent", "")
        expect(agent.startswith(("Terraform/", "OpenTofu/")), "the client's name as User-Agent", agent)
    sent = [call.headers["authorization"] for call in stub.of_kind("archive") if "authorization" in call.headers]
    expect(not sent, "no token with the request for the archive", sent)


def counts(subject: Subject) -> None:
    """One list for each package, one download for each package and version; nothing at all the second time."""
    client = terraform_of(subject)
    blocks = {"it": (MODULE, "1.0.0"), "again": (MODULE, "1.0.0"), "inner": (f"{MODULE}//modules/inner", "1.0.0")}
    with StubRegistry() as stub, consumer(client, stub.url) as work:
        expect_installed(work.get_all(blocks), client, "three blocks of one module")
        found = (len(stub.of_kind("versions")), len(stub.of_kind("download")))
        expect(found == (1, 1), "one request for the versions and one for the download", found)
        before = len(stub.calls)
        work.get_all(blocks)
        expect(len(stub.calls) == before, "no request the second time", len(stub.calls) - before)


def asks_for_the_whole(subject: Subject) -> None:
    client = terraform_of(subject)
    run, stub = _get(client)
    expect_installed(run, client, "a module")
    unwanted = {name for call in stub.calls for name in call.headers if name in {"if-none-match", "range"}}
    expect(not unwanted, "no conditional request and no Range", sorted(unwanted))


def refuses_bare_names(subject: Subject) -> None:
    client = terraform_of(subject)
    for bad in ("1.0.0.tar.gz", f"registry.example.test/{MODULE}"):
        run, _ = _get(client, _located(partial(_always, bad)))
        expect_refused(run, client, "invalid package location", f"the location is `{bad}`")


def asks_for_the_type(subject: Subject) -> None:
    client = terraform_of(subject)
    run, stub = _get(client, _located(lambda _text: "/archive/untyped"))
    expect(run.code != 0, f"`{client.name} get` cannot unpack a location without a type", run.tail)
    asked = [call.target for call in stub.of_kind("archive")]
    expect(any("terraform-get=1" in target for target in asked), "a request with ?terraform-get=1", asked)


def reencodes_queries(subject: Subject) -> None:
    client = terraform_of(subject)
    run, stub = _get(client, _located(lambda text: text.replace("archive=", "b=2%203&a=1&archive=")))
    expect_installed(run, client, "from a location with a query")
    queries = {call.query for call in stub.of_kind("archive")}
    expect(queries == {"a=1&b=2+3"}, "the query sorted, re-encoded, without archive and checksum", queries)


def verifies_checksums(subject: Subject) -> None:
    def alter(call: Call, answer: Answer) -> Answer:
        if call.kind != "archive":
            return answer
        return replace(answer, body=answer.body[:-1] + bytes([answer.body[-1] ^ 1]))

    client = terraform_of(subject)
    run, _ = _get(client, alter)
    expect_refused(run, client, "checksum", "one byte of the archive is another")


def joins_subdirs(subject: Subject) -> None:
    client = terraform_of(subject)
    with (
        StubRegistry(_located(lambda text: text.replace("?", "//modules?"))) as stub,
        consumer(client, stub.url) as work,
    ):
        run = work.get(f"{MODULE}//inner", "1.0.0")
        expect_installed(run, client, "`//inner` of a location with `//modules`")
        found = [path.name for path in run.files().iterdir()]
        expect(run.files().name == "inner" and "main.tf" in found, "the folder modules/inner", run.files())
    run, _ = _get(client, _located(lambda text: text.replace("?", "//../x?")))
    expect(run.code != 0, "`//..` is refused", run.tail)


def stops_at_ten_hops(subject: Subject) -> None:
    def alter(call: Call, answer: Answer) -> Answer:
        if call.kind == "download":
            return Answer(204, headers={"X-Terraform-Get": "/archive/hop-0"})
        hop = urlsplit(call.target).path.partition("/archive/hop-")[2]
        # Absolute: a relative one is resolved for the registry's answer only.
        return Answer(200, headers={"X-Terraform-Get": _next(call, int(hop) + 1)}) if hop else answer

    client = terraform_of(subject)
    run, stub = _get(client, alter)
    expect(run.code != 0, "a chain without an end is refused", run.tail)
    hops = len({urlsplit(call.target).path for call in stub.of_kind("archive")})
    expect(1 < hops <= _HOPS + 1, f"some hops, and at most {_HOPS}", hops)


def follows_archive_redirects(subject: Subject) -> None:
    client = terraform_of(subject)
    with StubRegistry() as other:

        def alter(call: Call, answer: Answer) -> Answer:
            if call.kind != "archive":
                return answer
            return Answer(302, headers={"Location": other.url + urlsplit(call.target).path})

        run, _ = _get(client, alter)
        expect_installed(run, client, "an archive that another host serves")
        expect(bool(other.of_kind("archive")), "the archive is fetched from the other host", "nothing")


def tolerates_refused_head(subject: Subject) -> None:
    def alter(call: Call, answer: Answer) -> Answer:
        return Answer(403) if call.method == "HEAD" else answer

    client = terraform_of(subject)
    run, stub = _get(client, alter)
    expect_installed(run, client, "an archive whose HEAD is refused")
    methods = [call.method for call in stub.of_kind("archive")]
    expect(methods[:1] == ["HEAD"], "HEAD before GET", methods)


def fails_on_content_encoding(subject: Subject) -> None:
    def alter(call: Call, answer: Answer) -> Answer:
        return answer.having(Content_Encoding="gzip") if call.kind == "archive" else answer

    client = terraform_of(subject)
    run, _ = _get(client, alter)
    expect(run.code != 0, "a .tar.gz with Content-Encoding: gzip is unwrapped once too often", run.tail)


def normalises_versions(subject: Subject) -> None:
    loose = {"v1.0.0": "1.0.0", "1.2": "1.2.0"}

    def alter(call: Call, answer: Answer) -> Answer:
        if call.kind == "versions":
            return json_answer({"modules": [{"versions": [{"version": text} for text in loose]}]})
        return answer

    client = terraform_of(subject)
    for wanted in loose.values():
        with StubRegistry(alter, versions=tuple(loose.values())) as stub, consumer(client, stub.url) as work:
            expect_installed(work.get(MODULE, wanted), client, wanted)
            asked = stub.of_kind("download")[0].target.split("/")[-2]
            expect(asked == wanted, f"the download of {wanted} is asked for", asked)


def pins_prereleases(subject: Subject) -> None:
    client = terraform_of(subject)
    with StubRegistry() as stub:
        for constraint, wanted in (("2.0.0-rc.1", "2.0.0-rc.1"), (">= 1.0.0", "1.1.0"), (None, "1.1.0")):
            with consumer(client, stub.url) as work:
                run = work.get(MODULE, constraint)
                expect_installed(run, client, f"the version {constraint}")
                found = run.installed["it"]["Version"]
                expect(found == wanted, f"{wanted} of {', '.join(VERSIONS)} for {constraint}", found)
        with consumer(client, stub.url) as work:
            run = work.get(MODULE, "~> 2.0.0-rc.0")
            expect(run.code != 0, "a prerelease does not match ~>", run.tail)


def _get(client: Terraform, alter: Alter | None = None, *, token: str | None = None) -> tuple[Run, StubRegistry]:
    """One `get` of the stub's module, and the stub with what it was asked."""
    stub = StubRegistry(alter) if alter is not None else StubRegistry()
    with stub, consumer(client, stub.url, token=token) as work:
        return work.get(MODULE, "1.0.0"), stub


def _located(change: Callable[[str], str]) -> Alter:
    """A registry that answers every download with another location."""

    def alter(call: Call, answer: Answer) -> Answer:
        if call.kind != "download":
            return answer
        text = change(answer.headers["X-Terraform-Get"])
        return json_answer({"location": text}, X_Terraform_Get=text)

    return alter


def _always(location: str, _good: str) -> str:
    return location


def _next(call: Call, hop: int) -> str:
    return f"http://{call.headers['host']}/archive/hop-{hop}"
