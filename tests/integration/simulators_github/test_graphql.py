"""GraphQL: a commit is one compare-and-swap, errors are typed, and no other field is pretended."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

COMMIT = """
mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid url signature { isValid } } ref { name } }
}
"""


def given(name: str, head: str, **additions: str) -> dict[str, Any]:
    return {
        "branch": {"repositoryNameWithOwner": name, "branchName": "main"},
        "message": {"headline": "Write", "body": "Why"},
        "expectedHeadOid": head,
        "fileChanges": {"additions": [{"path": path, "contents": text} for path, text in additions.items()]},
    }


def head_of(github: Any, name: str) -> str:
    query = """query($o: String!, $n: String!) {
      repository(owner: $o, name: $n) { id ref(qualifiedName: "main") { target { oid } } } }"""
    owner, _, short = name.partition("/")
    return github.graphql(github.bot(), query, o=owner, n=short)["data"]["repository"]["ref"]["target"]["oid"]


@pytest.mark.checklist("G22", "G23")
def test_a_commit_is_one_verified_compare_and_swap(
    github: Any, fresh: Callable[..., str], base64_of: Callable[[str], str]
) -> None:
    name, bot = fresh(), github.bot()
    head = head_of(github, name)
    wanted = given(name, head, **{"main.tf": base64_of("# é\n"), "examples/x/main.tf": base64_of("")})
    made = github.graphql(bot, COMMIT, input=wanted)["data"]["createCommitOnBranch"]
    assert made["commit"]["signature"] == {"isValid": True}
    assert made["ref"] == {"name": "main"}
    shown = bot.get(f"/repos/{name}/commits/main").json()
    assert shown["sha"] == made["commit"]["oid"]
    assert shown["commit"]["message"] == "Write\n\nWhy"
    assert shown["commit"]["verification"]["verified"] is True
    assert shown["author"]["login"] == "terrasmith[bot]"
    stale = github.graphql(bot, COMMIT, input=wanted)
    assert stale["errors"][0]["type"] == "STALE_DATA"
    assert stale["data"]["createCommitOnBranch"] is None


@pytest.mark.checklist("G22")
def test_of_many_writers_one_wins(github: Any, fresh: Callable[..., str], base64_of: Callable[[str], str]) -> None:
    name, bots = fresh(), [github.bot() for _ in range(8)]
    head = head_of(github, name)
    answers: list[dict[str, Any]] = []

    def write(number: int) -> None:
        answers.append(github.graphql(bots[number], COMMIT, input=given(name, head, a=base64_of(str(number)))))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("errors" in answer for answer in answers) == [False] + [True] * 7
    assert len(bots[0].get(f"/repos/{name}/commits").json()) == 2


def test_errors_are_typed(github: Any, fresh: Callable[..., str], base64_of: Callable[[str], str]) -> None:
    name = fresh(private=True)
    head = head_of(github, name)
    wanted = given(name, head, a=base64_of("x"))
    cases = [
        (github.client("ghp_bob"), wanted, "NOT_FOUND"),
        (github.bot("picky"), wanted, "NOT_FOUND"),
        (github.bot(permissions={"contents": "read"}), wanted, "FORBIDDEN"),
        (github.bot(), given("acme/none-such", head), "NOT_FOUND"),
        (github.bot(), given(name, head, **{"../a": base64_of("x")}), "UNPROCESSABLE"),
        (github.bot(), given(name, head, **{".github/workflows/a.yml": base64_of("x")}), "FORBIDDEN"),
        (github.bot(), given(name, head, a="no base64!"), "UNPROCESSABLE"),
    ]
    for client, body, kind in cases:
        assert github.graphql(client, COMMIT, input=body)["errors"][0]["type"] == kind
    assert head_of(github, name) == head


def test_what_is_not_simulated_is_an_error(github: Any) -> None:
    for query in (
        '{ search(query: "x", type: REPOSITORY) { issueCount } }',
        'mutation { deleteRef(input: {refId: "x"}) { clientMutationId } }',
        '{ repository(owner: "acme", name: "platform") { stargazerCount } }',
        "subscription { x }",
        "{ viewer { login } ",
        "query($x: Int!) { viewer { login } }",
    ):
        assert github.graphql(github.bot(), query)["errors"]
    assert (
        github.graphql(github.bot(), "{ viewer { login __typename } }")["data"]["viewer"]["login"] == "terrasmith[bot]"
    )
    assert github.client().post(f"{github.url}/api/graphql", json={"query": "{ viewer { login } }"}).status_code == 401


def test_a_comment_is_minimized(github: Any, fresh: Callable[..., str]) -> None:
    name, bot = fresh(), github.bot()
    number = bot.post(f"/repos/{name}/issues", json={"title": "x"}).json()["number"]
    comment = bot.post(f"/repos/{name}/issues/{number}/comments", json={"body": "old"}).json()
    text = """mutation($id: ID!) {
      minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) {
        minimizedComment { isMinimized minimizedReason } } }"""
    assert "errors" in github.graphql(github.client("ghp_bob"), text, id=comment["node_id"])
    done = github.graphql(bot, text, id=comment["node_id"])["data"]["minimizeComment"]
    assert done["minimizedComment"] == {"isMinimized": True, "minimizedReason": "outdated"}
