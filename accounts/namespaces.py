"""Namespaces: the first part of a module's address, bound for ever to the numeric id of a GitHub account.

Refuses a name that another account has, had, or has in a form one could mistake for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from accounts import audit, models, names
from core import clock
from core.errors import UserError
from core.ids import new_id
from tfmodule.address import Address, InvalidAddressError

Visibility = Literal["private", "public"]
State = Literal["active", "suspended", "removed"]


class NamespaceTakenError(UserError):
    """The name, or one that looks like it, belongs to another GitHub account: now or at some time before."""

    def __init__(self, name: str, account_id: int, owner: str) -> None:
        super().__init__(
            f"The namespace `{name}` is taken: `{owner}` belongs to another GitHub account, "
            "and a name never changes hands."
        )
        self.name, self.account_id, self.owner = name, account_id, owner


class NamespaceReservedError(UserError):
    """Nobody takes this name by installing the app, not even an account that bears it: an operator gives it away."""

    def __init__(self, name: str, account_id: int, reserved: str) -> None:
        what = "is reserved here" if names.key(name) == reserved else f"looks like `{reserved}`, which is reserved here"
        super().__init__(f"The namespace `{name}` {what}. {_ask_operator(name, account_id)}")
        self.name, self.account_id, self.reserved = name, account_id, reserved


class NamespaceLooksTakenError(UserError):
    """The name can be read for one that another account has, or had."""

    def __init__(self, name: str, account_id: int, other: str) -> None:
        super().__init__(
            f"The namespace `{name}` looks like `{other}`, which belongs to another GitHub account. "
            f"{_ask_operator(name, account_id)}"
        )
        self.name, self.account_id, self.other = name, account_id, other


class NamespaceNameError(UserError):
    """The login cannot stand in a module's address."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` cannot be a namespace: Terraform would refuse it in a module's `source`.")
        self.name = name


class UnknownNamespaceError(UserError):
    """No such namespace. Told to operators only: it names those that exist."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        listed = ", ".join(f"`{one}`" for one in known) or "none yet: install the GitHub App on an organisation first"
        super().__init__(f"There is no namespace `{name}`. Known: {listed}.")
        self.name, self.known = name, known


@dataclass(frozen=True)
class Namespace:
    """A namespace as others see it."""

    id: str
    name: str
    account_id: int
    account_type: str
    visibility: Visibility
    state: State
    registry_credentials: bool
    created_at: datetime
    verified: bool = False

    @property
    def is_public(self) -> bool:
        return self.visibility == "public"

    @property
    def accepts_versions(self) -> bool:
        """Reading goes on whatever the state is; publishing needs the app installed and not suspended."""
        return self.state == "active"

    @property
    def upload_profile(self) -> Literal["safety", "house"]:
        """How much the gate asks of what is uploaded here. The same for all until an organisation can choose."""
        return "safety"


def _ask_operator(name: str, account_id: int) -> str:
    return (
        "If it is rightly theirs, whoever operates this registry can give it to them: "
        f"`terrasmith namespace allow {name} --account {account_id}`."
    )


name_key = names.key


def bind(
    session: Session,
    account_id: int,
    login: str,
    account_type: str,
    visibility: Visibility = "private",
    *,
    actor: str = audit.SYSTEM,
    allowed: bool = False,
) -> Namespace:
    """The namespace of this account under its present login: born, renamed or back again, as it needs.

    `visibility` counts at birth only. Bind a thousand times: one namespace. `allowed` says that an operator gives the
    name away; one that is another account's, or was, cannot be given. Raises NamespaceTakenError, NamespaceNameError,
    and, unless it is allowed, NamespaceReservedError and NamespaceLooksTakenError.
    """
    refuse(session, account_id, login, allowed=allowed)
    row = session.scalar(select(models.Namespace).where(models.Namespace.github_account_id == account_id))
    if row is None:
        row = _create(session, account_id, login, account_type, visibility, actor)
    elif row.name != login:
        audit.record(session, actor, "namespace.rename", f"namespace:{row.id}", {"from": row.name, "to": login})
        row.name, row.name_key = login, name_key(login)
        _keep_name(session, row)
    if row.state == "removed":
        _move(session, row, "active", actor)
    session.flush()
    return value(row)


def find(session: Session, name: str) -> Namespace | None:
    """The namespace of this name, present or former; case does not count, `-` and `_` do."""
    row = session.scalar(finding(name))
    return value(row) if row else None


def finding(name: str) -> Select[models.Namespace]:
    """What `find` asks, for who joins more to it: one question instead of three."""
    return (
        select(models.Namespace)
        .join(models.NamespaceName, models.NamespaceName.namespace_id == models.Namespace.id)
        .where(models.NamespaceName.name_key == name_key(name))
        .where(models.NamespaceName.spelling == name.casefold())
    )


def get(session: Session, name: str) -> Namespace:
    """The same, for an operator: raises UnknownNamespaceError, which lists the others."""
    found = find(session, name)
    if found is None:
        raise UnknownNamespaceError(name, tuple(one.name for one in list_all(session)))
    return found


def find_by_id(session: Session, namespace_id: str) -> Namespace | None:
    """The namespace of this id, whatever it is called by now."""
    row = session.get(models.Namespace, namespace_id)
    return value(row) if row else None


def list_all(session: Session) -> tuple[Namespace, ...]:
    """Every namespace, by name."""
    return tuple(value(row) for row in session.scalars(select(models.Namespace).order_by(models.Namespace.name_key)))


def former_names(session: Session) -> Mapping[str, tuple[str, ...]]:
    """What each namespace was called before, by its id: those addresses go on working, and nobody else gets them."""
    found: dict[str, list[str]] = {}
    rows = session.execute(
        select(models.NamespaceName.namespace_id, models.NamespaceName.spelling)
        .join(models.Namespace, models.Namespace.id == models.NamespaceName.namespace_id)
        .where(models.Namespace.name_key != models.NamespaceName.name_key)
        .order_by(models.NamespaceName.name_key)
    )
    for namespace_id, spelling in rows:
        found.setdefault(namespace_id, []).append(spelling)
    return {namespace_id: tuple(names) for namespace_id, names in found.items()}


def suspend(session: Session, account_id: int, *, actor: str = audit.SYSTEM) -> None:
    """The app was suspended: versions stay readable, nothing new is published."""
    _set_state(session, account_id, "suspended", actor)


def remove(session: Session, account_id: int, *, actor: str = audit.SYSTEM) -> None:
    """The app was uninstalled: versions stay readable, the name stays bound."""
    _set_state(session, account_id, "removed", actor)


def reactivate(session: Session, account_id: int, *, actor: str = audit.SYSTEM) -> None:
    """The app is installed and at work again."""
    _set_state(session, account_id, "active", actor)


def set_visibility(session: Session, name: str, visibility: Visibility, *, actor: str = audit.OPERATOR) -> Namespace:
    """Open a namespace to everybody, or close it. What was downloaded while it was open stays downloaded."""
    return _set(session, name, "visibility", visibility, "namespace.visibility", actor)


def set_registry_credentials(session: Session, name: str, on: bool, *, actor: str = audit.OPERATOR) -> Namespace:  # noqa: FBT001
    """Have clients that can fetch private archives with their own token, or by signed addresses as everybody can."""
    return _set(session, name, "registry_credentials", on, "namespace.credentials", actor)


def set_verified(session: Session, name: str, on: bool, *, actor: str = audit.OPERATOR) -> Namespace:  # noqa: FBT001
    """Vouch for the account behind a namespace, or no longer. Shown beside its modules; it decides nothing."""
    return _set(session, name, "verified", on, "namespace.verified", actor)


def refuse(session: Session, account_id: int, login: str, *, allowed: bool = False) -> None:
    """Raise what `bind` would raise; nothing for a name that this account has or had."""
    _refuse_unusable(login)
    if not _refuse_taken(session, account_id, login) and not allowed:
        if (reserved := names.reserved(login)) is not None:
            raise NamespaceReservedError(login, account_id, reserved)
        others = session.scalars(
            select(models.NamespaceName.spelling)
            .join(models.Namespace, models.Namespace.id == models.NamespaceName.namespace_id)
            .where(models.Namespace.github_account_id != account_id)
            .order_by(models.NamespaceName.name_key)
        )
        if (other := names.look_alike(login, others)) is not None:
            raise NamespaceLooksTakenError(login, account_id, other)


def why_refused(session: Session, account_id: int, login: str) -> str | None:
    """Why this account may not have the namespace of this name; None where nothing is in the way."""
    try:
        refuse(session, account_id, login)
    except UserError as error:
        return error.message
    return None


def _refuse_unusable(login: str) -> None:
    try:
        Address(login, "module", "system")
    except InvalidAddressError as error:
        raise NamespaceNameError(login) from error


def _refuse_taken(session: Session, account_id: int, login: str) -> bool:
    """Whether the name is this account's already."""
    holder = session.execute(
        select(models.Namespace.github_account_id, models.NamespaceName.spelling)
        .join(models.NamespaceName, models.NamespaceName.namespace_id == models.Namespace.id)
        .where(models.NamespaceName.name_key == name_key(login))
    ).first()
    if holder is not None and holder.github_account_id != account_id:
        raise NamespaceTakenError(login, account_id, holder.spelling)
    return holder is not None


def _create(
    session: Session, account_id: int, login: str, account_type: str, visibility: Visibility, actor: str
) -> models.Namespace:
    row = models.Namespace(
        id=new_id("ns"),
        name=login,
        name_key=name_key(login),
        github_account_id=account_id,
        account_type=account_type,
        visibility=visibility,
        state="active",
        registry_credentials=False,
        verified=False,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    _keep_name(session, row)
    detail = {"name": login, "account_id": account_id, "visibility": visibility}
    audit.record(session, actor, "namespace.bind", f"namespace:{row.id}", detail)
    return row


def _keep_name(session: Session, row: models.Namespace) -> None:
    """Remember the name for good. `_refuse_taken` made sure that nobody else has it."""
    kept = session.get(models.NamespaceName, row.name_key)
    if kept is None:
        session.add(models.NamespaceName(name_key=row.name_key, spelling=row.name.casefold(), namespace_id=row.id))
    else:
        kept.spelling = row.name.casefold()


def _set(session: Session, name: str, column: str, wanted: str | bool, action: str, actor: str) -> Namespace:  # noqa: FBT001
    """Change what an operator may change of a namespace, and write down from what to what."""
    row = session.get_one(models.Namespace, get(session, name).id)
    before = getattr(row, column)
    if before != wanted:
        audit.record(session, actor, action, f"namespace:{row.id}", {"from": before, "to": wanted})
        setattr(row, column, wanted)
        session.flush()
    return value(row)


def _set_state(session: Session, account_id: int, state: State, actor: str) -> None:
    row = session.scalar(select(models.Namespace).where(models.Namespace.github_account_id == account_id))
    if row is not None and row.state != state:
        _move(session, row, state, actor)


def _move(session: Session, row: models.Namespace, state: State, actor: str) -> None:
    audit.record(session, actor, "namespace.state", f"namespace:{row.id}", {"from": row.state, "to": state})
    row.state = state
    session.flush()


def value(row: models.Namespace) -> Namespace:
    """A row as others see it."""
    return Namespace(
        id=row.id,
        name=row.name,
        account_id=row.github_account_id,
        account_type=row.account_type,
        visibility=row.visibility,  # type: ignore[arg-type]  # only these services write it
        state=row.state,  # type: ignore[arg-type]
        registry_credentials=row.registry_credentials,
        created_at=row.created_at,
        verified=row.verified,
    )
