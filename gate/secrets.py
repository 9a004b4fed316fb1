"""Looks for credentials in every file of a module. A finding names the kind, the file and the line, never the value."""

import re
from collections.abc import Iterator
from functools import cache

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector

from gate.file_types import PICTURES
from gate.report import Finding
from tfmodule.files import FileMap, printable

# Known formats only. Entropy is left out: in Terraform it finds hashes, ids and policy documents.
_LEFT_OUT = frozenset({"Secret Keyword", "Public IP (ipv4)", "Base64 High Entropy String", "Hex High Entropy String"})
# Formats that the library does not know.
_MORE_FORMATS = {
    "Anthropic API key": re.compile(r"sk-ant-[A-Za-z0-9_-]{20,}"),
    "GitHub fine-grained token": re.compile(r"github_pat_[A-Za-z0-9_]{30,}"),
    "Google API key": re.compile(r"AIza[0-9A-Za-z_-]{35}"),
    "HCP Terraform token": re.compile(r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}"),
    "Hashicorp Vault token": re.compile(r"\bhv[sb]\.[A-Za-z0-9_-]{24,}"),
    "AWS secret access key": re.compile(r"(?i)aws_?secret_?access_?key[\"']?\s*[:=]\s*[\"'][A-Za-z0-9/+]{40}[\"']"),
    "Google service account key": re.compile(r"\"private_key_id\"\s*:\s*\"[0-9a-f]{40}\""),
}
# A literal given to a name that sounds secret: often a harmless sample, so it is a warning.
_ASSIGNMENT = re.compile(
    r"(?i)\b\w*(?:password|passwd|secret|token|api_?key|access_?key)\w*\s*=\s*\"(?P<value>[^\"${}]{6,100})\"\s*$"
)
# What documentation writes instead of a credential.
_SAMPLES = re.compile(
    r"(?i)example|changeme|change-me|placeholder|dummy|redacted|your[-_]|xxxx|<[^>]+>|\*\*\*|^mock|^test"
)
_WINDOW, _OVERLAP = 4_000, 200


def find_secrets(files: FileMap) -> Iterator[Finding]:
    """One finding for each kind on each line, in the order of files and lines."""
    for path in sorted(files):
        if path.rsplit(".", 1)[-1].casefold() in PICTURES:
            continue
        text = files[path].decode("utf-8", "replace")
        for number, line in enumerate(text.split("\n"), 1):
            for kind in sorted({kind for window in _windows(line) for kind in _kinds(window)}):
                yield Finding(
                    "secret",
                    "error",
                    f"This line holds what looks like a credential: {kind}.",
                    printable(path),
                    number,
                    fix="Remove it, rotate it at its issuer (it counts as leaked), and take the value as a variable.",
                )
            yield from _assignment(path, number, line)


def _windows(line: str) -> Iterator[str]:
    # Bounded pieces, so that one long line cannot make any expression slow.
    for start in range(0, max(len(line), 1), _WINDOW):
        yield line[max(start - _OVERLAP, 0) : start + _WINDOW]


def _kinds(line: str) -> Iterator[str]:
    for detector in _detectors():
        for value in detector.analyze_string(line):
            if not _SAMPLES.search(str(value)):
                yield str(detector.secret_type)
    for kind, pattern in _MORE_FORMATS.items():
        match = pattern.search(line)
        if match and not _SAMPLES.search(match.group()):
            yield kind


@cache
def _detectors() -> tuple[RegexBasedDetector, ...]:
    mapping: dict[str, type] = get_mapping_from_secret_type_to_class()
    return tuple(
        plugin()
        for kind, plugin in sorted(mapping.items())
        if kind not in _LEFT_OUT and issubclass(plugin, RegexBasedDetector)
    )


def _assignment(path: str, number: int, line: str) -> Iterator[Finding]:
    match = _ASSIGNMENT.search(line[:_WINDOW]) if path.endswith((".tf", ".tfvars")) else None
    if match and not _SAMPLES.search(match.group("value")):
        message = "A literal is assigned to a name that sounds like a secret."
        yield Finding("secret-literal", "warning", message, path, number, fix="Take the value as a sensitive variable.")
