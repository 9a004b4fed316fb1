"""Where a storage is, as one address: `s3://BUCKET/PREFIX?OPTIONS` or `file:///PATH`. Opens nothing, holds no secret.

Keys and tokens have no place in an address, which ends up in logs and process lists: one that holds any is refused.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from core.errors import UserError

Style = Literal["auto", "path", "virtual"]

# What S3 itself allows, and the capital letters and underscores that old buckets and Ceph know.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]*")
_KMS_KEY = re.compile(r"[A-Za-z0-9:/_-]{1,2048}")

_STYLES: dict[str, Style] = {"auto": "auto", "path": "path", "virtual": "virtual"}
_ENCRYPTION = ("AES256", "aws:kms")
_OPTIONS = ("endpoint", "region", "style", "sse", "kms_key", "profile", "timeout", "attempts")


class InvalidPlaceError(UserError):
    """Not the address of a storage; says what is wrong with it, and never repeats the whole address."""


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    root: Path

    def __str__(self) -> str:
        return f"file://{self.root}"


@dataclass(frozen=True)
class Bucket:
    """A bucket, or a part of one, and how it is spoken to."""

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    style: Style = "auto"
    sse: str | None = None
    kms_key: str | None = None
    profile: str | None = None
    timeout: float = 10.0
    attempts: int = 3

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}".rstrip("/") + (f" at {self.endpoint}" if self.endpoint else "")


Place = Folder | Bucket


def parse_place(text: str) -> Place:
    """Read an address. Raises InvalidPlaceError."""
    if not text.isprintable():  # urlsplit drops line breaks without a word
        raise InvalidPlaceError("it is no address")
    parts = _split(text)
    if "@" in parts.netloc:
        raise InvalidPlaceError(
            "keys do not belong into the address; give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "in a profile, or as a role of the machine"
        )
    if parts.scheme == "file":
        return _folder(parts)
    if parts.scheme == "s3":
        return _bucket(parts)
    raise InvalidPlaceError("it starts with neither s3:// nor file:///")


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise InvalidPlaceError("it is no address") from None
    return parts


def _folder(parts: SplitResult) -> Folder:
    if parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise InvalidPlaceError("a folder is written as file:///ABSOLUTE/PATH and has no options")
    return Folder(Path(unquote(parts.path)))


def _bucket(parts: SplitResult) -> Bucket:
    prefix = parts.path.strip("/")
    if not _BUCKET.fullmatch(parts.netloc):
        raise InvalidPlaceError("after s3:// comes no bucket name (3 to 63 letters, digits, dots, hyphens)")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise InvalidPlaceError("the prefix may hold letters, digits, dots, hyphens, underscores and single slashes")
    options = _options(parts)
    return Bucket(
        name=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=_endpoint(options.get("endpoint")),
        region=_matching(options, "region", _WORD),
        style=_style(options.get("style", "auto")),
        sse=_encryption(options),
        kms_key=_matching(options, "kms_key", _KMS_KEY),
        profile=_matching(options, "profile", _WORD),
        timeout=_number(options, "timeout", 10.0, 0.1, 600.0),
        attempts=int(_number(options, "attempts", 3, 1, 10)),
    )


def _options(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    unknown = next((name for name in names if name not in _OPTIONS), None)
    if unknown is not None or parts.fragment:
        raise InvalidPlaceError(f"it has an option that is not known; the options are {', '.join(_OPTIONS)}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidPlaceError(f"the option {twice} stands there twice")
    return dict(pairs)


def _endpoint(value: str | None) -> str | None:
    if value is None:
        return None
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise InvalidPlaceError("endpoint is no http(s) address, such as https://s3.example.com")
    return value.rstrip("/")


def _style(value: str) -> Style:
    if value not in _STYLES:
        raise InvalidPlaceError(f"style is one of {', '.join(_STYLES)}")
    return _STYLES[value]


def _encryption(options: dict[str, str]) -> str | None:
    wanted = options.get("sse")
    if wanted is not None and wanted not in _ENCRYPTION:
        raise InvalidPlaceError(f"sse is one of {', '.join(_ENCRYPTION)}")
    if "kms_key" in options and wanted != "aws:kms":
        raise InvalidPlaceError("kms_key needs sse=aws:kms beside it")
    return wanted


def _matching(options: dict[str, str], name: str, pattern: re.Pattern[str]) -> str | None:
    value = options.get(name)
    if value is not None and not pattern.fullmatch(value):
        raise InvalidPlaceError(f"the option {name} holds what cannot be one")
    return value


def _number(options: dict[str, str], name: str, default: float, least: float, most: float) -> float:
    try:
        value = float(options.get(name, default))
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise InvalidPlaceError(f"{name} is a number from {least:g} to {most:g}")
    return value
