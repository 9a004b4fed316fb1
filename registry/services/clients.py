"""Who a client says it is, and what it can make of a download answer. Grants nothing: a lie harms the liar only."""

import re
from dataclasses import dataclass
from enum import StrEnum

from tfmodule.version import InvalidVersionError, Version

_PRODUCT = re.compile(r"([A-Za-z-]+)/v?([0-9A-Za-z.+-]{1,64})")

# The first OpenTofu that fetches a package itself, with its token, when the answer says `use_registry_credentials`.
_DIRECT_SINCE = Version(1, 12, 0)

# By the name that a client sends first. Everything else is one row: strangers must not be able to fill a table.
_COUNTED = {
    "terraform": "terraform",
    "opentofu": "opentofu",
    "renovate": "renovate",
    "renovatebot": "renovate",
    "dependabot-core": "dependabot",
    "dependabot": "dependabot",
    "trivy": "trivy",
    "terragrunt": "terragrunt",
    "checkov": "checkov",
    "infracost": "infracost",
    "terraform-ls": "terraform-ls",
}
LOOKED_AT = 200
"""Characters of a User-Agent that can make a difference."""

_NUMBERS = re.compile(r"\d{1,4}\.\d{1,4}(?:\.\d{1,4})?(?:-(?:alpha|beta|rc|dev)\.?\d{0,8})?")


@dataclass(frozen=True)
class Client:
    """Who a client says it is, as it is counted. The version is empty where it is none that we know the shape of."""

    name: str
    version: str


OTHER = Client("other", "")
CONFORMANCE = Client("terrasmith-conformance", "")
"""`terrasmith conformance`, which asks in the name of other clients. It installs nothing, so it is not counted."""


def identify(user_agent: str) -> Client:
    """The client as downloads are counted by."""
    if user_agent[:LOOKED_AT].endswith(f" {CONFORMANCE.name}"):
        return CONFORMANCE
    name, version = _product(user_agent.removeprefix("HashiCorp "))
    known = _COUNTED.get(name)
    if known is None:
        return OTHER
    return Client(known, version if _NUMBERS.fullmatch(version) else "")


class Manner(StrEnum):
    """The kinds of download answer there are; a client's User-Agent decides between them, and nothing else in it."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    """Hands a location on as it is, instead of resolving it against where it came from."""
    CREDENTIALS = "credentials"
    """Fetches a package itself, with its token, where the answer says so (R13)."""


def manner(user_agent: str) -> Manner:
    """What this client makes of a download answer."""
    if takes_credentials(user_agent):
        return Manner.CREDENTIALS
    return Manner.ABSOLUTE if needs_absolute(user_agent) else Manner.RELATIVE


def takes_credentials(user_agent: str) -> bool:
    """Whether this client understands `use_registry_credentials`. Older ones would fetch without their token."""
    name, version = _product(user_agent)
    if name != "opentofu":
        return False
    try:
        # A prerelease of that first version may come from before the feature.
        return Version.parse(version) >= _DIRECT_SINCE
    except InvalidVersionError:
        return False


def needs_absolute(user_agent: str) -> bool:
    """Whether this client hands a location on as it is, instead of resolving it against where it came from."""
    return _product(user_agent)[0] == "trivy"


def _product(user_agent: str) -> tuple[str, str]:
    """The first product of a User-Agent; what an operator appends to it (TF_APPEND_USER_AGENT) does not count."""
    match = _PRODUCT.match(user_agent[:LOOKED_AT])
    return (match.group(1).casefold(), match.group(2)) if match else ("", "")
