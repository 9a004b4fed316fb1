"""R19 to R29: where a location leads, and the bytes that are there."""

import hashlib
import io
import re
import stat
import zipfile
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from terrasmith.conformance.outcome import MismatchError, NotRunError, expect
from terrasmith.conformance.subject import Subject, media_type
from tfmodule.archive import ArchiveError, unpack

_CHECKSUM = re.compile(r"(md5|sha1|sha256|sha512):([0-9a-fA-F]+)")
_BINARY = frozenset(
    {
        "application/gzip", "application/x-gzip", "application/octet-stream", "application/zip", "application/x-tar",
        "application/x-xz", "application/x-bzip2", "application/x-zip-compressed", "binary/octet-stream",
    }
)  # fmt: skip
_FIRST_BYTES = {"tar.gz": b"\x1f\x8b", "tgz": b"\x1f\x8b", "zip": b"PK"}
_MAX_HOPS = 10


def is_resolvable(subject: Subject) -> None:
    location = subject.location
    if location.getter or urlsplit(location.text).scheme:
        expect(not location.text.startswith("file:"), "an address that is not a file of the client", location.text)
        return
    expect(location.text.startswith(("/", "./", "../")), "a relative location begins with /, ./ or ../", location.text)


def names_its_type(subject: Subject) -> None:
    location = subject.archive_location
    expect(location.archive_type is not None, "a suffix such as .tar.gz, or `archive=`", location.text)


def survives_reencoding(subject: Subject) -> None:
    """The client takes `archive` and `checksum` out, sorts what remains and encodes it anew."""
    location = subject.archive_location
    parts = urlsplit(location.url)
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    answer = subject.follow(parts._replace(query=query).geturl())
    expect(answer.status_code == 200, "200 for the query sorted and re-encoded", answer.status_code)


def names_its_checksum(subject: Subject) -> None:
    location = subject.archive_location
    given = location.arguments.get("checksum", "none")
    match = _CHECKSUM.fullmatch(given)
    expect(match is not None, "`checksum=sha256:…` (or md5, sha1, sha512) in the location", given)
    assert match is not None
    found = hashlib.new(match.group(1), subject.archive.content, usedforsecurity=False).hexdigest()
    expect(found == match.group(2).lower(), f"bytes with the {match.group(1)} {match.group(2)}", found)


def has_a_safe_subdir(subject: Subject) -> None:
    subdir = subject.location.subdir
    expect(".." not in subdir.split("/"), "no `..` in the location's subdirectory", subdir)
    expect("*" not in subdir, "no `*` in the location's subdirectory", subdir)
    expect("//" not in urlsplit(subject.location.url).query, "`//` before the query", subject.location.text)


def pins_git_commits(subject: Subject) -> None:
    location = subject.location
    if location.getter != "git":
        raise NotRunError("the location is no git address")
    expect(urlsplit(location.url).scheme == "https", "git over https", location.text)
    reference = dict(parse_qsl(urlsplit(location.url).query)).get("ref", "")
    expect(bool(re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", reference)), "`ref=` a whole commit id", reference)


def is_near(subject: Subject) -> None:
    """Where no archive type is named, the client asks on, ten times at most."""
    location = subject.archive_location
    for _ in range(_MAX_HOPS):
        if location.archive_type is not None or not location.is_http:
            return
        joined = "&" if urlsplit(location.url).query else "?"
        answer = subject.follow(f"{location.url}{joined}terraform-get=1")
        location = subject.location_of(answer)
    raise MismatchError(f"an archive within {_MAX_HOPS} hops", location.text)


def answers_head_and_ranges(subject: Subject) -> None:
    url = str(subject.archive.request.url)
    size = len(subject.archive.content)
    head = subject.get(url, method="HEAD", signed_in=False)
    if head.status_code not in {403, 405}:  # as presigned addresses do, which clients forgive
        expect(head.status_code == 200, "200 (or 403, 405) for HEAD", head.status_code)
        length = head.headers.get("content-length", "none")
        expect(length == str(size), f"Content-Length: {size} for HEAD", length)
    if subject.archive.headers.get("accept-ranges", "").lower() == "bytes":
        part = subject.get(url, signed_in=False, Range="bytes=0-3")
        expect(part.status_code == 206, "206 for a range: `Accept-Ranges: bytes` was promised", part.status_code)
        expect(part.content == subject.archive.content[:4], "the first four bytes", part.content[:8])


def sends_bytes_as_they_are(subject: Subject) -> None:
    try:
        answer = subject.archive
    except httpx.DecodingError:
        raise MismatchError("no Content-Encoding", "one that does not even fit the bytes") from None
    encoding = answer.headers.get("content-encoding", "")
    expect(encoding in {"", "identity"}, "no Content-Encoding around the archive", encoding)
    kind = media_type(answer)
    expect(kind in _BINARY, "application/gzip or application/octet-stream", kind or "no Content-Type")
    first = _FIRST_BYTES.get(str(subject.archive_location.archive_type), b"")
    expect(answer.content.startswith(first), f"bytes of {subject.archive_location.archive_type}", answer.content[:8])


def holds_a_clean_module(subject: Subject) -> None:
    kind = subject.archive_location.archive_type
    data = subject.archive.content
    if kind in {"tar.gz", "tgz"}:
        try:
            names = [entry.path for entry in unpack(data)]
        except ArchiveError as error:
            raise MismatchError("an archive of plain files with safe names", error.message) from None
    elif kind == "zip":
        names = _zip_names(data)
    else:
        raise NotRunError(f"archives of type {kind} are not looked into")
    root = subject.location.subdir.strip("/")
    beside = [name for name in names if str(PurePosixPath(name).parent) == (root or ".")]
    code = [name for name in beside if name.endswith((".tf", ".tf.json", ".tofu", ".tofu.json"))]
    expect(bool(code), f"the module at {f'`{root}`' if root else 'the root'} of the archive", ", ".join(names[:5]))
    again = subject.follow(subject.archive_location.url)
    expect(again.content == data, "the same bytes when asked again", "others")


def opens_without_the_token(subject: Subject) -> None:
    """The client sends no token for an archive, and follows a redirect to another host."""
    assert subject.archive.status_code == 200


def _zip_names(data: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            entries = opened.infolist()
    except zipfile.BadZipFile as error:
        raise MismatchError("a zip archive", error) from None
    for entry in entries:
        parts = PurePosixPath(entry.filename)
        safe = not parts.is_absolute() and ".." not in parts.parts and "\\" not in entry.filename
        expect(safe, "safe names in the archive", entry.filename)
        expect(not stat.S_ISLNK(entry.external_attr >> 16), "no links in the archive", entry.filename)
    return [entry.filename for entry in entries if not entry.is_dir()]
