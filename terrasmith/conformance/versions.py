"""R30 to R33 and R38: what the listed versions are, and what may become one."""

from urllib.parse import urlsplit

from terrasmith.conformance.outcome import NotRunError, expect
from terrasmith.conformance.protocol import plain
from terrasmith.conformance.subject import Subject, as_object
from terrasmith.conformance.writing import Publisher, PublishRefusedError
from tfmodule.version import InvalidVersionError, Version

# Tail of the name under which the write checks publish, beside the module that was named.
_SUFFIX = "-conformance"
_FILES = {
    "main.tf": b'output "conformance" {\n  description = "Nothing but an output."\n  value       = true\n}\n',
    "README.md": b"# Conformance\n\nWritten by `terrasmith conformance --write`.\n",
}
_LOOSE = ("v1.0.0", "1.0", "1.0.0.0", "01.0.0", "latest")


def has_strict_versions(subject: Subject) -> None:
    for text in subject.listed:
        try:
            Version.parse(text)
        except InvalidVersionError:
            expect(False, "strict semantic versions only", text)
    # Strict versions are what the client makes of them: it asks for them as they are listed.
    status = subject.download.status_code
    expect(status in {200, 204}, f"the download of {subject.version} as it is listed", status)


def has_no_equal_versions(subject: Subject) -> None:
    seen: dict[str, str] = {}
    for text in subject.listed:
        key = plain(text)
        expect(key not in seen, "no two versions of equal precedence", f"{seen.get(key)} and {text}")
        seen[key] = text


def names_the_source(subject: Subject) -> None:
    modules = as_object(subject.versions, "the list of versions").get("modules") or [{}]
    source = str(modules[0].get("source", ""))
    expect(
        urlsplit(source).scheme in {"http", "https"},
        "the repository's address in `modules[0].source`",
        source or "none",
    )


def refuses_bad_addresses(subject: Subject) -> None:
    publisher, address = _publisher(subject), subject.address
    for bad in (f"{address.namespace}/-a/{address.system}", f"{address.namespace}/a_/{address.system}",
                f"{address.namespace}/a/Not-Lower"):  # fmt: skip
        _expect_refused(publisher, bad, "1.0.0", "the address")


def refuses_loose_versions(subject: Subject) -> None:
    publisher = _publisher(subject)
    for loose in _LOOSE:
        _expect_refused(publisher, _scratch(subject), loose, "the version")


def refuses_equal_precedence(subject: Subject) -> None:
    publisher, scratch = _publisher(subject), _scratch(subject)
    first = "0.0.1+conformance.1"
    try:
        publisher.publish(scratch, first, _FILES)
    except PublishRefusedError as error:
        # Published by an earlier run: a version is never taken back, and the same again is no harm.
        expect("already" in str(error), f"{scratch} {first} is published", error)
    _expect_refused(publisher, scratch, "0.0.1+conformance.2", "equal in precedence to a published version:")


def refuses_moved_tags(subject: Subject) -> None:
    _publisher(subject)
    raise NotRunError("tags are taken from a git host, which no client of the registry sees")


def _publisher(subject: Subject) -> Publisher:
    if subject.publisher is None:
        raise NotRunError("needs --write, and a publish API that we can speak")
    return subject.publisher


def _scratch(subject: Subject) -> str:
    address = subject.address
    return f"{address.namespace}/{address.name[: 64 - len(_SUFFIX)]}{_SUFFIX}/{address.system}"


def _expect_refused(publisher: Publisher, address: str, version: str, what: str) -> None:
    try:
        publisher.publish(address, version, _FILES)
    except PublishRefusedError:
        return
    expect(False, f"a refusal: {what} {address} {version}", "it was published")
