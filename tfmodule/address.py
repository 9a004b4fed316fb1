"""The address of a module, namespace/name/system, and the repository name it implies.

Refuses what Terraform would refuse.
"""

import re
from dataclasses import dataclass

from core.errors import UserError
from tfmodule.files import printable

# The client's own rules: 1-64 ASCII letters, digits, `-` and `_`, neither of these two at an end;
# the target system is lower-case letters and digits only.
_NAME = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?")
_SYSTEM = re.compile(r"[0-9a-z]{1,64}")
_REPOSITORY = re.compile(r"terraform-([0-9a-z]{1,64})-(.+)")


class InvalidAddressError(UserError):
    """Not an address of a module."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"`{printable(text)}` is not a module address: {reason}.")
        self.text = text


@dataclass(frozen=True)
class Address:
    """A module in a registry. Case is kept as written; `key` is how two addresses are compared."""

    namespace: str
    name: str
    system: str

    def __post_init__(self) -> None:
        for label, part in (("namespace", self.namespace), ("name", self.name)):
            if not _NAME.fullmatch(part):
                raise InvalidAddressError(
                    str(self),
                    f"the {label} must be 1 to 64 letters, digits, `-` or `_`, with a letter or digit at both ends",
                )
        if not _SYSTEM.fullmatch(self.system):
            raise InvalidAddressError(str(self), "the system must be 1 to 64 lower-case letters or digits")

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `namespace/name/system`; raises InvalidAddressError."""
        parts = text.split("/")
        if len(parts) != 3:
            raise InvalidAddressError(text, "it must have the three parts `namespace/name/system`")
        return cls(*parts)

    @classmethod
    def from_repository(cls, owner: str, repository: str) -> "Address | None":
        """The module that the repository `terraform-<system>-<name>` of this owner holds; None for another name."""
        match = _REPOSITORY.fullmatch(repository)
        if match is None:
            return None
        try:
            return cls(owner, match.group(2), match.group(1))
        except InvalidAddressError:
            return None

    @property
    def key(self) -> str:
        """Equal for addresses that the registry treats as one."""
        return str(self).casefold()

    @property
    def repository_name(self) -> str:
        """The repository that holds this module by convention."""
        return repository_name(self.system, self.name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}/{self.system}"


def repository_name(system: str, name: str) -> str:
    """`terraform-<system>-<name>`."""
    return f"terraform-{system}-{name}"
