"""Why a publication is refused, in the publisher's words. Decides nothing."""

from core.errors import UserError

REPOSITORY, UPLOADS = "repository", "uploads"
"""What a module is bound to by its first version."""


class VersionTakenError(UserError):
    """The version exists with other bytes, or as a spelling of equal precedence."""

    def __init__(self, address: str, version: str, published: str) -> None:
        super().__init__(
            f"`{address}` {published} is published already, with other content than this {version}. "
            "A published version never changes: release a new one."
        )
        self.address, self.version, self.published = address, version, published


class VersionRemovedError(VersionTakenError):
    """The version was published once and then removed. Its number is never used again, not even for the same bytes."""

    def __init__(self, address: str, version: str, published: str, reason: str) -> None:
        super().__init__(address, version, published)
        self.message = f"`{address}` {published} was removed ({reason}), and its number is never used again: "
        self.message += "release a new one."
        self.args, self.reason = (self.message,), reason


class VersionQuarantinedError(VersionTakenError):
    """The version was published and is quarantined now: not even the same bytes are taken for it."""

    def __init__(self, address: str, version: str, published: str, reason: str) -> None:
        super().__init__(address, version, published)
        self.message = f"`{address}` {published} is quarantined ({reason}), and stays so whatever is published: "
        self.message += "release a new version, or ask the registry's operator."
        self.args, self.reason = (self.message,), reason


class ModuleTakenError(UserError):
    """The address, or one that looks like it, belongs to another repository."""

    def __init__(self, address: str, published: str, repository_id: int) -> None:
        super().__init__(f"`{address}` cannot be published from here: `{published}` belongs to another repository.")
        self.address, self.published, self.repository_id = address, published, repository_id


class SourceMixedError(UserError):
    """A module has one source for good: a repository, or the uploads of its namespace."""

    def __init__(self, published: str, source: str) -> None:
        theirs = "a repository on GitHub" if source == REPOSITORY else "uploads"
        ours = "uploaded" if source == REPOSITORY else "published from a repository"
        super().__init__(
            f"`{published}` is published from {theirs}, so no version of it can be {ours}: a module keeps the source "
            "of its first version. Use another name, or publish the way the others were."
        )
        self.published, self.source = published, source


class WouldExposeError(UserError):
    """A private repository's module would become readable for everybody."""

    def __init__(self, address: str, namespace: str) -> None:
        super().__init__(
            f"`{address}` comes from a private repository, but everybody can read the namespace `{namespace}`. "
            "Make the repository public, or have the operator make the namespace private."
        )
        self.address, self.namespace = address, namespace


class NamespaceClosedError(UserError):
    """The namespace does not exist, is suspended, or is bound to another account than the repository's owner."""

    def __init__(self, namespace: str, reason: str) -> None:
        super().__init__(f"Nothing can be published into `{namespace}`: {reason.rstrip('.')}.")
        self.namespace, self.reason = namespace, reason
