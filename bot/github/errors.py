"""How GitHub says no, as three kinds of failure. Every text carries status and request id where there are any, and
never a token: nothing here is made from request headers.

    TerrasmithError
    ├── GitHubError               an answer nobody expected: a bug of ours, unless a caller knows the status
    ├── UserError
    │   ├── MissingPermissionError    names what to grant (G13)
    │   ├── ForbiddenError            any other 403, in GitHub's own words
    │   ├── InstallationGoneError     uninstalled; InstallationSuspendedError: suspended
    │   ├── RepositoryExistsError, TagTakenError, HeadMovedError, RefusedByRulesError, CreationRefusedError
    └── Transient
        └── RateLimitedError
"""

from core.errors import TerrasmithError, Transient, UserError


class GitHubError(TerrasmithError):
    """A status the caller did not expect. `codes` are GitHub's own words for each validation problem."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        request_id: str | None = None,
        details: str = "",
        codes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{message} (request id {request_id})" if request_id else message)
        self.status = status
        self.request_id = request_id
        self.details = details
        self.codes = codes

    def says(self, *words: str) -> bool:
        """Whether GitHub's own text holds one of these, whatever the case."""
        text = " ".join((self.details, *self.codes)).casefold()
        return any(word.casefold() in text for word in words)


class TooLongError(GitHubError):
    """A text that GitHub would refuse (G29). The writer of the text has to shorten it."""

    def __init__(self, what: str, length: int, limit: int) -> None:
        super().__init__(f"{what} has {length} characters; GitHub takes {limit}", status=422)
        self.limit = limit


class RateLimitedError(Transient):
    """GitHub asks us to wait longer than we wait in place."""


class MissingPermissionError(UserError):
    """The app may not do this here. `permissions` is GitHub's own list of what would do: "administration=write"."""

    def __init__(self, what: str, permissions: str, request_id: str | None = None) -> None:
        needed = f" It needs the permission `{permissions}`." if permissions else ""
        trace = f" (GitHub's request id: {request_id})" if request_id else ""
        super().__init__(
            f"GitHub does not let this app use `{what}` here.{needed} "
            f"An owner can grant it on the app's installation page.{trace}"
        )
        self.permissions = permissions


class ForbiddenError(UserError):
    """GitHub forbids it here for a reason of its own: archived, an address list, single sign-on."""

    def __init__(self, what: str, details: str, request_id: str | None = None) -> None:
        trace = f" (GitHub's request id: {request_id})" if request_id else ""
        reason = details[:300] or "it does not say why"
        super().__init__(f"GitHub does not let this app use `{what}` here: {reason}{trace}")
        self.details = details


class InstallationGoneError(UserError):
    """The app is not installed there any more."""

    def __init__(self, installation_id: int, text: str = "is no longer installed there") -> None:
        super().__init__(f"The app {text} (installation {installation_id}).")
        self.installation_id = installation_id


class InstallationSuspendedError(InstallationGoneError):
    """Installed, and suspended by its owner or by GitHub."""

    def __init__(self, installation_id: int) -> None:
        super().__init__(installation_id, "is suspended there; an owner can end that on its installation page")


class RepositoryExistsError(UserError):
    """The name is taken. Whether that repository is ours is the caller's question."""

    def __init__(self, repo: str) -> None:
        super().__init__(f"The repository `{repo}` exists already.")
        self.repo = repo


class CreationRefusedError(UserError):
    """GitHub would not create the repository, and waiting does not help."""


class TagTakenError(UserError):
    """The tag stands on another commit. A tag of ours never moves."""

    def __init__(self, repo: str, tag: str, commit: str, wanted: str) -> None:
        super().__init__(
            f"The tag `{tag}` of `{repo}` stands on {commit[:12]}, not on {wanted[:12]}; tags do not move."
        )
        self.tag = tag
        self.commit = commit
        self.wanted = wanted


class HeadMovedError(UserError):
    """Somebody pushed while we were writing (G25): nothing was written."""

    def __init__(self, repo: str, branch: str, expected: str) -> None:
        super().__init__(f"The branch `{branch}` of `{repo}` moved on from {expected[:12]}; nothing was written to it.")
        self.branch = branch
        self.expected = expected


class RefusedByRulesError(UserError):
    """A ruleset or a protected branch forbids it (G33)."""

    def __init__(self, what: str, details: str) -> None:
        super().__init__(f"The repository's rules do not let this app {what}: {details}")
        self.details = details
