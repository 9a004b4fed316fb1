"""What `/api/v1` says of where a version or a module stands."""

from typing import Literal

from pydantic import Field

from registry.api.described import Model
from registry.services import standing
from registry.services.standing import Standing


class VersionStanding(Model):
    """The state of a version, why, since when, and what to use instead. The only part of a version that changes."""

    state: Literal["published", "deprecated", "revoked"] = Field(
        description="`revoked` is in no list: whoever names the version still gets it."
    )
    reason: str | None = Field(examples=["leaks its logs"])
    replacement: str | None = Field(
        description="A module, or a version of one, of this registry.", examples=["acme/bucket/aws/1.4.1"]
    )
    since: str | None = Field(examples=["2026-11-02T10:20:30+00:00"])
    whole_module: bool = Field(description="It is the module that was deprecated, with all its versions.")


def standing_of(found: Standing | None) -> VersionStanding:
    """In good standing where nothing is known."""
    return VersionStanding(**standing.shown(found or standing.IN_GOOD_STANDING))
