"""The seam for checks that publish: what they need of a registry's publish API, and how one is found.

Refuses to guess: a registry whose publish API we do not know has its write checks not run, with that as the reason.
"""

from collections.abc import Mapping
from typing import Protocol

from core.errors import TerrasmithError


class PublishRefusedError(TerrasmithError):
    """The registry would not publish this, and what it said."""


class Publisher(Protocol):
    """Publishes one version and waits for the outcome."""

    def publish(self, address: str, version: str, files: Mapping[str, bytes]) -> None:
        """Return when the version can be installed; raise PublishRefusedError with the registry's words."""


def find_publisher(_base_url: str, _token: str | None) -> Publisher | None:
    """The publish API of the registry at this address; None where it has none that we can speak."""
    return None
