"""What a client can make of a download answer, as its User-Agent tells. Grants nothing: a lie harms the liar only."""

import re

from tfmodule.version import InvalidVersionError, Version

_PRODUCT = re.compile(r"([A-Za-z-]+)/v?([0-9A-Za-z.+-]{1,64})")

# The first OpenTofu that fetches a package itself, with its token, when the answer says `use_registry_credentials`.
_DIRECT_SINCE = Version(1, 12, 0)


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
    match = _PRODUCT.match(user_agent[:200])
    return (match.group(1).casefold(), match.group(2)) if match else ("", "")
