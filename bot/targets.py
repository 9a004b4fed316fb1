"""Where a module goes: the repository somebody asked in, the one they named, or a new one. Decides; asks nobody.

Never guesses: what cannot be told for sure becomes a question to the person, as a UserError.
"""

import re
from dataclasses import dataclass
from typing import Literal

from bot.markdown import code, plain
from core.errors import UserError
from tfmodule.address import Address, InvalidAddressError, repository_name

Kind = Literal["here", "named", "new"]

# GitHub's own characters, without a dash or a dot at the start, `..`, or what git and GitHub keep for themselves.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MARK = re.compile(r"\[terrasmith:request:(req_[0-9a-z]{19})\]")
_MAX_DESCRIPTION = 350


class NameTakenError(UserError):
    """A repository of that name exists and is not of our making. `repository` is OWNER/NAME."""

    def __init__(self, repository: str, system: str, name: str) -> None:
        other = repository_name(system, f"{name}-2")
        super().__init__(
            f"The module would go into {code(repository)}, but a repository of that name exists already and I did not "
            "make it for this request, so I will not guess. What shall I do?\n\n"
            f"- To put it into that repository, which must not hold a module yet, ask again with "
            f"`--repo {repository.split('/')[1]}`.\n"
            f"- For a module of its own, ask again with another name, such as `--repo {other}`."
        )
        self.repository = repository


@dataclass(frozen=True)
class Choice:
    """What is known before anything is written. `system` and `name` bind the generator where they are given."""

    owner: str
    kind: Kind
    system: str | None = None
    name: str | None = None

    @property
    def repository(self) -> str | None:
        """The repository's name, if it is known yet."""
        return repository_name(self.system, self.name) if self.system and self.name else None


@dataclass(frozen=True)
class Found:
    """A repository as GitHub describes it now."""

    repository_id: int
    full_name: str
    description: str | None
    archived: bool = False


@dataclass(frozen=True)
class Target:
    """Where the module goes. `found` is none when the repository has to be made.

    `ask_permission` is true for a repository that is neither new nor the one the command came from: the requester
    must be able to write there too.
    """

    owner: str
    repository: str
    kind: Kind
    found: Found | None
    ask_permission: bool

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.repository}"


def check_repository_name(name: str) -> None:
    """Accept a name that is safe as a repository, in an address and on a command line; else raise UserError."""
    reserved = name.lower().endswith((".git", ".wiki", ".lock", "."))
    if not _NAME.fullmatch(name) or ".." in name or reserved:
        raise UserError(
            f"{code(name, 120)} cannot be the name of a repository: use letters, digits, `-`, `_` and `.`, "
            "at most 100, starting with a letter or a digit."
        )


def choose(asked_in: str, repo: str | None, provider: str | None) -> Choice:
    """The choice for a command heard in `asked_in` (OWNER/NAME), with the values of `--repo` and `--provider`."""
    owner, _, here = asked_in.partition("/")
    named = _named(owner, repo) if repo else None
    inside = Address.from_repository(owner, here)
    if inside is not None:
        if named is not None and named.key != inside.key:
            raise UserError(
                f"This issue lives in {code(here)}, so the module would go there, "
                f"but `--repo` says {code(repo or '')}. Leave `--repo` out, or ask in another repository."
            )
        _agree(inside, provider)
        return Choice(owner, "here", inside.system, inside.name)
    if named is not None:
        _agree(named, provider)
        return Choice(owner, "named", named.system, named.name)
    return Choice(owner, "new", provider, None)


def settle(choice: Choice, *, system: str, name: str, request_id: str, found: Found | None) -> Target:
    """The target of a written module, once GitHub was asked whether `terraform-<system>-<name>` exists (`found`)."""
    if choice.name is not None and (choice.system, choice.name) != (system, name):
        raise ValueError(f"the draft is {system}/{name}, but {choice.system}/{choice.name} was asked for")
    Address(choice.owner, name, system)  # the module must have an address in the registry
    repository = repository_name(system, name)
    check_repository_name(repository)
    if found is None:
        if choice.kind == "here":
            raise UserError(f"I cannot see the repository {code(repository)} any more.")
        return Target(choice.owner, repository, choice.kind, None, ask_permission=False)
    if found.archived:
        raise UserError(f"The repository {code(found.full_name)} is archived, so nothing can be changed in it.")
    ours = carries(found.description, request_id)
    if choice.kind == "new" and not ours:
        raise NameTakenError(f"{choice.owner}/{repository}", system, name)
    return Target(choice.owner, repository, choice.kind, found, ask_permission=choice.kind == "named" and not ours)


def description(title: str, request_id: str) -> str:
    """The description of a repository that we make for a request: what it holds, and the mark that makes it ours."""
    mark = f"[terrasmith:request:{request_id}]"
    return f"{plain(_MARK.sub('', title), _MAX_DESCRIPTION - len(mark) - 20)} {mark}".strip()


def carries(text: str | None, request_id: str) -> bool:
    """Whether a repository's description says that it was made for this request."""
    return request_id in _MARK.findall(text or "")


def _named(owner: str, repo: str) -> Address:
    account, _, name = repo.rpartition("/")
    if account and account.casefold() != owner.casefold():
        raise UserError(
            f"`--repo` names {code(repo)}, but I work only within {code(owner)}, where this was asked. "
            "Ask in an issue of the other organisation."
        )
    check_repository_name(name)
    address = Address.from_repository(owner, name)
    if address is None:
        raise UserError(
            f"A module's repository is called `terraform-<system>-<name>`, because its address in the registry comes "
            f"from it; {code(name, 120)} is not. For example: `--repo {_suggest(owner, name)}`."
        )
    return address


def _suggest(owner: str, name: str) -> str:
    stem = re.sub(r"[^a-z0-9-]+", "-", name.lower().removeprefix("terraform-")).strip("-") or "bucket"
    try:
        return Address(owner, stem[:40].strip("-"), "aws").repository_name
    except InvalidAddressError:
        return "terraform-aws-bucket"


def _agree(address: Address, provider: str | None) -> None:
    if provider is not None and provider != address.system:
        raise UserError(
            f"The module {code(str(address))} is for {code(address.system)}, but `--provider` says {code(provider)}. "
            "Leave `--provider` out, or choose another repository."
        )
