"""Objects as GraphQL shows them: each type is a table of fields, and a field outside its table is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulators.github.access import can_see, in_scope, permitted
from simulators.github.call import Call
from simulators.github.git.objects import Commit
from simulators.github.graphql.document import Field
from simulators.github.store import Row

Answer = dict[str, Any]


class FieldError(Exception):
    """One entry of `errors`; `type` is GitHub's own (NOT_FOUND, FORBIDDEN, STALE_DATA, UNPROCESSABLE)."""

    def __init__(self, kind: str | None, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def select(type_name: str, fields: Mapping[str, Callable[[Field], Any]], selection: Iterable[Field]) -> Answer:
    answer: Answer = {}
    for field in selection:
        if field.on not in (None, type_name):
            continue
        if field.name == "__typename":
            answer[field.alias] = type_name
        elif field.name in fields:
            answer[field.alias] = fields[field.name](field)
        else:
            raise FieldError(
                "undefinedField", f"Field '{field.name}' doesn't exist on type '{type_name}' of the simulator"
            )
    return answer


def plain(value: Any) -> Callable[[Field], Any]:
    return lambda _field: value


def repository(call: Call, repo: Row, selection: Iterable[Field]) -> Answer:
    world, name = call.world, call.world.full_name(repo)
    branch = repo["default_branch"]
    return select(
        "Repository",
        {
            "id": plain(world.node_id("R", repo["id"])),
            "databaseId": plain(repo["id"]),
            "name": plain(repo["name"]),
            "nameWithOwner": plain(name),
            "url": plain(f"{world.web}/{name}"),
            "isPrivate": plain(bool(repo["private"])),
            "isArchived": plain(bool(repo["archived"])),
            "isEmpty": plain(world.git(repo).empty),
            "description": plain(repo["description"]),
            "defaultBranchRef": lambda field: ref(call, repo, f"refs/heads/{branch}", field.selection),
            "ref": lambda field: ref(call, repo, _full_ref(field.arguments.get("qualifiedName")), field.selection),
            "object": lambda field: git_object(call, repo, field),
            "pullRequest": lambda field: _by_number(call, repo, field, is_pull=True),
            "issue": lambda field: _by_number(call, repo, field, is_pull=False),
        },
        selection,
    )


def _full_ref(name: object) -> str:
    return str(name) if str(name).startswith("refs/") else f"refs/heads/{name}"


def ref(call: Call, repo: Row, name: str, selection: Iterable[Field]) -> Answer | None:
    sha = call.world.git(repo).refs.get(name)
    if sha is None:
        return None
    return select(
        "Ref",
        {
            "id": plain(f"REF_kwDO{repo['id']:08d}{name}"),
            "name": plain(name.split("/", 2)[2]),
            "prefix": plain("/".join(name.split("/")[:2]) + "/"),
            "target": lambda field: commit(call, repo, sha, field.selection),
        },
        selection,
    )


def git_object(call: Call, repo: Row, field: Field) -> Answer | None:
    found = call.world.git(repo).resolve(str(field.arguments.get("expression") or field.arguments.get("oid")))
    return commit(call, repo, found, field.selection) if found else None


def commit(call: Call, repo: Row, sha: str, selection: Iterable[Field]) -> Answer:
    git = call.world.git(repo)
    target = git.peel(sha)
    if target is None:
        raise FieldError("NOT_FOUND", f"{sha} is no commit")
    value: Commit = git.objects.commit(target)
    verified = (
        call.store.first("SELECT 1 FROM signatures WHERE repo_id = ? AND sha = ?", repo["id"], target) is not None
    )
    headline, _, rest = value.message.partition("\n")
    return select(
        "Commit",
        {
            "id": plain(f"C_kwDO{repo['id']:08d}{target}"),
            "oid": plain(target),
            "url": plain(f"{call.world.web}/{call.world.full_name(repo)}/commit/{target}"),
            "commitUrl": plain(f"{call.world.web}/{call.world.full_name(repo)}/commit/{target}"),
            "message": plain(value.message.rstrip("\n")),
            "messageHeadline": plain(headline),
            "messageBody": plain(rest.strip()),
            "committedDate": plain(call.world.stamp(value.committer.time)),
            "signature": lambda field: (
                select(
                    "GpgSignature", {"isValid": plain(verified), "wasSignedByGitHub": plain(verified)}, field.selection
                )
                if verified
                else None
            ),
        },
        selection,
    )


def _by_number(call: Call, repo: Row, field: Field, *, is_pull: bool) -> Answer:
    number = field.arguments.get("number")
    row = call.store.first(
        "SELECT * FROM issues WHERE repo_id = ? AND number = ? AND is_pull = ?", repo["id"], number, int(is_pull)
    )
    kind = "PullRequest" if is_pull else "Issue"
    if row is None:
        raise FieldError("NOT_FOUND", f"Could not resolve to a {kind} with the number of {number}.")
    needs = "pull_requests=read" if is_pull else "issues=read"
    scoped = call.actor.kind == "installation" and in_scope(call.world, call.actor, repo)
    if scoped and not permitted(call.actor.permissions, needs):
        raise FieldError("FORBIDDEN", "Resource not accessible by integration")
    return pull_request(call, row["id"], field.selection) if is_pull else issue(call, row, field.selection)


def issue(call: Call, row: Row, selection: Iterable[Field]) -> Answer:
    repo = call.store.must("repositories", row["repo_id"])
    return select("Issue", _issue_fields(call, repo, row, "I", "issues", row["state"].upper()), selection)


def pull_request(call: Call, pull_id: int, selection: Iterable[Field]) -> Answer:
    pull, row = call.store.must("pulls", pull_id), call.store.must("issues", pull_id)
    repo = call.store.must("repositories", row["repo_id"])
    state = "MERGED" if pull["merged_at"] else row["state"].upper()
    fields = {
        **_issue_fields(call, repo, row, "PR", "pull", state),
        "isDraft": plain(bool(pull["draft"])),
        "merged": plain(pull["merged_at"] is not None),
        "headRefName": plain(pull["head_ref"]),
        "headRefOid": plain(pull["head_sha"]),
        "baseRefName": plain(pull["base_ref"]),
        "baseRefOid": plain(pull["base_sha"]),
    }
    return select("PullRequest", fields, selection)


def _issue_fields(
    call: Call, repo: Row, row: Row, prefix: str, kind: str, state: str
) -> dict[str, Callable[[Field], Any]]:
    return {
        "id": plain(call.world.node_id(prefix, row["id"])),
        "databaseId": plain(row["id"]),
        "number": plain(row["number"]),
        "title": plain(row["title"]),
        "body": plain(row["body"] or ""),
        "state": plain(state),
        "url": plain(f"{call.world.web}/{call.world.full_name(repo)}/{kind}/{row['number']}"),
        "repository": lambda field: repository(call, repo, field.selection),
    }


def visible(call: Call, repo: Row | None) -> Row | None:
    """The repository when the caller may see it."""
    return repo if repo is not None and can_see(call.world, call.actor, repo) else None
