"""What a tag stands for: a version of a module of its repository, or why it is none; and who else stands for it.

A repository that declares its modules has a prefix for each; any other holds the one module it is named after (R33).
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models import Release
from tfmodule.declaration import FILE, Declaration, DeclarationError
from tfmodule.files import printable
from tfmodule.version import InvalidVersionError, Version, parse_tag


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """`version` is none where `reason` says why. `module` is `name/system`; none: the repository's own name says it."""

    version: str | None = None
    reason: str | None = None
    module: str | None = None
    path: str = ""
    prefix: str = ""
    rest: str = ""
    """What follows the prefix, where a version should stand; empty for a tag that begins like no module's."""
    unreadable: bool = False
    """Whether the declaration itself is at fault."""
    silent: bool = False
    """Remembered, but told to nobody."""


def plain(tag: str) -> Meaning:
    """In a repository that is named after its one module."""
    version, reason = _read(tag, tag)
    return Meaning(version=version, reason=reason, rest=tag)


def declared(declaration: Declaration, tag: str) -> Meaning:
    """In a repository that declares its modules."""
    module = declaration.module_of(tag)
    if module is None:
        known = ", ".join(f"`{one.tag_prefix}`" for one in declaration.modules[:10])
        more = ", …" if len(declaration.modules) > 10 else ""
        return Meaning(
            reason=f"`{printable(tag)}` begins like no module of `{FILE}`; there the tags begin with {known}{more}."
        )
    rest = tag[len(module.tag_prefix) :]
    version, reason = _read(rest, tag)
    return Meaning(
        version=version, reason=reason, module=module.key, path=module.path, prefix=module.tag_prefix, rest=rest
    )


def undeclared(error: DeclarationError) -> Meaning:
    """In a repository whose declaration cannot be followed."""
    return Meaning(reason=error.message, unreadable=True)


def too_old() -> Meaning:
    """On a commit without a declaration, in a repository that has one elsewhere: written down, so that it is known."""
    return Meaning(reason=f"The commit has no `{FILE}`.", silent=True)


def rival(session: Session, row: Release) -> Release | None:
    """The living release that has this version of this module under another tag and from another commit."""
    key = Version.parse(row.version or "").precedence_key
    others = select(Release).where(
        Release.repository_id == row.repository_id,
        Release.module.is_(None) if row.module is None else Release.module == row.module,
        Release.tag != row.tag,
        Release.commit_sha != row.commit_sha,
        Release.version.is_not(None),
        Release.state != "refused",
    )
    return next(
        (other for other in session.scalars(others) if Version.parse(other.version or "").precedence_key == key), None
    )


def second_tag(tag: str, other: Release) -> str:
    """Why the second tag of a version is refused."""
    return (
        f"`{other.tag}` is the version {other.version} already, at commit {other.commit_sha[:12]}; `{tag}` would be "
        "the same version from another commit. A published version never changes: push a new one."
    )


def _read(text: str, tag: str) -> tuple[str | None, str | None]:
    try:
        return str(parse_tag(text)), None
    except InvalidVersionError as error:
        if text == tag:
            return None, error.message
        return None, f"`{printable(tag)}`: {error.message}"
