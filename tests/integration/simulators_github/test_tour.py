"""One walk over every simulated REST route: each request, answer and webhook must fit GitHub's own description."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx

from simulators.github.app import collect_routes

REPO = "/repos/acme/platform"
MAIN_TF = b'variable "name" {\n  type = string\n}\n'
GRAPHQL = {
    "commit": "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }",
    "ready": "mutation($input: MarkPullRequestReadyForReviewInput!) "
    "{ markPullRequestReadyForReview(input: $input) { pullRequest { isDraft } } }",
}


def test_every_route_of_the_tour_fits_githubs_description(start: Callable[..., Any], receiver: Any) -> None:
    """`start` asserts at its end that no answer and no webhook departed from the description; the requests are ours."""
    tour = Tour(start(receiver.url))
    tour.accounts()
    tour.repositories()
    tour.contents_and_git()
    tour.issues()
    number = tour.pull_request()
    tour.checks(number)
    tour.reviews(number)
    tour.merge(number)
    tour.releases()
    tour.deliveries()
    tour.endings()
    assert unvisited(tour.requests) == set()
    assert tour.github.look("violations")["violations"] == []


def unvisited(requests: list[tuple[str, str]]) -> set[str]:
    rest = [route for group in collect_routes() for route in group.routes if route.template.startswith("/api/v3")]
    return {
        f"{route.method} {route.template}"
        for route in rest
        if not any(method == route.method and route.pattern.fullmatch(path) for method, path in requests)
    }


class Tour:
    def __init__(self, github: Any) -> None:
        self.github = github
        self.requests: list[tuple[str, str]] = []
        self.app, self.jwt = github.bot(), github.app()
        self.ada, self.zoe = github.client("ghp_ada"), github.client("ghp_zoe")
        for client in (self.app, self.jwt, self.ada, self.zoe):
            client.event_hooks = {"request": [self.note]}

    def note(self, request: httpx.Request) -> None:
        self.requests.append((request.method, request.url.path))

    def go(self, client: httpx.Client, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = client.request(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer

    def accounts(self) -> None:
        go, jwt, app = self.go, self.jwt, self.app
        installation = go(jwt, "GET", "/orgs/acme/installation")["id"]
        go(jwt, "GET", "/app")
        narrow = {"permissions": {"contents": "read"}}
        go(jwt, "POST", f"/app/installations/{installation}/access_tokens", 201, json=narrow)
        go(jwt, "GET", "/app/installations")
        go(jwt, "GET", f"/app/installations/{installation}")
        go(jwt, "GET", f"{REPO}/installation")
        go(jwt, "GET", "/users/acme/installation")
        go(jwt, "GET", "/app/hook/config")
        go(app, "GET", "/installation/repositories")
        go(app, "GET", "/rate_limit")
        go(app, "GET", "/meta")
        go(app, "GET", "/users/ada")
        go(app, "GET", "/users/terrasmith[bot]")
        go(app, "GET", "/orgs/acme")
        go(app, "GET", "/orgs/acme/members/ada", 204)
        go(app, "GET", "/orgs/acme/members/bob", 404)
        go(self.ada, "GET", "/user")
        go(self.ada, "GET", "/user/repos")

    def repositories(self) -> None:
        go, app = self.go, self.app
        made = go(app, "POST", "/orgs/acme/repos", 201, json={"name": "terraform-aws-bucket", "auto_init": True})
        go(app, "POST", "/orgs/acme/repos", 422, json={"name": "terraform-aws-bucket"})
        go(app, "POST", "/orgs/acme/repos", 201, json={"name": "empty", "private": True})
        go(app, "GET", "/repos/acme/empty/commits", 409)
        go(app, "GET", "/orgs/acme/repos")
        go(app, "GET", REPO)
        go(self.ada, "GET", f"/repositories/{made['id']}")
        go(app, "PATCH", "/repos/acme/terraform-aws-bucket", json={"name": "terraform-aws-s3", "description": "S3"})
        go(app, "GET", "/repos/acme/terraform-aws-bucket", 301)
        go(app, "PUT", f"{REPO}/topics", json={"names": ["terraform"]})
        go(app, "GET", f"{REPO}/topics")
        go(app, "GET", f"{REPO}/collaborators/ada/permission")
        go(self.zoe, "PUT", f"{REPO}/collaborators/bob", 204, json={"permission": "pull"})
        go(self.zoe, "GET", f"{REPO}/collaborators/bob", 204)
        go(self.zoe, "DELETE", f"{REPO}/collaborators/bob", 204)
        go(self.ada, "POST", "/user/repos", 201, json={"name": "mine"})

    def contents_and_git(self) -> None:
        go, app = self.go, self.app
        content = base64.b64encode(MAIN_TF).decode()
        go(app, "GET", f"{REPO}/contents")
        go(app, "GET", f"{REPO}/readme")
        made = go(app, "PUT", f"{REPO}/contents/a/main.tf", 201, json={"message": "Add", "content": content})
        go(app, "GET", f"{REPO}/contents/a/main.tf")
        sha = made["content"]["sha"]
        go(app, "DELETE", f"{REPO}/contents/a/main.tf", json={"message": "Remove", "sha": sha})
        blob = go(app, "POST", f"{REPO}/git/blobs", 201, json={"content": content, "encoding": "base64"})
        go(app, "GET", f"{REPO}/git/blobs/{blob['sha']}")
        head = go(app, "GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
        entry = {"path": "main.tf", "mode": "100644", "type": "blob", "sha": blob["sha"]}
        base = go(app, "GET", f"{REPO}/git/commits/{head}")["tree"]["sha"]
        tree = go(app, "POST", f"{REPO}/git/trees", 201, json={"base_tree": base, "tree": [entry]})
        go(app, "GET", f"{REPO}/git/trees/{tree['sha']}", params={"recursive": "1"})
        commit = go(
            app, "POST", f"{REPO}/git/commits", 201, json={"message": "Module", "tree": tree["sha"], "parents": [head]}
        )
        go(app, "POST", f"{REPO}/git/refs", 201, json={"ref": "refs/heads/work/one", "sha": head})
        go(app, "PATCH", f"{REPO}/git/refs/heads/work/one", json={"sha": commit["sha"], "force": False})
        go(app, "GET", f"{REPO}/git/matching-refs/heads/work")
        tag = {"tag": "t1", "message": "A tag", "object": head, "type": "commit"}
        made = go(app, "POST", f"{REPO}/git/tags", 201, json=tag)
        go(app, "GET", f"{REPO}/git/tags/{made['sha']}")
        go(app, "POST", f"{REPO}/git/refs", 201, json={"ref": "refs/tags/t1", "sha": made["sha"]})
        go(app, "DELETE", f"{REPO}/git/refs/tags/t1", 204)
        go(app, "GET", f"{REPO}/branches")
        go(app, "GET", f"{REPO}/branches/work/one")
        go(app, "GET", f"{REPO}/tags")
        go(app, "GET", f"{REPO}/commits")
        go(app, "GET", f"{REPO}/commits/work/one")
        go(app, "GET", f"{REPO}/compare/main...work/one")
        go(app, "GET", f"{REPO}/tarball/main", 302)
        go(app, "GET", f"{REPO}/tarball", 302)

    def issues(self) -> None:
        go, app, ada = self.go, self.app, self.ada
        made = go(ada, "POST", f"{REPO}/issues", 201, json={"title": "A queue", "body": "please", "labels": ["wish"]})
        one = f"{REPO}/issues/{made['number']}"
        go(app, "GET", one)
        go(app, "GET", f"{REPO}/issues", params={"state": "all", "labels": "wish", "creator": "ada"})
        go(ada, "PATCH", one, json={"title": "A queue!", "body": "pretty please", "assignees": ["ada"]})
        comment = go(ada, "POST", f"{one}/comments", 201, json={"body": "/generate a queue"})["id"]
        of_it = f"{REPO}/issues/comments/{comment}"
        go(app, "GET", of_it)
        go(app, "GET", f"{one}/comments")
        go(app, "GET", f"{REPO}/issues/comments")
        eyes = go(app, "POST", f"{of_it}/reactions", 201, json={"content": "eyes"})
        assert go(app, "POST", f"{of_it}/reactions", 200, json={"content": "eyes"})["id"] == eyes["id"]
        go(app, "GET", f"{of_it}/reactions")
        go(app, "DELETE", f"{of_it}/reactions/{eyes['id']}", 204)
        rocket = go(app, "POST", f"{one}/reactions", 201, json={"content": "rocket"})
        go(app, "GET", f"{one}/reactions")
        go(app, "DELETE", f"{one}/reactions/{rocket['id']}", 204)
        living = go(app, "POST", f"{one}/comments", 201, json={"body": "working"})["id"]
        go(app, "PATCH", f"{REPO}/issues/comments/{living}", json={"body": "done"})
        go(ada, "DELETE", of_it, 204)
        go(ada, "POST", f"{REPO}/labels", 201, json={"name": "odd", "color": "d73a4a"})
        go(app, "GET", f"{REPO}/labels")
        go(app, "GET", f"{REPO}/labels/odd")
        go(ada, "PATCH", f"{REPO}/labels/odd", json={"new_name": "fault"})
        go(app, "POST", f"{one}/labels", json={"labels": ["fault"]})
        go(app, "GET", f"{one}/labels")
        go(app, "DELETE", f"{one}/labels/fault")
        go(app, "PUT", f"{one}/labels", json={"labels": ["fault"]})
        go(app, "DELETE", f"{one}/labels", 204)
        go(ada, "DELETE", f"{REPO}/labels/fault", 204)
        go(ada, "PATCH", one, json={"state": "closed", "state_reason": "not_planned"})
        go(ada, "PATCH", one, json={"state": "open"})

    def pull_request(self) -> int:
        go, app = self.go, self.app
        body = {"title": "A bucket", "head": "work/one", "base": "main", "body": "Closes #1", "draft": True}
        made = go(app, "POST", f"{REPO}/pulls", 201, json=body)
        number: int = made["number"]
        one = f"{REPO}/pulls/{number}"
        go(app, "POST", f"{REPO}/pulls", 422, json=body)
        go(app, "GET", f"{REPO}/pulls", params={"head": "acme:work/one", "state": "all"})
        go(app, "GET", one)
        go(app, "PATCH", one, json={"title": "A bucket, versioned"})
        go(app, "PATCH", f"{REPO}/issues/{number}", json={"state": "closed"})
        go(app, "PATCH", one, json={"state": "open"})
        go(app, "POST", f"{REPO}/issues/{number}/labels", json={"labels": ["module"]})
        go(app, "GET", f"{one}/files")
        go(app, "GET", f"{one}/commits")
        go(app, "GET", f"{one}/merge", 404)
        go(self.ada, "PUT", f"{one}/merge", 405, json={})
        head = made["head"]["sha"]
        go(app, "GET", f"{REPO}/commits/{head}/pulls")
        addition = {"path": "outputs.tf", "contents": base64.b64encode(b'output "x" {\n  value = 1\n}\n').decode()}
        variables = {
            "branch": {"repositoryNameWithOwner": "acme/platform", "branchName": "work/one"},
            "message": {"headline": "Add outputs"},
            "expectedHeadOid": head,
            "fileChanges": {"additions": [addition]},
        }
        self.graphql("commit", variables)
        return number

    def graphql(self, name: str, variables: dict[str, Any]) -> Any:
        answer = self.app.post(
            f"{self.github.url}/api/graphql", json={"query": GRAPHQL[name], "variables": {"input": variables}}
        )
        assert answer.status_code == 200 and "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    def checks(self, number: int) -> None:
        go, app = self.go, self.app
        head = go(app, "GET", f"{REPO}/pulls/{number}")["head"]["sha"]
        run = go(
            app, "POST", f"{REPO}/check-runs", 201, json={"name": "gate", "head_sha": head, "status": "in_progress"}
        )
        one = f"{REPO}/check-runs/{run['id']}"
        note = {
            "path": "main.tf",
            "start_line": 1,
            "end_line": 1,
            "annotation_level": "warning",
            "message": "no description",
        }
        output = {"title": "1 finding", "summary": "See below", "annotations": [note]}
        button = {"label": "Fix it", "description": "Write the description", "identifier": "fix"}
        go(app, "PATCH", one, json={"output": output, "actions": [button]})
        go(app, "PATCH", one, json={"status": "completed", "conclusion": "success"})
        go(app, "GET", one)
        go(app, "GET", f"{one}/annotations")
        go(app, "GET", f"{REPO}/commits/{head}/check-runs", params={"check_name": "gate"})
        suites = go(app, "GET", f"{REPO}/commits/work/one/check-suites")["check_suites"]
        suite = f"{REPO}/check-suites/{suites[0]['id']}"
        go(app, "GET", suite)
        go(app, "GET", f"{suite}/check-runs")
        go(self.ada, "POST", f"{one}/rerequest", 201)
        go(self.ada, "POST", f"{suite}/rerequest", 201)
        go(app, "PATCH", one, json={"status": "completed", "conclusion": "success"})
        go(app, "POST", f"{REPO}/check-suites", 200, json={"head_sha": head})

    def reviews(self, number: int) -> None:
        go, app, ada = self.go, self.app, self.ada
        one = f"{REPO}/pulls/{number}"
        line = {"path": "main.tf", "line": 1, "side": "RIGHT", "body": "Say what it is"}
        review = go(
            ada, "POST", f"{one}/reviews", json={"event": "REQUEST_CHANGES", "body": "Nearly", "comments": [line]}
        )
        go(app, "GET", f"{one}/reviews")
        go(app, "GET", f"{one}/reviews/{review['id']}")
        comment = go(app, "GET", f"{one}/reviews/{review['id']}/comments")[0]["id"]
        go(app, "GET", f"{one}/comments")
        go(app, "GET", f"{REPO}/pulls/comments/{comment}")
        eyes = go(app, "POST", f"{REPO}/pulls/comments/{comment}/reactions", 201, json={"content": "eyes"})
        go(app, "GET", f"{REPO}/pulls/comments/{comment}/reactions")
        go(app, "DELETE", f"{REPO}/pulls/comments/{comment}/reactions/{eyes['id']}", 204)
        go(self.zoe, "POST", f"{one}/comments/{comment}/replies", 201, json={"body": "Yes"})
        head = go(app, "GET", one)["head"]["sha"]
        go(ada, "POST", f"{one}/comments", 201, json={**line, "commit_id": head})
        pending = go(ada, "POST", f"{one}/reviews", json={"body": "Fine"})
        go(ada, "POST", f"{one}/reviews/{pending['id']}/events", json={"event": "APPROVE"})

    def merge(self, number: int) -> None:
        go, app = self.go, self.app
        one = f"{REPO}/pulls/{number}"
        pull = go(app, "GET", one)
        self.graphql("ready", {"pullRequestId": pull["node_id"]})
        go(self.ada, "PUT", f"{one}/merge", 409, json={"sha": "0" * 40})
        go(self.ada, "PUT", f"{one}/merge", json={"sha": pull["head"]["sha"], "merge_method": "squash"})
        go(app, "GET", f"{one}/merge", 204)
        go(app, "GET", one)
        assert go(app, "GET", f"{REPO}/issues/1")["state"] == "closed"

    def releases(self) -> None:
        go, app = self.go, self.app
        head = go(app, "GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
        draft = go(
            app, "POST", f"{REPO}/releases", 201,
            json={"tag_name": "v0.1.0", "target_commitish": head, "name": "0.1.0", "draft": True},
        )  # fmt: skip
        go(app, "GET", f"{REPO}/git/ref/tags/v0.1.0", 404)
        go(app, "GET", f"{REPO}/releases/tags/v0.1.0", 404)
        one = f"{REPO}/releases/{draft['id']}"
        upload = draft["upload_url"].partition("{")[0]
        headers = {"Content-Type": "application/gzip"}
        asset = go(app, "POST", upload, 201, params={"name": "module.tar.gz"}, content=b"\x1f\x8bdata", headers=headers)
        go(app, "GET", f"{one}/assets")
        of_it = f"{REPO}/releases/assets/{asset['id']}"
        go(app, "GET", of_it)
        go(app, "PATCH", of_it, json={"label": "The module"})
        go(app, "PATCH", one, json={"draft": False, "body": "First"})
        go(app, "GET", f"{REPO}/git/ref/tags/v0.1.0")
        go(app, "GET", f"{REPO}/releases/tags/v0.1.0")
        go(app, "GET", f"{REPO}/releases/latest")
        go(app, "GET", one)
        go(app, "PATCH", one, json={"body": "First!"})
        go(app, "GET", f"{REPO}/releases")
        go(app, "POST", f"{REPO}/releases/generate-notes", json={"tag_name": "v0.2.0"})
        go(app, "POST", f"{REPO}/releases", 422, json={"tag_name": "v0.1.0"})
        beta = go(app, "POST", f"{REPO}/releases", 201, json={"tag_name": "v0.2.0-rc.1", "prerelease": True})
        go(app, "PATCH", f"{REPO}/releases/{beta['id']}", json={"prerelease": False})
        go(app, "DELETE", of_it, 204)
        go(app, "DELETE", f"{REPO}/releases/{beta['id']}", 204)

    def deliveries(self) -> None:
        go, jwt = self.go, self.jwt
        self.github.settle()
        found = go(jwt, "GET", "/app/hook/deliveries", params={"per_page": "5"})
        one = f"/app/hook/deliveries/{found[0]['id']}"
        go(jwt, "GET", one)
        go(jwt, "POST", f"{one}/attempts", 202)
        go(jwt, "PATCH", "/app/hook/config", json={"content_type": "json"})

    def endings(self) -> None:
        go, jwt = self.go, self.jwt
        go(self.app, "DELETE", "/repos/acme/terraform-aws-s3", 204)
        go(self.app, "DELETE", "/installation/token", 204)
        go(self.ada, "GET", "/repos/acme/nothing", 404)
        installation = go(jwt, "GET", "/orgs/acme/installation")["id"]
        go(jwt, "PUT", f"/app/installations/{installation}/suspended", 204)
        go(jwt, "DELETE", f"/app/installations/{installation}/suspended", 204)
        go(jwt, "DELETE", f"/app/installations/{installation}", 204)
