"""How large a step of the version a change asks for, and the least version that makes it.

Semantic versioning 2.0.0; below 1.0.0, where it promises nothing, breaking changes take a minor step, as users expect.
"""

from tfmodule.comparison import Bump
from tfmodule.version import Version


def least_version(before: Version, bump: Bump | None) -> Version:
    """The lowest release after `before` whose number says as much as the bump; nothing changed still takes a patch."""
    if bump == "major" and before.major > 0:
        return Version(before.major + 1, 0, 0)
    if bump in ("major", "minor"):
        return Version(before.major, before.minor + 1, 0)
    return Version(before.major, before.minor, before.patch + 1)


def is_enough(before: Version, after: Version, bump: Bump | None) -> bool:
    """Whether `after` makes at least that step; a prerelease makes the step of the release that it leads to."""
    if before.is_prerelease:
        # What was only announced promised nothing yet; the release it leads to may still be anything.
        return after.precedence() > before.precedence()
    return Version(after.major, after.minor, after.patch) >= least_version(before, bump)
