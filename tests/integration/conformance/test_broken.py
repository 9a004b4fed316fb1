"""Every check fails on a registry that breaks its line, and on no other account: one stub for each way to be wrong."""

import gzip
import io
import itertools
import json
import sys
import tarfile
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from good_api import BASE, LATEST, detail, good

from terrasmith.conformance.stub import MODULE, Alter, Answer, Call, StubRegistry, json_answer, module_archive
from terrasmith.conformance.table import CHECKS
from terrasmith.visitor import Terraform

VERSIONS = ("1.0.0", "1.1.0+build.1", "2.0.0-rc.1")
TOKEN = "a-token"
_count = itertools.count()


def on(kind: str, change) -> Alter:
    """Answers of one kind, changed by `change(call, answer)`."""
    return lambda call, answer: change(call, answer) if call.kind == kind else answer


def always(kind: str, answer: Answer) -> Alter:
    return on(kind, lambda _call, _answer: answer)


def located(change) -> Alter:
    """Every download answered with another location."""

    def alter(_call: Call, answer: Answer) -> Answer:
        if "X-Terraform-Get" not in answer.headers:
            return answer
        text = change(answer.headers["X-Terraform-Get"])
        return json_answer({"location": text}, X_Terraform_Get=text)

    return on("download", alter)


def services(value: object) -> Alter:
    return always("discovery", json_answer(value))


def versions(*listed: object, source: str = "https://github.example/x") -> Alter:
    return always("versions", json_answer({"modules": [{"source": source, "versions": list(listed)}]}))


def api(path: str, answer: Answer) -> Alter:
    """A good public API with one wrong answer in it."""
    return lambda call, before: answer if urlsplit(call.target).path.rstrip("/") == path else good(call, before)


def strangers(call: Call) -> bool:
    return "authorization" not in call.headers


def tarball(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def linked() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("main.tf")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    return stream.getvalue()


def archive_of(data: bytes) -> Alter:
    return on("archive", lambda _call, answer: replace(answer, body=data))


def flagged(flag: object, location: str | None = None, *, to_all: bool = False) -> Alter:
    """`use_registry_credentials` in the download answer, for new OpenTofu or for everybody."""

    def alter(call: Call, answer: Answer) -> Answer:
        if not (to_all or call.headers.get("user-agent", "").startswith("OpenTofu/1.12")):
            return answer
        place = location or urlsplit(answer.headers["X-Terraform-Get"]).path
        return json_answer({"location": place, "use_registry_credentials": flag}, X_Terraform_Get=place)

    return on("download", alter)


def exact_query(call: Call, answer: Answer) -> Answer:
    return answer if call.query == "sig=b%20c&a=1" else Answer(403)


def changing(text: str) -> str:
    return text.replace("?", f"?n={next(_count)}&")


def never_the_same(_call: Call, answer: Answer) -> Answer:
    return replace(answer, body=tarball(**{"main.tf": b"%d" % next(_count)}))


def private_and_cached(call: Call, answer: Answer) -> Answer:
    return json_answer({"errors": ["sign in"]}, 401) if call.kind == "versions" and strangers(call) else answer


def both(first: Alter, second: Alter) -> Alter:
    return lambda call, answer: second(call, first(call, answer))


WITHOUT_HEADER = on("download", lambda _call, answer: answer.having(X_Terraform_Get=None))
TO_ARCHIVE = always("download", Answer(302, headers={"Location": "/archive/1.0.0.tar.gz"}))
CASE_MATTERS = on("versions", lambda call, answer: answer if MODULE in call.target else Answer(404))
OTHER_VERSION = Answer(302, headers={"Location": "/9.9.9/download"})
LOCAL_TIME = json_answer(detail(LATEST) | {"published_at": "2026-01-02T03:04:05+02:00"})
BROKEN: list[tuple[str, str, Alter]] = [
    ("R1 http", "html", on("discovery", lambda _call, answer: answer.having(Content_Type="text/html"))),
    ("R1 http", "no type", on("discovery", lambda _call, answer: answer.having(Content_Type=None))),
    ("R1 http", "no JSON", always("discovery", Answer(200, b"{", {"Content-Type": "application/json"}))),
    ("R1 http", "404", always("discovery", json_answer({"errors": ["no"]}, 404))),
    ("R2 http", "401", on("discovery", lambda call, answer: Answer(401) if strangers(call) else answer)),
    ("R2 http", "500", on("discovery", lambda call, answer: Answer(500) if strangers(call) else answer)),
    ("R3 http", "2 MiB", services({"modules.v1": "/v1/modules/", "x": "x" * (2 << 20)})),
    ("R3 http", "loop", always("discovery", Answer(302, headers={"Location": "/.well-known/terraform.json"}))),
    ("R4 http", "no slash before", services({"modules.v1": "v1/modules/"})),
    ("R4 http", "no slash behind", services({"modules.v1": "/v1/modules"})),
    ("R4 http", "a user", services({"modules.v1": "https://ada:x@example.com/v1/modules/"})),
    ("R4 http", "ftp", services({"modules.v1": "ftp://example.com/v1/modules/"})),
    ("R5 http", "401", on("discovery", lambda call, answer: answer if strangers(call) else Answer(401))),
    ("R7 http", "v2 only", services({"modules.v2": "/v2/"})),
    ("R8 http", "found", on("other", lambda _call, _answer: json_answer({"modules": []}))),
    ("R8 http", "500", always("other", Answer(500))),
    ("R9 http", "404", CASE_MATTERS),
    ("R9 client", "404", CASE_MATTERS),
    ("R10 http", "+ is a blank", on("download", lambda call, answer: Answer(404) if "+" in call.target else answer)),
    ("R10 http", "no %2B", on("download", lambda call, answer: Answer(404) if "%2B" in call.target else answer)),
    ("R11 http", "no module", always("versions", json_answer({"modules": []}))),
    ("R11 http", "two modules", always("versions", json_answer({"modules": [{"versions": []}] * 2}))),
    ("R11 http", "no version", versions()),
    ("R11 http", "plain texts", versions("1.0.0")),
    ("R11 http", "a list", always("versions", json_answer([]))),
    ("R11 http", "unknown is 200", on("other", lambda _call, _answer: json_answer({"modules": []}))),
    ("R11 client", "unknown is 403", always("other", Answer(403))),
    ("R12 http", "no header", WITHOUT_HEADER),
    ("R12 http", "header only", on("download", lambda _call, answer: replace(answer, body=b"{}"))),
    ("R12 http", "204 without a header", always("download", Answer(204))),
    ("R12 client", "no header", WITHOUT_HEADER),
    ("R12 client", "no archive", always("archive", Answer(404))),
    ("R13 http", "for everybody", flagged(True, to_all=True)),
    ("R13 http", "a text", flagged("yes")),
    ("R13 http", "with arguments", flagged(True, "/archive/1.0.0.tar.gz?archive=tar.gz")),
    ("R13 http", "a getter", flagged(True, "https::/archive/1.0.0.tar.gz")),
    ("R13 http", "a subdirectory", flagged(False, "/archive/1.0.0.tar.gz//modules")),
    ("R13 http", "token refused", both(flagged(True), on("archive", lambda call, answer: Answer(403)))),
    ("R14 http", "302", TO_ARCHIVE),
    ("R15 http", "200", on("download", lambda _call, _answer: json_answer({"location": "/archive/1.0.0.tar.gz"}))),
    ("R15 http", "500", on("download", lambda _call, answer: answer if answer.status == 200 else Answer(500))),
    ("R15 http", "no body", on("download", lambda _call, answer: answer if answer.status == 200 else Answer(404))),
    (
        "R16 http",
        "curl refused",
        on("versions", lambda call, answer: Answer(403) if "curl" in call.headers.get("user-agent", "") else answer),
    ),
    ("R17 http", "always new", located(changing)),
    ("R18 http", "a day", on("versions", lambda _call, answer: answer.having(Cache_Control="public, max-age=86400"))),
    ("R18 http", "private without a word", private_and_cached),
    ("R19 http", "a bare name", located(lambda _text: "1.0.0.tar.gz")),
    ("R19 http", "a file", located(lambda _text: "file:///etc/passwd")),
    ("R20 http", "no type", located(lambda _text: "/archive/x?checksum=md5:0")),
    ("R21 http", "order", both(located(lambda text: text[:22] + "?sig=b%20c&a=1"), on("archive", exact_query))),
    ("R22 http", "none", located(lambda text: text.split("?")[0])),
    ("R22 http", "another", located(lambda text: text[:-4] + "0000")),
    ("R22 http", "another kind", located(lambda text: text.replace("sha256:", "crc32:"))),
    ("R22 http", "altered", archive_of(module_archive("9.9.9"))),
    ("R23 http", "outside", located(lambda text: text.replace("?", "//../x?"))),
    ("R23 http", "a pattern", located(lambda text: text.replace("?", "//*?"))),
    ("R24 http", "a branch", located(lambda _text: "git::https://github.example/acme/box?ref=main")),
    ("R24 http", "ssh", located(lambda _text: f"git::ssh://git@github.example/acme/box?ref={'a' * 40}")),
    (
        "R25 http",
        "a circle",
        both(
            located(lambda _text: "/archive/x"),
            always("archive", Answer(200, headers={"X-Terraform-Get": "/archive/x"})),
        ),
    ),
    (
        "R26 http",
        "HEAD without a length",
        on("archive", lambda call, answer: Answer(200) if call.method == "HEAD" else answer),
    ),
    (
        "R26 http",
        "no ranges",
        on("archive", lambda call, answer: replace(answer, status=200) if "range" in call.headers else answer),
    ),
    (
        "R27 http",
        "gzip around it",
        on(
            "archive",
            lambda _call, answer: replace(answer, body=gzip.compress(answer.body)).having(Content_Encoding="gzip"),
        ),
    ),
    ("R27 http", "gzip claimed", on("archive", lambda _call, answer: answer.having(Content_Encoding="deflate"))),
    ("R27 http", "a page", on("archive", lambda _call, answer: answer.having(Content_Type="text/html"))),
    ("R27 http", "no gzip", archive_of(b"hello")),
    ("R28 http", "wrapped", archive_of(tarball(**{"box-1.0.0/main.tf": b""}))),
    ("R28 http", "empty", archive_of(tarball())),
    ("R28 http", "a link", archive_of(linked())),
    ("R28 http", "outside", archive_of(tarball(**{"main.tf": b"", "../main.tf": b""}))),
    ("R28 http", "not twice", on("archive", never_the_same)),
    ("R29 http", "token wanted", on("archive", lambda call, answer: Answer(401) if strangers(call) else answer)),
    ("R30 http", "a v", versions({"version": "v1.0.0"})),
    ("R30 http", "not found", always("download", Answer(404))),
    ("R30 http", "two numbers", versions({"version": "1.0"})),
    ("R31 http", "a prerelease", api(f"{BASE}/{MODULE}", json_answer(detail("2.0.0-rc.1")))),
    ("R32 http", "twice", versions({"version": "1.0.0+a"}, {"version": "1.0.0+b"})),
    ("R34 http", "a list", api(BASE, json_answer([]))),
    ("R34 http", "500", api(f"{BASE}/search", Answer(500))),
    ("R34 http", "no versions", api(f"{BASE}/{MODULE}", json_answer({"id": "x"}))),
    ("R34 http", "200", api(f"{BASE}/{MODULE}/download", json_answer({}))),
    ("R34 http", "another version", api(f"{BASE}/{MODULE}/download", OTHER_VERSION)),
    ("R34 http", "summary", api(f"/v2/modules/{MODULE}/downloads/summary", json_answer({"data": {"type": "x"}}))),
    ("R35 http", "no meta", api(BASE, json_answer({"modules": []}))),
    ("R35 http", "no clamp", api(BASE, json_answer({"modules": [], "meta": {"limit": 1, "current_offset": 0}}))),
    ("R36 http", "no id", api(f"{BASE}/{MODULE}/{LATEST}", json_answer(detail(LATEST) | {"id": 7}))),
    ("R36 http", "local time", api(f"{BASE}/{MODULE}/{LATEST}", LOCAL_TIME)),
    ("R36 http", "no root", api(f"{BASE}/{MODULE}/{LATEST}", json_answer(detail(LATEST) | {"root": None}))),
    ("R37 http", "a text", always("other", json_answer({"errors": "no"}, 404))),
    ("R37 http", "a page", always("other", Answer(404, b"<p>", {"Content-Type": "text/html"}))),
    ("R37 http", "detail", on("other", lambda _call, _answer: json_answer({"detail": "Not Found"}, 404))),
    ("R38 http", "none", versions({"version": "1.0.0"}, source="")),
    ("R38 http", "git", versions({"version": "1.0.0"}, source="git@github.example:acme/box")),
]
PUBLIC_API = {"R31 http", "R34 http", "R35 http", "R36 http"}


@pytest.mark.parametrize(("key", "how", "alter"), BROKEN, ids=[f"{key} {how}" for key, how, _ in BROKEN])
def test_a_registry_that_breaks_the_line_fails(key: str, how: str, alter: Alter, outcome_of, request) -> None:
    if key.endswith("client"):
        request.getfixturevalue("needs_terraform")
    token = TOKEN if key.split(maxsplit=1)[0] in {"R2", "R13", "R18"} else None
    listed = (LATEST, *VERSIONS[::2]) if key in PUBLIC_API else VERSIONS
    with StubRegistry(alter, listed) as stub:
        result = outcome_of(key, stub, token=token)
    assert result.outcome == "failed", result
    assert result.expected and result.got
    assert TOKEN not in json.dumps(result.to_dict())


@pytest.mark.parametrize("url", ["http://localhost:{port}", "http://127.0.0.1:{port}/terraform"])
@pytest.mark.checklist("R6")
def test_R6_a_host_without_a_dot_or_a_path_below_the_root_fails(url: str, outcome_of) -> None:
    with StubRegistry() as stub:
        port = urlsplit(stub.url).port
        assert outcome_of("R6 http", stub, url=url.format(port=port)).outcome == "failed"


def test_no_line_is_left_out() -> None:
    shown = {key for key, _, _ in BROKEN} | {"R6 http"}
    assert {check.key for check in CHECKS if check.by in {"http", "client"}} == shown
    assert {f"R{number}" for number in range(1, 39)} == {check.id for check in CHECKS}


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.by in {"http", "client"}], ids=lambda one: one.key
)
def test_a_good_registry_passes(check, outcome_of, request) -> None:
    if check.by == "client":
        request.getfixturevalue("needs_terraform")
    listed = (LATEST, *VERSIONS[::2]) if check.key in PUBLIC_API else VERSIONS
    with StubRegistry(good if check.key in PUBLIC_API else flagged(True), listed) as stub:
        result = outcome_of(check, stub, token=TOKEN)
    assert result.outcome == "passed" or result.reason == "the location is no git address", result


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.by in {"client", "stub"}], ids=lambda one: one.key
)
def test_a_client_that_does_nothing_fails(check, outcome_of) -> None:
    """Terraform itself cannot be broken from outside; a client that does nothing can be put in its place."""
    idle = Terraform((sys.executable, "-c", "pass"), "idle")
    with StubRegistry() as stub:
        result = outcome_of(check, stub, clients=(idle,))
    assert result.outcome == "failed", result


@pytest.mark.checklist(
    "R3",
    "R7",
    "R14",
    "R15",
    "R16",
    "R17",
    "R18",
    "R19",
    "R20",
    "R21",
    "R22",
    "R23",
    "R25",
    "R26",
    "R27",
    "R29",
    "R30",
    "R31",
)
@pytest.mark.parametrize("check", [check for check in CHECKS if check.by == "stub"], ids=lambda one: one.key)
def test_the_client_here_keeps_its_own_lines(check, outcome_of, needs_terraform) -> None:
    with StubRegistry() as stub:
        result = outcome_of(check, stub)
    assert result.outcome == "passed", result
    assert not stub.calls, "asks nothing of the registry under test"
