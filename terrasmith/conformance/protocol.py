"""R8 to R18: addresses, the list of versions, and the download answer, as raw HTTP and through a real client."""

import re
from urllib.parse import urljoin, urlsplit

import httpx

from terrasmith.conformance.consumer import against, clients_of, expect_installed, expect_refused
from terrasmith.conformance.outcome import NotRunError, expect
from terrasmith.conformance.subject import (
    UNKNOWN_VERSION,
    Subject,
    as_object,
    media_type,
)

_IMPOSSIBLE = ("-a/b/c", "a-/b/c", "a/b_/c", "a/b/C!", "a/b/c-d", "a" * 65 + "/b/c", "%00/b/c", "%2e%2e/b/c")
_NEW_TOFU = "OpenTofu/1.12.0 (+https://opentofu.org)"
_OLD_CLIENTS = ("OpenTofu/1.11.5 (+https://opentofu.org)", "Terraform/1.11.4 (+https://www.terraform.io)")
_LONGEST_PUBLIC_CACHE = 300


def refuses_impossible_addresses(subject: Subject) -> None:
    """No client sends these: what matters is that nothing breaks on them, and nothing is found."""
    for address in _IMPOSSIBLE:
        status = subject.get(subject.endpoint("versions", of=address)).status_code
        expect(status in {400, 401, 403, 404}, f"404 (or 400, 401, 403) for the address {address}", status)


def ignores_case(subject: Subject) -> None:
    address = subject.address
    for change in (str.upper, str.lower):
        changed = f"{change(address.namespace)}/{change(address.name)}/{address.system}"
        answer = subject.follow(subject.endpoint("versions", of=changed), signed_in=True)
        expect(answer.status_code == 200, f"200 for {changed}", answer.status_code)
        expect(answer.content == subject.versions.content, f"the same versions for {changed}", answer.text)


def client_ignores_case(subject: Subject) -> None:
    address = subject.address
    changed = f"{address.namespace.swapcase()}/{address.name.swapcase()}/{address.system}"
    for client in clients_of(subject):
        with against(subject, client) as work:
            expect_installed(work.get(changed, f"= {plain(subject.version)}"), client, changed)


def keeps_the_plus(subject: Subject) -> None:
    version = next((one for one in subject.listed if "+" in one), None)
    if version is None:
        raise NotRunError("the module has no version with build metadata (`1.0.0+build`)")
    as_sent = subject.get(subject.endpoint(version, "download"))
    encoded = subject.get(subject.endpoint(version.replace("+", "%2B"), "download"))
    for spelled, answer in (("+", as_sent), ("%2B", encoded)):
        expect(answer.is_success, f"the version {version} is found when asked for with `{spelled}`", answer.status_code)
    first, second = (subject.location_of(answer).url for answer in (as_sent, encoded))
    expect(_same_archive(first, second), "the same location for `+` and `%2B`", f"{first} and {second}")


def lists_versions(subject: Subject) -> None:
    assert subject.listed
    expect(media_type(subject.versions) == "application/json", "Content-Type: application/json", subject.versions)
    again = subject.follow(subject.endpoint("versions"), signed_in=True)
    expect(again.content == subject.versions.content, "the same order when asked again", again.text)
    address = subject.address
    for unknown in (f"{address.namespace}/no-such-module-here/{address.system}", f"{address}x"):
        answer = subject.get(subject.endpoint("versions", of=unknown))
        expect(answer.status_code == 404, f"404 for the unknown module {unknown}", answer.status_code)


def client_hears_of_unknown_modules(subject: Subject) -> None:
    unknown = f"{subject.address.namespace}/no-such-module-here/{subject.address.system}"
    for client in clients_of(subject):
        with against(subject, client) as work:
            expect_refused(work.get(unknown, ">= 0.0.0"), client, "not found", "an unknown module")


def answers_every_client(subject: Subject) -> None:
    answer = subject.download
    expect(answer.status_code in {200, 204}, "200, or 204 without a body", answer.status_code)
    header = answer.headers.get("x-terraform-get")
    expect(bool(header), "a header `X-Terraform-Get`", "none")
    if answer.status_code == 204:
        expect(not answer.content, "no body with 204", answer.text)
        return
    expect(media_type(answer) == "application/json", "Content-Type: application/json", answer.headers)
    location = as_object(answer, "the download answer").get("location")
    expect(location == header, f"the body's `location` is the header's {header}", location)


def client_installs(subject: Subject) -> None:
    for client in clients_of(subject):
        with against(subject, client) as work:
            run = work.get(str(subject.address), f"= {plain(subject.version)}")
            expect_installed(run, client, f"{subject.address} {subject.version}")
            found = run.installed["it"]["Version"]
            expect(plain(found) == plain(subject.version), f"version {subject.version}", found)


def offers_credentials_rightly(subject: Subject) -> None:
    """Only a client that knows `use_registry_credentials` may see it, and then the location must be plain."""
    url = subject.endpoint(subject.version, "download")
    for agent in _OLD_CLIENTS:
        answer = subject.get(url, User_Agent=agent)
        body = as_object(answer, "the download answer") if answer.status_code == 200 else {}
        expect("use_registry_credentials" not in body, f"no `use_registry_credentials` for {agent}", body)
    answer = subject.get(url, User_Agent=_NEW_TOFU)
    body = as_object(answer, "the download answer") if answer.status_code == 200 else {}
    if "use_registry_credentials" not in body:
        raise NotRunError("not offered for this module")
    flag, location = body["use_registry_credentials"], body.get("location")
    expect(isinstance(flag, bool), "`use_registry_credentials` is true or false", flag)
    _expect_plain(location)
    archive = subject.get(urljoin(str(answer.request.url), str(location)), signed_in=flag, User_Agent=_NEW_TOFU)
    expect(archive.status_code == 200, "the location opens with the token" if flag else "200", archive.status_code)
    length = archive.headers.get("content-length")
    expect(length == str(len(archive.content)), "the right Content-Length", length)
    expect(archive.content[:2] in {b"\x1f\x8b", b"PK", b"BZ", b"\xfd7"}, "an archive", archive.content[:8])


def does_not_redirect_downloads(subject: Subject) -> None:
    answer = subject.download
    expect(not answer.is_redirect, "a header on the answer itself, no redirect", f"{answer.status_code}")


def answers_the_right_status(subject: Subject) -> None:
    unknown = subject.get(subject.endpoint(UNKNOWN_VERSION, "download"))
    expect(unknown.status_code == 404, "404 for a version that does not exist", unknown.status_code)
    expect(bool(unknown.content), "a body that says so: the client prints it", "none")


def serves_any_agent(subject: Subject) -> None:
    for agent in ("HashiCorp Terraform/1.11.4", *_OLD_CLIENTS, f"{_OLD_CLIENTS[0]} my-pipeline/7", "curl/8", ""):
        answer = subject.follow(
            subject.endpoint("versions"), signed_in=True, User_Agent=agent, X_Terraform_Version="1.11.4"
        )
        expect(answer.status_code == 200, f"200 for the User-Agent “{agent}”", answer.status_code)


def keeps_locations_stable(subject: Subject) -> None:
    # Three times: one edge of a time window may lie in between, two cannot.
    url = subject.endpoint(subject.version, "download")
    first, second, third = (subject.get(url).headers.get("x-terraform-get", "") for _ in range(3))
    expect(bool(second) and second in {first, third}, "the same location within a time window", f"{first}, {second}")


def guards_caches(subject: Subject) -> None:
    for answer in (subject.versions, subject.download):
        caching = answer.headers.get("cache-control", "").lower()
        if subject.is_private:
            held = "no-store" in caching or ("private" in caching and "authorization" in _vary(answer))
            expect(held, "`private` and `Vary: Authorization`, or `no-store`, for a private module", caching or "none")
        ages = [int(age) for age in re.findall(r"(?:s-maxage|max-age)=(\d+)", caching)]
        limit = _LONGEST_PUBLIC_CACHE
        expect(max(ages, default=0) <= limit, f"at most {limit} seconds in caches", caching)


def _expect_plain(location: object) -> None:
    text = str(location)
    parts = urlsplit(text)
    expect("::" not in text.split("?", maxsplit=1)[0] and "//" not in parts.path, "no getter and no `//subdir`", text)
    expect(not parts.fragment, "no fragment", text)
    expect(parts.scheme in {"", "http", "https"}, "http, https or relative", text)
    expect(not re.search(r"(?:^|&)(?:archive|checksum)=", parts.query), "no `archive` and no `checksum`", text)


def _vary(answer: httpx.Response) -> str:
    return str(answer.headers.get("vary", "")).lower()


def _same_archive(first: str, second: str) -> bool:
    # The signatures of two moments may differ; what they open must not.
    return first == second or first.rsplit("/", 1)[-1] == second.rsplit("/", 1)[-1]


def plain(version: str) -> str:
    """Without build metadata, which no constraint of a client may carry, and without a `v`."""
    return version.removeprefix("v").split("+")[0]
