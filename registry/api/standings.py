"""How answers show where a version or a module stands: in the body of `versions`, and in headers. Decides nothing.

No release of Terraform or OpenTofu reads any of it; what it cannot read it ignores.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from registry.services.catalog import ModuleVersions
from registry.services.standing import Replacement, Standing, shown
from registry.version_states import DEPRECATED, PUBLISHED
from tfmodule.address import Address
from tfmodule.version import Version

_MODULES = "/v1/modules/"


def versions_body(module: ModuleVersions, asked: Address, base_url: str) -> dict[str, Any]:
    """The body of `:namespace/:name/:system/versions`, the one rendering there is."""
    listed = [_version(version, module.standing_of(version)) for version in module.versions]
    moved = {"moved_to": str(module.address)} if has_moved(asked, module.address) else {}
    source = source_of(module.address, module.source_url, base_url)
    return {"modules": [{"source": source, "versions": listed, **moved}]}


def source_of(address: Address, source_url: str, base_url: str) -> str:
    """Where a module comes from, as a URL (R38): its repository, or for one that was uploaded its page here."""
    return source_url or f"{base_url.rstrip('/')}/modules/{address}"


def has_moved(asked: Address, found: Address) -> bool:
    """Whether the account was renamed since. The old address works for good, and says where it leads."""
    return asked.namespace.casefold() != found.namespace.casefold()


def headers(standing: Standing | None) -> Mapping[str, str]:
    """The headers of an answer about something in this standing; none for what is in good standing.

    `Deprecation` is RFC 9745: since when; `Link` names its successor. The reason stands in bodies only.
    """
    if standing is None or standing.state == PUBLISHED:
        return {}
    found = {"Terrasmith-Version-State": standing.state}
    if standing.since is not None:
        found["Deprecation"] = f"@{int(standing.since.timestamp())}"
    if standing.replacement is not None:
        found["Link"] = f'<{_successor(standing.replacement)}>; rel="successor-version"'
    return found


def _version(version: Version, standing: Standing | None) -> dict[str, Any]:
    own = {"version": str(version)}
    if standing is None or standing.state != DEPRECATED:
        return own
    return {**own, "deprecation": {key: value for key, value in shown(standing).items() if key != "state"}}


def _successor(replacement: Replacement) -> str:
    version = f"/{quote(str(replacement.version), safe='+')}/download" if replacement.version else "/versions"
    return f"{_MODULES}{replacement.address}{version}"
