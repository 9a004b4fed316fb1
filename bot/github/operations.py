"""The ledger: every REST operation and GraphQL mutation that Terrasmith uses, with the permission it needs.

Calls are made with these values only, so nothing outside the ledger can be sent. A test holds that everything in it is
sent, that app.yml grants it, and that GitHub's own description has it under this name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from urllib.parse import quote


@dataclass(frozen=True)
class Operation:
    """One REST operation under GitHub's own id. `permission` is "jwt" for what the app asks as itself.

    `again` says whether sending it twice is harmless. `spans` names the one part of the path that may hold slashes.
    """

    id: str
    method: str
    template: str
    permission: str
    again: bool = True
    spans: str = ""

    def path(self, values: Mapping[str, str | int]) -> str:
        """The template filled in; every part is quoted, so that a name can never become another path."""
        names = [name for _, name, _, _ in Formatter().parse(self.template) if name]
        return self.template.format_map({name: _part(str(values[name]), spans=name == self.spans) for name in names})


@dataclass(frozen=True)
class Mutation:
    """One GraphQL mutation; `document` takes one variable, `input`. None of them is sent twice on doubt."""

    name: str
    document: str
    permission: str


def _part(value: str, *, spans: bool) -> str:
    pieces = value.split("/") if spans else [value]
    if any(piece in ("", ".", "..") for piece in pieces):
        raise ValueError(f"not a part of a path: {value!r}")
    return "/".join(quote(piece, safe="") for piece in pieces)


GET_APP = Operation("apps/get-authenticated", "GET", "/app", "jwt")
LIST_INSTALLATIONS = Operation("apps/list-installations", "GET", "/app/installations", "jwt")
GET_INSTALLATION = Operation("apps/get-installation", "GET", "/app/installations/{installation_id}", "jwt")
# A second token does no harm, so a token is asked for again after a network error.
CREATE_TOKEN = Operation(
    "apps/create-installation-access-token", "POST", "/app/installations/{installation_id}/access_tokens", "jwt"
)
LIST_DELIVERIES = Operation("apps/list-webhook-deliveries", "GET", "/app/hook/deliveries", "jwt")
REDELIVER = Operation(
    "apps/redeliver-webhook-delivery", "POST", "/app/hook/deliveries/{delivery_id}/attempts", "jwt", again=False
)

GET_REPOSITORY = Operation("repos/get", "GET", "/repos/{owner}/{repo}", "metadata=read")
# Not in GitHub's description, but the address it redirects a renamed repository to: one request, whatever the size.
GET_REPOSITORY_BY_ID = Operation("repos/get-by-id", "GET", "/repositories/{repository_id}", "metadata=read")
CREATE_REPOSITORY = Operation("repos/create-in-org", "POST", "/orgs/{org}/repos", "administration=write", again=False)
GET_PERMISSION = Operation(
    "repos/get-collaborator-permission-level",
    "GET",
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
    "metadata=read",
)
GET_TARBALL = Operation(
    "repos/download-tarball-archive", "GET", "/repos/{owner}/{repo}/tarball/{ref}", "contents=read", spans="ref"
)
LIST_REPOSITORIES = Operation(
    "apps/list-repos-accessible-to-installation", "GET", "/installation/repositories", "metadata=read"
)
LIST_TAGS = Operation("repos/list-tags", "GET", "/repos/{owner}/{repo}/tags", "metadata=read")
GET_COMMIT = Operation("repos/get-commit", "GET", "/repos/{owner}/{repo}/commits/{ref}", "contents=read", spans="ref")
GET_TREE = Operation("git/get-tree", "GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", "contents=read")
GET_BLOB = Operation("git/get-blob", "GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", "contents=read")
GET_REF = Operation("git/get-ref", "GET", "/repos/{owner}/{repo}/git/ref/{ref}", "contents=read", spans="ref")
# The second creation of a ref is refused, and then we look where it stands.
CREATE_REF = Operation("git/create-ref", "POST", "/repos/{owner}/{repo}/git/refs", "contents=write")
GET_TAG = Operation("git/get-tag", "GET", "/repos/{owner}/{repo}/git/tags/{tag_sha}", "contents=read")

REACT_TO_ISSUE = Operation(
    "reactions/create-for-issue", "POST", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", "issues=write"
)
REACT_TO_COMMENT = Operation(
    "reactions/create-for-issue-comment",
    "POST",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "issues=write",
)
LIST_COMMENTS = Operation(
    "issues/list-comments", "GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", "issues=read"
)
CREATE_COMMENT = Operation(
    "issues/create-comment", "POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", "issues=write", again=False
)
UPDATE_COMMENT = Operation(
    "issues/update-comment", "PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", "issues=write"
)
UPDATE_ISSUE = Operation("issues/update", "PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", "issues=write")

LIST_PULLS = Operation("pulls/list", "GET", "/repos/{owner}/{repo}/pulls", "pull_requests=read")
GET_PULL = Operation("pulls/get", "GET", "/repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests=read")
LIST_PULL_FILES = Operation(
    "pulls/list-files", "GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", "pull_requests=read"
)
CREATE_PULL = Operation("pulls/create", "POST", "/repos/{owner}/{repo}/pulls", "pull_requests=write", again=False)
UPDATE_PULL = Operation("pulls/update", "PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests=write")

LIST_CHECKS = Operation(
    "checks/list-for-ref", "GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", "checks=read", spans="ref"
)
GET_CHECK = Operation("checks/get", "GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks=read")
CREATE_CHECK = Operation("checks/create", "POST", "/repos/{owner}/{repo}/check-runs", "checks=write", again=False)
# Annotations are appended by each update: a second sending would double them.
UPDATE_CHECK = Operation(
    "checks/update", "PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks=write", again=False
)

LIST_RELEASES = Operation("repos/list-releases", "GET", "/repos/{owner}/{repo}/releases", "contents=read")
GET_RELEASE_BY_TAG = Operation(
    "repos/get-release-by-tag", "GET", "/repos/{owner}/{repo}/releases/tags/{tag}", "contents=read", spans="tag"
)
CREATE_RELEASE = Operation(
    "repos/create-release", "POST", "/repos/{owner}/{repo}/releases", "contents=write", again=False
)
UPDATE_RELEASE = Operation(
    "repos/update-release", "PATCH", "/repos/{owner}/{repo}/releases/{release_id}", "contents=write"
)
DELETE_RELEASE = Operation(
    "repos/delete-release", "DELETE", "/repos/{owner}/{repo}/releases/{release_id}", "contents=write"
)

CREATE_COMMIT = Mutation(
    "createCommitOnBranch",
    "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }",
    "contents=write",
)
MARK_READY = Mutation(
    "markPullRequestReadyForReview",
    "mutation($input: MarkPullRequestReadyForReviewInput!) "
    "{ markPullRequestReadyForReview(input: $input) { pullRequest { isDraft } } }",
    "pull_requests=write",
)

OPERATIONS: tuple[Operation, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Operation))
MUTATIONS: tuple[Mutation, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Mutation))
