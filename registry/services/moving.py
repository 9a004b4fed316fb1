"""Where a module is published from: bound by its first version, and moved by an operator alone.

A folder that was renamed, or a module that went into a monorepo, keeps its address and its versions.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from accounts import audit, namespaces
from core.errors import UserError
from registry.services import catalog
from tfmodule.address import Address
from tfmodule.files import check_path


class FolderMovedError(UserError):
    """The module is bound to another folder of its repository."""

    def __init__(self, address: str, known: str, path: str) -> None:
        super().__init__(
            f"`{address}` is published from {_folder(known)}, not from {_folder(path)}: a module keeps the folder of "
            f"its first version. Use another name, or have the operator run `terrasmith module move {address} "
            f"--path {path or '.'}`."
        )
        self.address, self.known, self.path = address, known, path


@dataclass(frozen=True)
class Place:
    """A repository by GitHub's number, and a folder in it; empty for the root."""

    repository_id: int
    path: str

    @property
    def folder(self) -> str:
        """In words."""
        return _folder(self.path)


def move(
    session: Session, address: Address, *, path: str, repository_id: int | None = None, actor: str = audit.OPERATOR
) -> Place:
    """Bind the module to another folder, and to another repository if one is named. What is published stays.

    Raises UserError for an unknown module, one that comes from uploads, and a folder that cannot be one.
    """
    path = "" if path == "." else path
    if path:
        check_path(path)
    namespace = namespaces.find(session, address.namespace)
    module = catalog.find_module(session, namespace, address) if namespace is not None else None
    if module is None:
        raise UserError(f"There is no module `{address}`.")
    if module.source != "repository":
        raise UserError(f"`{address}` is published by uploads: it has no folder in a repository.")
    before = Place(module.repository_id, module.path)
    after = Place(repository_id or module.repository_id, path)
    if before != after:
        module.repository_id, module.path = after.repository_id, after.path
        detail = {
            "address": str(address),
            "from": {"repository_id": before.repository_id, "path": before.path},
            "to": {"repository_id": after.repository_id, "path": after.path},
        }
        audit.record(session, actor, "module.move", f"module:{module.id}", detail)
    return after


def _folder(path: str) -> str:
    return f"the folder `{path}`" if path else "the root"
