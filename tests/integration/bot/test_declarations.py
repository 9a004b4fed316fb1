"""What makes a repository of any name our business: tags with a prefix, and a push that writes `.terrasmith.hcl`."""

import pytest

from bot import declarations

PUSH = {"ref": "refs/heads/topic", "before": "0" * 40, "after": "a" * 40, "deleted": False}
INFRA = "acme/infra"


def pushed(says, *, added=(), modified=(), ref="refs/heads/topic"):
    commits = [{"id": "x", "added": list(added), "modified": list(modified), "removed": []}, "no commit at all", {}]
    return says.body(INFRA, **PUSH | {"ref": ref}, commits=commits)


@pytest.mark.parametrize("kind", ["added", "modified"])
def test_a_push_of_the_file_to_any_branch_opens_the_repository(send, says, rows, database, kind):
    assert send("pull_request", says.pull("opened", INFRA)) == (202, "ignored")
    assert send("push", pushed(says, **{kind: ["README.md", ".terrasmith.hcl"]})) == (202, "accepted")
    with database.read() as session:
        assert declarations.declares(session, 2)
    assert send("push", pushed(says, modified=[".terrasmith.hcl"])) == (202, "ignored"), "it is known"
    assert send("pull_request", says.pull("opened", INFRA)) == (202, "accepted")
    tag = says.body(INFRA, ref="anything", ref_type="tag", master_branch="main")
    assert send("create", tag) == (202, "accepted"), "whoever misspells a prefix is told"
    assert [name for name, _ in rows()[0]] == ["PullRequestChanged", "TagAppeared"]


@pytest.mark.parametrize(
    "names", [["terrasmith.hcl"], ["modules/.terrasmith.hcl"], [".terrasmith.hcl/x"], [], [None], [{"x": 1}]]
)
def test_other_pushes_leave_nothing(send, says, rows, names):
    assert send("push", pushed(says, added=names)) == (202, "ignored")
    assert rows() == ([], [], [])


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("network/v1.0.0", True),
        ("modules/network/1.0.0-rc.1", True),
        ("dns-0.1.0", True),
        (f"network/v1.0.0-{'x' * 220}", True),  # too long for a version: it is told so on its commit
        ("v1.0.0", False),
        ("network/latest", False),
        ("release-1", False),
    ],
)
def test_a_tag_of_any_repository_is_looked_at_if_it_has_a_prefix_and_a_version(send, says, rows, tag, told):
    for event, body in (
        ("create", says.body(INFRA, ref=tag, ref_type="tag", master_branch="main")),
        ("push", says.body(INFRA, **PUSH | {"ref": f"refs/tags/{tag}"}, commits=[])),
        ("release", says.body(INFRA, action="published", release={"id": 1, "tag_name": tag, "draft": False})),
    ):
        assert send(event, body) == (202, "accepted" if told else "ignored")
    assert [payload["tag"] for _, payload in rows()[0]] == ([tag] * 3 if told else [])
