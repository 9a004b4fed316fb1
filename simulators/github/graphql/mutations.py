"""The simulated mutations: createCommitOnBranch, draft to ready and back, minimizeComment. It knows no other."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from simulators.github import pulls, pushing
from simulators.github.access import has_role, may
from simulators.github.call import ApiError, Call
from simulators.github.commit_making import check_path, make_commit, refuse_workflows
from simulators.github.graphql.answers import (
    Answer,
    FieldError,
    commit,
    plain,
    pull_request,
    ref,
    select,
    visible,
)  # fmt: skip
from simulators.github.graphql.document import Field
from simulators.github.store import Row

MINIMIZED = {"SPAM", "ABUSE", "OFF_TOPIC", "OUTDATED", "DUPLICATE", "RESOLVED"}
# GitHub refuses a request of this size as a whole; the documented limit of one commit lies near it.
MAX_ADDED_BYTES = 40 * 1024 * 1024


def run(call: Call, field: Field) -> Any:
    mutation = MUTATIONS.get(field.name)
    if mutation is None:
        raise FieldError("undefinedField", f"Field '{field.name}' doesn't exist on type 'Mutation' of the simulator")
    given = field.arguments.get("input")
    if not isinstance(given, Mapping):
        raise FieldError("missingRequiredArguments", f"Field '{field.name}' is missing required arguments: input")
    try:
        return mutation(call, given, field)
    except ApiError as error:
        kind = {403: "FORBIDDEN", 404: "NOT_FOUND", 409: "STALE_DATA"}.get(error.status, "UNPROCESSABLE")
        raise FieldError(kind, error.message) from None


def _only(given: Mapping[str, Any], *names: str) -> None:
    unknown = sorted(set(given) - {*names, "clientMutationId"})
    if unknown:
        raise FieldError("argumentNotAccepted", f"InputObject doesn't accept argument '{unknown[0]}'")


def _create_commit(call: Call, given: Mapping[str, Any], field: Field) -> Answer:
    _only(given, "branch", "message", "fileChanges", "expectedHeadOid")
    branch, message, expected = given.get("branch"), given.get("message"), given.get("expectedHeadOid")
    if not isinstance(branch, Mapping) or not isinstance(message, Mapping) or not isinstance(expected, str):
        raise FieldError("missingRequiredInputObjectAttribute", "branch, message and expectedHeadOid are required")
    repo, name = _branch(call, branch)
    call.repo_row = repo
    if not may(call.world, call.actor, repo, "contents=write", "write"):
        raise FieldError("FORBIDDEN", "Resource not accessible by integration")
    tip = call.git.refs.get(f"refs/heads/{name}")
    if tip is None:
        raise FieldError("NOT_FOUND", f"No branch found with name {name}")
    if tip != expected:
        message_text = f'Expected branch to point to "{expected}" but it did not. Pull and try again.'
        raise FieldError("STALE_DATA", message_text)
    tree = _changed_tree(call, call.git.objects.commit(tip).tree, given.get("fileChanges") or {})
    body = message.get("body")
    text = f"{message.get('headline', '')}\n\n{body}" if body else str(message.get("headline", ""))
    sha = make_commit(call, tree, [tip], text, web=True)
    pushing.swap_branch(call, name, tip, sha)
    return select(
        "CreateCommitOnBranchPayload",
        {
            "clientMutationId": plain(given.get("clientMutationId")),
            "commit": lambda one: commit(call, repo, sha, one.selection),
            "ref": lambda one: ref(call, repo, f"refs/heads/{name}", one.selection),
        },
        field.selection,
    )


def _branch(call: Call, branch: Mapping[str, Any]) -> tuple[Row, str]:
    """Named by repository and branch, or by the ref's node id."""
    full, name = branch.get("repositoryNameWithOwner"), branch.get("branchName")
    if branch.get("id"):
        text = str(branch["id"])
        repo_id, name = text[8:16], text[16:].removeprefix("refs/heads/")
        repo = call.store.get("repositories", int(repo_id)) if repo_id.isdigit() else None
    else:
        repo = call.world.repository(*str(full).partition("/")[::2])
    if visible(call, repo) is None or repo is None:
        raise FieldError("NOT_FOUND", f"Could not resolve to a Repository with the name '{full}'.")
    return repo, str(name or "").removeprefix("refs/heads/")


def _changed_tree(call: Call, tree: str, changes: Mapping[str, Any]) -> str:
    _only(changes, "additions", "deletions")
    files: dict[str, bytes | None] = {}
    for one in changes.get("deletions") or ():
        path = check_path(str(one["path"]))
        if call.git.entry(tree, path) is None:
            raise FieldError("UNPROCESSABLE", f"A path was requested for deletion which does not exist: {path}")
        files[path] = None
    for one in changes.get("additions") or ():
        try:
            data = base64.b64decode(str(one["contents"]), validate=True)
        except binascii.Error:
            raise FieldError("UNPROCESSABLE", f"{one['path']}: contents is not valid Base64") from None
        files[check_path(str(one["path"]))] = data
    refuse_workflows(call, files)
    if sum(len(data or b"") for data in files.values()) > MAX_ADDED_BYTES:
        raise FieldError("UNPROCESSABLE", "The commit is too large")
    return call.git.write_files(tree, files)


def _pull(call: Call, given: Mapping[str, Any]) -> Row:
    _only(given, "pullRequestId")
    text = given.get("pullRequestId")
    found = call.world.from_node_id("PR", text)
    pull = call.store.get("pulls", found) if found else None
    repo = visible(call, call.store.get("repositories", pull["repo_id"])) if pull else None
    if pull is None or repo is None:
        raise FieldError("NOT_FOUND", f"Could not resolve to a node with the global id of '{text}'")
    call.repo_row = repo
    author = call.store.must("issues", pull["id"])["user_id"]
    own = call.actor.kind == "user" and author == call.user["id"]
    if not own and not may(call.world, call.actor, repo, "pull_requests=write", "write"):
        raise FieldError("FORBIDDEN", "Resource not accessible by integration")
    return pull


def _set_draft(draft: bool, payload: str) -> Callable[[Call, Mapping[str, Any], Field], Answer]:  # noqa: FBT001
    def mutate(call: Call, given: Mapping[str, Any], field: Field) -> Answer:
        pull = _pull(call, given)
        if not draft and call.store.must("issues", pull["id"])["state"] != "open":
            raise FieldError("UNPROCESSABLE", "Pull request is closed")
        pulls.set_draft(call, pull, draft=draft)
        fields = {
            "clientMutationId": plain(given.get("clientMutationId")),
            "pullRequest": lambda one: pull_request(call, pull["id"], one.selection),
        }
        return select(payload, fields, field.selection)

    return mutate


def _minimize(call: Call, given: Mapping[str, Any], field: Field) -> Answer:
    _only(given, "subjectId", "classifier")
    text, reason = given.get("subjectId"), given.get("classifier")
    found = call.world.from_node_id("IC", text)
    row = call.store.get("comments", found) if found else None
    repo = visible(call, call.store.get("repositories", row["repo_id"])) if row else None
    if row is None or repo is None:
        raise FieldError("NOT_FOUND", f"Could not resolve to a node with the global id of '{text}'")
    if reason not in MINIMIZED:
        raise FieldError("argumentLiteralsIncompatible", f"classifier: expected one of {', '.join(sorted(MINIMIZED))}")
    allowed = may(call.world, call.actor, repo, "issues=write; pull_requests=write", "write")
    if not allowed and not (
        call.actor.kind == "user"
        and row["user_id"] == call.user["id"]
        and has_role(call.world, repo, call.user, "read")
    ):
        raise FieldError("FORBIDDEN", "Resource not accessible by integration")
    call.store.update("comments", row["id"], minimized_reason=reason.lower())
    issue = call.store.must("issues", row["issue_id"])
    call.effect(
        "comment.minimized", f"{call.world.full_name(repo)}#{issue['number']}", comment=row["id"], reason=reason
    )
    shown = {"isMinimized": plain(True), "minimizedReason": plain(reason.lower())}
    fields = {
        "clientMutationId": plain(given.get("clientMutationId")),
        "minimizedComment": lambda one: select("IssueComment", {**shown, "id": plain(text)}, one.selection),
    }
    return select("MinimizeCommentPayload", fields, field.selection)


MUTATIONS: dict[str, Callable[[Call, Mapping[str, Any], Field], Answer]] = {
    "createCommitOnBranch": _create_commit,
    "markPullRequestReadyForReview": _set_draft(False, "MarkPullRequestReadyForReviewPayload"),
    "convertPullRequestToDraft": _set_draft(True, "ConvertPullRequestToDraftPayload"),
    "minimizeComment": _minimize,
}
