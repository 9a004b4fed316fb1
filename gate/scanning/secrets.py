"""Looks for credentials in every file of a module. A finding names the kind, the file and the line, never the value."""

import base64
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector

from gate.file_types import PICTURES
from gate.report import Finding, Risk, Severity
from tfmodule.facts import Block
from tfmodule.files import FileMap, printable
from tfmodule.hcl import parse

SOURCE = "detect-secrets"
# Its entropy detectors find hashes, ids and policy documents in Terraform; ours asks for a telling name beside.
_LEFT_OUT = frozenset({"Secret Keyword", "Public IP (ipv4)", "Base64 High Entropy String", "Hex High Entropy String"})
# The beginning of a private key, encoded once more, as kubeconfigs and user data have it; certificates begin otherwise.
_ENCODED_KEYS = "|".join(
    re.escape(base64.b64encode(head[: len(head) // 3 * 3]).decode())
    for head in (
        f"-----BEGIN {kind}PRIVATE KEY-----".encode() for kind in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
    )
)
# Formats that the library does not know: what must stand in a line before it is worth a closer look, and that look.
_MORE_FORMATS = {
    "1Password service account token": ("ops_eyJ", re.compile(r"\bops_eyJ[A-Za-z0-9_-]{60,}")),
    "Age secret key": ("AGE-SECRET", re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")),
    "Alibaba access key": ("LTAI", re.compile(r"\bLTAI[A-Za-z0-9]{16,24}\b")),
    "Anthropic API key": ("sk-ant-", re.compile(r"sk-ant-[A-Za-z0-9_-]{20,}")),
    "Atlassian API token": ("ATATT3", re.compile(r"\bATATT3[A-Za-z0-9_=-]{100,}")),
    "Azure AD client secret": ("Q~", re.compile(r"(?<![\w~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~.-])")),
    "Databricks token": ("dapi", re.compile(r"\bdapi[0-9a-f]{32}\b")),
    "DigitalOcean token": ("_v1_", re.compile(r"\bdo[opr]_v1_[0-9a-f]{64}\b")),
    "Docker access token": ("dckr_", re.compile(r"\bdckr_[po]at_[A-Za-z0-9_-]{27,}")),
    "Doppler token": ("dp.", re.compile(r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}")),
    "Dynatrace token": ("dt0", re.compile(r"\bdt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b")),
    "GitHub fine-grained token": ("github_pat_", re.compile(r"github_pat_[A-Za-z0-9_]{30,}")),
    "Google API key": ("AIza", re.compile(r"AIza[0-9A-Za-z_-]{35}")),
    "Google OAuth secret": ("GOCSPX-", re.compile(r"\bGOCSPX-[A-Za-z0-9_-]{28}")),
    "Google service account key": ("private_key_id", re.compile(r"\"private_key_id\"\s*:\s*\"[0-9a-f]{40}\"")),
    "Grafana token": ("gl", re.compile(r"\bgl(?:sa_[A-Za-z0-9]{32}_[0-9a-f]{8}|c_eyJ[A-Za-z0-9+/=]{60,})")),
    "HCP Terraform token": (".atlasv1.", re.compile(r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}")),
    "Hashicorp Vault token": ("hv", re.compile(r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}")),
    "Heroku API key": ("HRKU-", re.compile(r"\bHRKU-[A-Za-z0-9_-]{36,}")),
    "Hugging Face token": ("hf_", re.compile(r"\bhf_[A-Za-z]{34}\b")),
    "Linear API key": ("lin_api_", re.compile(r"\blin_api_[A-Za-z0-9]{40}\b")),
    "New Relic key": ("NR", re.compile(r"\bNR(?:AK|AL|II)-[A-Za-z0-9]{27,}")),
    "Notion token": ("ntn_", re.compile(r"\bntn_[A-Za-z0-9]{40,}")),
    "OpenAI key": ("sk-", re.compile(r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}")),
    "PlanetScale token": ("pscale_", re.compile(r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9._=-]{32,}")),
    "Postman API key": ("PMAK-", re.compile(r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b")),
    "Private Key in base64": ("LS0tLS1CRUdJTi", re.compile(_ENCODED_KEYS)),
    "Pulumi token": ("pul-", re.compile(r"\bpul-[0-9a-f]{40}\b")),
    "PuTTY private key": ("PuTTY", re.compile(r"PuTTY-User-Key-File-\d")),
    "RubyGems key": ("rubygems_", re.compile(r"\brubygems_[0-9a-f]{48}\b")),
    "Sentry token": ("sntry", re.compile(r"\bsntry[su]_[A-Za-z0-9+/=_-]{60,}")),
    "Shopify token": ("shp", re.compile(r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b")),
    "Slack webhook": (
        "hooks.slack.com",
        re.compile(r"hooks\.slack\.com/(?:services|workflows)/T[A-Z0-9]{6,}/[A-Z0-9]{6,}/[A-Za-z0-9]{16,}"),
    ),
    "Supabase token": ("sbp_", re.compile(r"\bsbp_[0-9a-f]{40}\b")),
    "Tailscale key": ("tskey-", re.compile(r"\btskey-[a-z]+-[A-Za-z0-9]{8,}-[A-Za-z0-9]{20,}")),
    "Terrasmith registry token": ("tsm_", re.compile(r"\btsm_[A-Za-z0-9]{30,}")),
}
_AWS_SECRET = re.compile(
    r"(?i)aws_?secret_?access_?key[\"']?\s*[:=]\s*[\"']?(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"
)
# A literal given to a name that sounds secret: often a harmless sample, so by itself it is a warning.
_ASSIGNMENT = re.compile(r"(?<!\w)(?P<name>[A-Za-z_][\w-]{0,100}+)[\"']?\s*[:=]\s*\"(?P<value>[^\"${}\s]{6,300})\"")
# Where strings stand without quotes, or in single ones.
_BARE_FILES = (".yaml", ".yml", ".sh", ".bash", ".env", ".tftpl", ".tpl", ".ini", ".conf", ".properties")
_BARE_ASSIGNMENT = re.compile(
    r"(?<!\w)(?P<name>[A-Za-z_][\w-]{0,100}+)[\"']?\s*(?::\s|=)\s*'?(?P<value>(?=[^\s]{0,300}\d)[^\"'${}\s#,;]{6,300})'?(?=[\s,;]|$)"
)
_SOUNDS_SECRET = re.compile(r"(?i)password|passwd|secret|token|api_?key|access_?key|private_?key|credential")
_DEMANDING_NAME = re.compile(
    r"(?i)(?:password|passwd|secret|token|api_?key|access_?key|secret_?key|private_?key|credentials?)$"
)
# What documentation writes instead of a credential, and words that are choices and no secrets.
_SAMPLES = re.compile(
    r"(?i)example|changeme|change-me|placeholder|dummy|redacted|your[-_]|xxxx|<[^>]+>|\*\*\*|^mock|^test|^fake|^foo|^bar"
    r"|^(?:required|optional|enabled|disabled|default|none|null|true|false|always|never|random|generated|managed)$"
)
_NO_SECRET = re.compile(r"(?i)^(?:arn:|https?://[^@]*$|/|\./|projects/|[\w.-]+\.[\w-]+\.\w+$)|^[a-z]+(?:[_.-][a-z]+)*$")
_WORDS = re.compile(r"(?i)passw|secret|super|strong|admin|welcome")
_ENTROPY_LENGTH, _ENTROPY_BITS = 16, 3.5
_WINDOW, _OVERLAP = 4_000, 200
_SHORTEST = 8
"""Characters of a line that could hold anything. A megabyte of shorter ones would cost a quarter of a minute."""
_REMEDY = "Remove it, rotate it at its issuer (it counts as leaked), and take the value as a variable."
_TEXT_FOLDERS = ("examples/", "tests/", "test/", "docs/")


def find_secrets(files: FileMap) -> Iterator[Finding]:
    """One finding for each kind on each line, in the order of files and lines."""
    for path in sorted(files):
        if path.rsplit(".", 1)[-1].casefold() in PICTURES:
            continue
        text = files[path].decode("utf-8", "replace")
        defaults = dict(_defaults(path, files[path])) if path.endswith(".tf") else {}
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) < _SHORTEST:
                continue
            kinds = sorted({kind for window in _windows(line) for kind in _kinds(window)})
            for kind in kinds:
                message = f"This line holds what looks like a credential: {kind}."
                yield _finding("secret", "error", message, path, number)
            if number in defaults and not kinds:
                yield defaults[number]
            elif not kinds:
                yield from _assignment(path, number, line)


def _finding(rule: str, severity: Severity, message: str, path: str, line: int, fix: str = _REMEDY) -> Finding:
    risk: Risk = "critical" if severity == "error" else "medium"
    return Finding(rule, severity, message, printable(path), line, fix=fix, source=SOURCE, risk=risk)


def _windows(line: str) -> Iterator[str]:
    # Bounded pieces, so that one long line cannot make any expression slow.
    for start in range(0, max(len(line), 1), _WINDOW):
        yield line[max(start - _OVERLAP, 0) : start + _WINDOW]


def _kinds(line: str) -> Iterator[str]:
    for detector in _detectors():
        for value in detector.analyze_string(line):
            if not _SAMPLES.search(str(value)):
                yield str(detector.secret_type)
    for kind, (mark, pattern) in _MORE_FORMATS.items():
        if mark in line and (match := pattern.search(line)) and not _SAMPLES.search(match.group()):
            yield kind
    aws = _AWS_SECRET.search(line)
    if aws and not _SAMPLES.search(aws.group("value")):
        yield "AWS secret access key"


@cache
def _detectors() -> tuple[RegexBasedDetector, ...]:
    mapping: dict[str, type] = get_mapping_from_secret_type_to_class()
    return tuple(
        plugin()
        for kind, plugin in sorted(mapping.items())
        if kind not in _LEFT_OUT and issubclass(plugin, RegexBasedDetector)
    )


def _defaults(path: str, data: bytes) -> Iterator[tuple[int, Finding]]:
    """Variables that sound secret and have a value: whoever forgets to set them runs with what everyone can read."""
    for block in parse(path, data).blocks:
        value = block.literal("default")
        if block.kind == "variable" and value and _sounds_secret(block) and not _harmless(block.labels[0], value):
            own = not path.startswith(_TEXT_FOLDERS)
            message = f"The variable `{printable(block.labels[0])}` sounds like a secret and has a default."
            fix = "Remove the default: who calls the module must give the value."
            line = block.attributes["default"].line
            yield line, _finding("secret-default", "error" if own else "warning", message, path, line, fix)


def _sounds_secret(block: Block) -> bool:
    return bool(block.labels) and _DEMANDING_NAME.search(block.labels[0]) is not None


def _assignment(path: str, number: int, line: str) -> Iterator[Finding]:
    """Of a value without double quotes only what looks random counts: between words nobody can tell."""
    if path.endswith(_BARE_FILES) and any(map(_is_bare_secret, _BARE_ASSIGNMENT.finditer(line[:_WINDOW]))):
        message = "This line holds what looks like a credential: a random value with the name of a secret."
        yield _finding("secret", "error", message, path, number)
        return
    for match in _ASSIGNMENT.finditer(line[:_WINDOW]):
        name, value = match.group("name"), match.group("value")
        if not _SOUNDS_SECRET.search(name) or _harmless(name, value):
            continue
        if _DEMANDING_NAME.search(name) and _looks_random(value):
            message = "This line holds what looks like a credential: a random value with the name of a secret."
            yield _finding("secret", "error", message, path, number)
            return
        if path.endswith((".tf", ".tfvars")):
            message = "A literal is assigned to a name that sounds like a secret."
            yield _finding(
                "secret-literal", "warning", message, path, number, "Take the value as a sensitive variable."
            )
            return


def _is_bare_secret(match: re.Match[str]) -> bool:
    name, value = match.group("name"), match.group("value")
    return bool(_DEMANDING_NAME.search(name)) and not _harmless(name, value) and _looks_random(value)


def _harmless(name: str, value: str) -> bool:
    return bool(_SAMPLES.search(value)) or bool(_NO_SECRET.match(value)) or value.casefold() == name.casefold()


def _looks_random(value: str) -> bool:
    return len(value) >= _ENTROPY_LENGTH and _bits(value) >= _ENTROPY_BITS and not _WORDS.search(value)


def _bits(value: str) -> float:
    """Shannon's entropy, in bits for each character."""
    return -sum(count / len(value) * math.log2(count / len(value)) for count in Counter(value).values())
