"""The gateway against a simulated GitHub over real HTTP: every noun, and doing everything twice."""

import gzip
import io
import secrets
import tarfile
from datetime import timedelta

import pytest

from bot.github.commits import message_body
from bot.github.errors import (
    CreationRefusedError,
    GitHubError,
    HeadMovedError,
    InstallationGoneError,
    MissingPermissionError,
    RateLimitedError,
    RepositoryExistsError,
    TagTakenError,
    TooLongError,
)
from bot.github.gateway import GitHub, InstallationClient, TokenCache
from bot.github.values import Annotation
from core import clock
from core.errors import Transient, UserError

pytestmark = pytest.mark.timeout(120)


class TestApp:
    def test_it_knows_itself_and_its_installations(self, github: GitHub) -> None:
        assert github.app.slug == "terrasmith"
        assert github.app.bot_login == "terrasmith[bot]"
        kinds = {each.account_login: each.account_type for each in github.app.installations()}
        assert kinds == {"acme": "Organization", "frugal": "Organization", "ada": "User"}
        first = github.app.installations()[0]
        assert github.app.installation(first.id) == first
        assert github.app.installation(999_999) is None

    def test_an_unknown_installation_is_gone(self, github: GitHub) -> None:
        with pytest.raises(InstallationGoneError):
            github.installation(999_999).repositories.get("acme/platform")


class TestRepositories:
    def test_permission_is_asked_live(self, acme: InstallationClient, repo: str) -> None:
        assert acme.repositories.permission(repo, "ada") == "admin"
        assert acme.repositories.permission(repo, "rita") == "read"
        assert acme.repositories.permission(repo, "nobody-at-all") == "none"
        assert acme.repositories.permission(repo, "ada", user_id=1) == "none"  # the name is somebody else's by now
        assert acme.repositories.permission("acme/absent", "ada") == "none"

    def test_found_by_name_and_by_id(self, acme: InstallationClient, repo: str) -> None:
        found = acme.repositories.get(repo)
        assert found is not None
        assert found.private
        assert found.description == "A test"
        assert acme.repositories.by_id(found.id) == found
        assert acme.repositories.get("acme/absent") is None
        assert acme.repositories.by_id(999_999) is None

    def test_a_taken_name_says_so(self, acme: InstallationClient, repo: str) -> None:
        with pytest.raises(RepositoryExistsError):
            acme.repositories.create("acme", repo.removeprefix("acme/"), "", private=True)

    def test_a_personal_account_is_explained(self, github: GitHub) -> None:
        """G19."""
        person = next(each.id for each in github.app.installations() if each.account_login == "ada")
        with pytest.raises(CreationRefusedError, match="personal account"):
            github.installation(person).repositories.create("ada", "terraform-aws-mine", "", private=False)

    def test_a_frugal_owner_is_told_what_is_missing_and_the_rest_works(self, github: GitHub) -> None:
        """G12, G13: the token asks for what was granted, and a refusal names the permission."""
        frugal = github.installation(next(e.id for e in github.app.installations() if e.account_login == "frugal"))
        assert frugal.repositories.get("frugal/absent") is None
        with pytest.raises(MissingPermissionError) as caught:
            frugal.repositories.create("frugal", "terraform-aws-mine", "", private=True)
        assert "administration=write" in caught.value.permissions

    def test_the_archive_is_the_tree_at_a_commit(self, acme: InstallationClient, repo: str) -> None:
        head = acme.repositories.wait_until_ready(repo)
        sha = _commit(acme, repo, "main", head, {"main.tf": b"# hello\n"})
        data = acme.repositories.tarball(repo, sha)
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert "main.tf" in names
        with pytest.raises(UserError, match="larger"):
            acme.repositories.tarball(repo, sha, limit=10)

    def test_a_renamed_repository_still_takes_writes(self, acme: InstallationClient, simulated, repo, issue) -> None:
        simulated.as_user("PATCH", f"/repos/{repo}", {"name": f"{repo.removeprefix('acme/')}-new"})
        comment = acme.issues.comment(repo, issue, "still here")
        found = acme.repositories.get(repo)
        assert found is not None
        assert found.full_name == f"{repo}-new"
        assert acme.repositories.by_id(found.id) == found
        comments = simulated.as_user("GET", f"/repos/{repo}-new/issues/{issue}/comments")
        assert [each["id"] for each in comments] == [comment]


class TestIssues:
    def test_react_twice(self, acme: InstallationClient, simulated, repo, issue) -> None:
        comment = simulated.as_user("POST", f"/repos/{repo}/issues/{issue}/comments", {"body": "/generate"})["id"]
        for _ in range(2):
            acme.issues.react(repo, "eyes", issue=issue)
            acme.issues.react(repo, "eyes", issue=issue, comment=comment)
        for path in (f"issues/{issue}", f"issues/comments/{comment}"):
            assert len(simulated.as_user("GET", f"/repos/{repo}/{path}/reactions")) == 1

    def test_one_living_comment_and_a_forged_marker(self, acme: InstallationClient, simulated, repo, issue) -> None:
        """Law 2: a marker proves nothing unless our app wrote the comment."""
        marker = "<!-- terrasmith:req_1 -->"
        simulated.as_user("POST", f"/repos/{repo}/issues/{issue}/comments", {"body": f"mine now {marker}"}, user="rita")
        assert acme.issues.find_comment(repo, issue, marker) is None
        first = acme.issues.upsert_comment(repo, issue, marker, "working")
        again = acme.issues.upsert_comment(repo, issue, marker, "done")
        assert acme.issues.upsert_comment(repo, issue, marker, "done", known_id=first) == first == again
        assert acme.issues.find_comment(repo, issue, marker) == first
        bodies = [each["body"] for each in simulated.as_user("GET", f"/repos/{repo}/issues/{issue}/comments")]
        assert bodies == [f"mine now {marker}", f"done\n\n{marker}"]

    def test_a_marker_that_we_quote_is_not_ours(self, acme: InstallationClient, repo, issue) -> None:
        """Law 2: a stranger writes a marker into a command, and our own answer repeats the stranger's words."""
        marker = "<!-- terrasmith:version:acme/bucket/aws:0.1.0 -->"
        acme.issues.upsert_comment(repo, issue, "<!-- reply -->", f"You said `{marker}`\n\n{marker} again")
        assert acme.issues.find_comment(repo, issue, marker) is None
        planted = acme.issues.upsert_comment(repo, issue, marker, f"{marker}\n\nPublished")
        assert acme.issues.find_comment(repo, issue, marker) == planted

    def test_a_deleted_living_comment_is_written_anew(self, acme: InstallationClient, simulated, repo, issue) -> None:
        first = acme.issues.upsert_comment(repo, issue, "<!-- m -->", "working")
        simulated.as_user("DELETE", f"/repos/{repo}/issues/comments/{first}")
        assert acme.issues.upsert_comment(repo, issue, "<!-- m -->", "done", known_id=first) != first

    def test_lengths_are_checked_before_github_does(self, acme: InstallationClient, repo: str, issue: int) -> None:
        """G29."""
        acme.issues.comment(repo, issue, "x" * 65_536)
        with pytest.raises(TooLongError):
            acme.issues.comment(repo, issue, "x" * 65_537)

    def test_close_twice(self, acme: InstallationClient, simulated, repo, issue) -> None:
        acme.issues.close(repo, issue)
        acme.issues.close(repo, issue)
        assert simulated.as_user("GET", f"/repos/{repo}/issues/{issue}")["state"] == "closed"


class TestWriting:
    def test_one_verified_commit_by_compare_and_swap(self, acme: InstallationClient, repo: str) -> None:
        """G22, G23: and after a crash it is found again."""
        head = acme.repositories.wait_until_ready(repo)
        branch = "terrasmith/request-1"
        assert acme.refs.ensure_branch(repo, branch, head) == head
        assert acme.refs.ensure_branch(repo, branch, head) == head
        assert acme.commits.find_request(repo, branch, "req_1") is None
        sha = _commit(acme, repo, branch, head, {"main.tf": b"\xff\x00", "modules/a/x.tf": b""})
        assert acme.refs.head(repo, branch) == sha
        assert acme.commits.find_request(repo, branch, "req_1") == sha
        assert acme.commits.find_request(repo, branch, "req_10") is None
        commit = acme.commits.get(repo, sha)
        assert commit is not None
        assert commit.verified
        assert commit.parents == (head,)
        assert commit.author_login == "terrasmith[bot]"
        assert {"main.tf", "modules/a/x.tf"} <= set(acme.commits.files_at(repo, sha))
        with pytest.raises(HeadMovedError):
            _commit(acme, repo, branch, head, {"main.tf": b"late"})
        after = acme.commits.commit_files(
            repo, branch, expected_head=sha, headline="Drop", body="", additions={}, deletions=["main.tf"]
        )
        assert "main.tf" not in acme.commits.files_at(repo, after)

    def test_a_persons_commit_with_our_trailer_is_not_ours(self, acme: InstallationClient, simulated, repo) -> None:
        body = {"message": "Forged\n\nTerrasmith-Request: req_1", "content": ""}
        simulated.as_user("PUT", f"/repos/{repo}/contents/x.tf", body)
        assert acme.commits.find_request(repo, "main", "req_1") is None

    @pytest.mark.parametrize(
        "path", ["../x", "/x", ".github/workflows/ci.yml", ".GITHUB/Workflows/ci.yml", ".git/config"]
    )
    def test_some_files_are_never_written(self, acme: InstallationClient, path: str) -> None:
        """G24, S18."""
        with pytest.raises(UserError):
            _commit(acme, "acme/platform", "main", "0" * 40, {path: b""})

    def test_absent_things_are_none(self, acme: InstallationClient, repo: str) -> None:
        assert acme.refs.head(repo, "absent") is None
        assert acme.refs.tag_commit(repo, "v9") is None
        assert acme.commits.get(repo, "0" * 40) is None
        assert acme.pulls.find(repo, "absent") is None
        assert acme.releases.find(repo, "v9") is None


class TestPulls:
    def test_one_pull_request_from_draft_to_ready(self, acme: InstallationClient, repo: str) -> None:
        branch = _branch_with_commit(acme, repo)
        made = acme.pulls.create(repo, branch=branch, base="main", title="A bucket", body="what was asked")
        again = acme.pulls.create(repo, branch=branch, base="main", title="A bucket", body="what was asked")
        assert again.number == made.number
        assert made.draft
        assert made.head_branch == branch
        assert made.author == "terrasmith[bot]"
        assert acme.pulls.find(repo, branch) == acme.pulls.get(repo, made.number) == again
        acme.pulls.mark_ready(made)
        acme.pulls.mark_ready(made)
        assert acme.pulls.get(repo, made.number).draft is False
        assert acme.pulls.edit(repo, made.number, body="more").body == "more"
        assert acme.pulls.edit(repo, made.number, title="t" * 300).title == "t" * 256

    def test_nothing_to_pull_is_an_error(self, acme: InstallationClient, repo: str) -> None:
        acme.refs.ensure_branch(repo, "empty", acme.repositories.wait_until_ready(repo))
        with pytest.raises(GitHubError):
            acme.pulls.create(repo, branch="empty", base="main", title="Nothing", body="")


class TestTagsAndReleases:
    def test_a_tag_never_moves(self, acme: InstallationClient, simulated, repo) -> None:
        head = acme.repositories.wait_until_ready(repo)
        acme.refs.ensure_tag(repo, "v0.1.0", head)
        acme.refs.ensure_tag(repo, "v0.1.0", head)
        later = _commit(acme, repo, "main", head, {"a.tf": b""})
        with pytest.raises(TagTakenError) as caught:
            acme.refs.ensure_tag(repo, "v0.1.0", later)
        assert caught.value.commit == head
        tag = {"tag": "v0.2.0", "message": "by hand", "object": later, "type": "commit"}
        made = simulated.as_user("POST", f"/repos/{repo}/git/tags", tag)
        simulated.as_user("POST", f"/repos/{repo}/git/refs", {"ref": "refs/tags/v0.2.0", "sha": made["sha"]})
        assert acme.refs.tag_commit(repo, "v0.2.0") == later
        acme.refs.ensure_tag(repo, "v0.2.0", later)
        assert {each.name: each.sha for each in acme.refs.tags(repo)} == {"v0.1.0": head, "v0.2.0": later}

    def test_a_release_goes_from_draft_to_published(self, acme: InstallationClient, repo: str) -> None:
        """G30."""
        head = acme.repositories.wait_until_ready(repo)
        acme.refs.ensure_tag(repo, "v0.1.0", head)
        draft = acme.releases.create_draft(repo, "v0.1.0", head, "v0.1.0", "notes")
        assert draft.draft
        assert acme.releases.find(repo, "v0.1.0") == draft
        assert acme.releases.publish(repo, draft.id).draft is False
        assert acme.releases.publish(repo, draft.id).draft is False
        found = acme.releases.find(repo, "v0.1.0")
        assert found is not None
        assert found.id == draft.id
        orphan = acme.releases.create_draft(repo, "v0.2.0", head, "v0.2.0", "")
        acme.releases.discard(repo, orphan.id)
        acme.releases.discard(repo, orphan.id)
        assert acme.releases.find(repo, "v0.2.0") is None


class TestChecks:
    def test_any_number_of_annotations_and_none_twice(self, acme: InstallationClient, simulated, repo) -> None:
        """G27."""
        head = acme.repositories.wait_until_ready(repo)
        check = acme.checks.start(repo, head, "terrasmith", "run_1")
        assert acme.checks.start(repo, head, "terrasmith", "run_1") == check
        assert acme.checks.start(repo, head, "terrasmith", "run_2") != check
        remarks = [
            Annotation("main.tf", line, line, "failure", "m" * 70_000 if line == 1 else "no") for line in range(1, 121)
        ]
        for _ in range(2):
            acme.checks.finish(
                repo, check, conclusion="failure", title="t" * 300, summary="s" * 70_000, text="x", annotations=remarks
            )
        run = simulated.as_user("GET", f"/repos/{repo}/check-runs/{check}")
        assert (run["status"], run["conclusion"], run["output"]["annotations_count"]) == ("completed", "failure", 120)
        other = acme.checks.start(repo, head, "terrasmith", "run_2")
        acme.checks.finish(repo, other, conclusion="success", title="Fine", summary="Nothing to say")
        assert simulated.as_user("GET", f"/repos/{repo}/check-runs/{other}")["conclusion"] == "success"


class TestTrouble:
    def test_a_comment_that_failed_after_it_was_written_is_found_not_doubled(
        self, acme: InstallationClient, simulated, repo, issue
    ) -> None:  # fmt: skip
        simulated.fault("502-after", method="POST", path="/comments$")
        with pytest.raises(Transient):
            acme.issues.upsert_comment(repo, issue, "<!-- m -->", "working")
        acme.issues.upsert_comment(repo, issue, "<!-- m -->", "done")
        assert len(simulated.as_user("GET", f"/repos/{repo}/issues/{issue}/comments")) == 1

    def test_a_commit_that_failed_after_it_was_written_is_found(
        self, acme: InstallationClient, simulated, repo
    ) -> None:
        head = acme.repositories.wait_until_ready(repo)
        simulated.fault("502-after", method="POST", path="/api/graphql")
        with pytest.raises(Transient):
            _commit(acme, repo, "main", head, {"a.tf": b""})
        assert acme.commits.find_request(repo, "main", "req_1") == acme.refs.head(repo, "main") != head

    def test_a_repository_that_failed_after_it_was_made_is_there(self, acme: InstallationClient, simulated) -> None:
        name = f"terraform-aws-{secrets.token_hex(4)}"
        simulated.fault("502-after", method="POST", path="/orgs/acme/repos$")
        with pytest.raises(Transient):
            acme.repositories.create("acme", name, "Terrasmith request req_1", private=True)
        found = acme.repositories.get(f"acme/{name}")
        assert found is not None
        assert found.description == "Terrasmith request req_1"

    def test_reads_outlive_a_hiccup_and_limits_are_told(self, acme: InstallationClient, simulated, repo) -> None:
        simulated.fault("502-before", method="GET", path=f"/repos/{repo}$", times=2)
        assert acme.repositories.get(repo) is not None
        simulated.fault("secondary-limit-bare", method="GET", path=f"/repos/{repo}$")
        with pytest.raises(RateLimitedError):
            acme.repositories.get(repo)
        simulated.fault("primary-limit", method="GET", path=f"/repos/{repo}$", seconds=600)
        with pytest.raises(RateLimitedError) as caught:
            acme.repositories.get(repo)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 300

    def test_an_expired_token_is_replaced(self, simulated, repo) -> None:
        """401 does not end the work: the token is evicted and asked for once more."""
        settings = simulated.settings
        tokens = TokenCache(None, settings)
        with GitHub(settings, tokens) as github:
            acme = github.installation(next(e.id for e in github.app.installations() if e.account_login == "acme"))
            assert acme.repositories.get(repo) is not None
            # A stranger's hand in the cache: what lies there is refused by GitHub, exactly like a revoked token.
            for name, token in list(tokens._tokens.items()):
                tokens._tokens[name] = type(token)("ghs_revoked", token.expires_at)
            assert acme.repositories.get(repo) is not None


class TestDeliveries:
    def test_what_did_not_arrive_is_listed_once_and_sent_again(self, github: GitHub, simulated, repo, issue) -> None:
        """G2, G3: nobody listens at the webhook's address."""
        simulated.settle()
        failed = github.app.failed_deliveries(clock.now() - timedelta(days=9))
        mine = next(each for each in failed if each.event == "issues" and each.action == "opened")
        assert len({each.guid for each in failed}) == len(failed)
        github.app.redeliver(mine.id)
        simulated.settle()
        again = [
            each for each in github.app.failed_deliveries(clock.now() - timedelta(days=1)) if each.guid == mine.guid
        ]
        assert again[0].attempts == 2
        assert again[0].id != mine.id
        assert github.app.failed_deliveries(clock.now() + timedelta(minutes=5)) == ()


def _commit(acme: InstallationClient, repo: str, branch: str, head: str, files: dict[str, bytes]) -> str:
    body = message_body("What was asked.", "req_1")
    return acme.commits.commit_files(repo, branch, expected_head=head, headline="Add", body=body, additions=files)


def _branch_with_commit(acme: InstallationClient, repo: str) -> str:
    head = acme.repositories.wait_until_ready(repo)
    acme.refs.ensure_branch(repo, "terrasmith/request-1", head)
    _commit(acme, repo, "terrasmith/request-1", head, {"main.tf": b""})
    return "terrasmith/request-1"
