"""Every permission there is. A route or a job that declares none of them does not start (design law 8).

Knows names only: who holds a permission is decided where it is checked, as each line says.
"""

from enum import StrEnum

from core.errors import TerrasmithError


class Permission(StrEnum):
    """What somebody must hold, or what must hold, before a route answers or a job works."""

    PUBLIC = "public"
    """Anybody, also without a token."""

    READ_MODULE = "read_module"
    """Anybody for a public namespace; for a private one a live token of that namespace. The catalogue decides."""

    SIGNED_LOCATION = "signed_location"
    """An address that we signed for one token and one archive, at most two minutes old. The endpoint verifies it."""

    PUBLISH = "publish"
    """A live token with `allow = publish` of the namespace that is published into."""

    WEBHOOK_SIGNATURE = "webhook_signature"
    """A body signed with a webhook secret of ours. The endpoint verifies it before it reads anything else."""

    COMMENTER_WRITE = "commenter_write"
    """The person who asked can write to the repository, as GitHub says at the moment the work is done."""

    INSTALLATION = "installation"
    """The app is installed on the account that the work is about, as GitHub says at that moment."""

    OPERATOR = "operator"
    """Somebody with a shell on the machine. No request over HTTP holds it."""

    SYSTEM = "system"
    """Terrasmith's own upkeep, which touches no one's data on anyone's behalf."""


class SignInRequiredError(TerrasmithError):
    """A stranger asked for something that not everybody may have."""

    def __init__(self) -> None:
        super().__init__(
            "A valid token is needed here: none came, or one that is mistyped, expired or revoked. Terraform takes it "
            'from a `credentials "HOST" { token = "…" }` block of its CLI configuration, or from the variable '
            "TF_TOKEN_HOST, with `_` for every dot of the host. Whoever operates this registry makes tokens: "
            "`terrasmith token create`."
        )


class NotAllowedError(TerrasmithError):
    """We know who asked, and it is not theirs to do."""

    def __init__(self, permission: Permission) -> None:
        how = " Whoever operates this registry makes one that does: `terrasmith token create NAME --allow publish`."
        super().__init__(
            f"The token does not allow this: it lacks the permission {permission}."
            + (how if permission is Permission.PUBLISH else "")
        )
        self.permission = permission
