"""What a delivery does to the database, on SQLite and Postgres: once, all of it, or nothing."""

import json
import random
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from bot import checks, installations, releases, requests
from bot.handlers import HANDLERS
from bot.handlers.outcome import Handler
from bot.intake import Intake
from bot.payloads import IssueCommentPayload
from core import events, outbox
from core.errors import Transient
from gate.report import Report


def test_a_command_becomes_a_request_and_an_event(send, says, rows):
    assert send("issue_comment", says.comment("/generate an S3 bucket --repo terraform-aws-x")) == (202, "accepted")
    recorded, (request,), (delivery,) = rows()
    assert [name for name, _ in recorded] == ["CommandReceived"]
    assert recorded[0][1] == {"request_id": request.id}
    assert (request.command, request.prompt, request.options) == (
        "generate",
        "an S3 bucket",
        {"repo": "terraform-aws-x"},
    )
    assert (request.repository_id, request.issue_number, request.author_login) == (2, 3, "ada")
    assert (request.state, request.problem, request.comment_id is not None) == ("received", None, True)
    assert (delivery.state, delivery.event, delivery.action, delivery.body) == (
        "handled",
        "issue_comment",
        "created",
        None,
    )


def test_a_command_in_a_new_issue_is_heard(send, says, rows):
    send("issues", says.issue("Please\n\n/generate a queue"))
    _, (request,), _ = rows()
    assert (request.prompt, request.comment_id, request.source.split(":")[0]) == ("a queue", None, "issue")


def test_a_command_that_cannot_be_read_is_kept_with_its_answer(send, says, rows):
    send("issue_comment", says.comment("/gnerate a queue"))
    _, (request,), _ = rows()
    assert request.command == "unknown" and "Did you mean" in request.problem


def test_a_command_on_a_pull_request_says_so(send, says, rows):
    send("issue_comment", says.comment("/help", pull=True))
    assert rows()[1][0].on_pull_request


@pytest.mark.parametrize(
    ("event", "make"),
    [
        ("issue_comment", lambda says: says.comment("hello")),
        ("issue_comment", lambda says: says.comment("> /generate x")),
        ("issue_comment", lambda says: says.comment("/generate x", action="edited")),  # S12
        ("issue_comment", lambda says: says.comment("/generate x", action="pinned")),  # G6
        ("issue_comment", lambda says: says.comment("/generate x", user=says.bot)),  # S9
        ("issue_comment", lambda says: says.comment("/generate x", user={"id": 8, "login": "x[bot]", "type": "User"})),
        (
            "issue_comment",
            lambda says: says.comment("/generate x", user={"id": 8, "login": "x", "type": "Organization"}),
        ),
        ("issue_comment", lambda says: says.comment("/generate x", via={"id": 42})),
        ("issue_comment", lambda says: says.comment("/generate x", sender=says.bot)),
        ("issue_comment", lambda says: says.comment("/generate x", sender={"id": 9, "login": "eve", "type": "User"})),
        ("issue_comment", lambda says: says.comment("/generate x") | {"installation": None}),
        ("issues", lambda says: says.issue("/generate x", action="edited")),
        ("issues", lambda says: says.issue("/generate x", user=says.bot)),
        ("pull_request", lambda says: says.pull("opened", "acme/website")),
        ("pull_request", lambda says: says.pull("labeled")),
        ("pull_request", lambda says: says.pull("closed", branch="dev", merged=True, merge_commit_sha="b" * 40)),
        ("create", lambda says: says.body("acme/terraform-aws-x", ref="dev", ref_type="branch", master_branch="main")),
        ("ping", lambda _: {"zen": "x", "hook_id": 1, "hook": {}}),
        ("repository", lambda says: says.body(action="renamed")),
        ("watch", lambda says: says.body(action="started")),
        ("no_such_event", lambda says: says.body()),
    ],
)
def test_s4_g6_what_needs_nothing_leaves_nothing(send, says, rows, event, make):
    assert send(event, make(says)) == (202, "ignored")
    assert rows() == ([], [], [])


MODULE = "acme/terraform-aws-x"
TAG = {"installation_id": 1, "repository_id": 2, "tag": "v1.0.0"}
MERGED = {"merged": True, "merge_commit_sha": "b" * 40}
OURS = {"ref": "terrasmith/request-req_0123456789abcdefghj", "sha": "c" * 40}
RELEASE = {"id": 1, "tag_name": "v1.0.0", "draft": False}
PUSH = {"ref": "refs/tags/v1.0.0", "before": "0" * 40, "after": "a" * 40, "commits": []}


@pytest.mark.parametrize(
    ("event", "make", "told"),
    [
        ("pull_request", lambda s: s.pull("opened"), ("PullRequestChanged", {"head_sha": "a" * 40})),
        ("pull_request", lambda s: s.pull("reopened"), ("PullRequestChanged", {"head_sha": "a" * 40})),
        ("pull_request", lambda s: s.pull("synchronize"), ("PullRequestChanged", {"repository_id": 2})),
        ("pull_request", lambda s: s.pull("closed"), ("PullRequestAbandoned", {"installation_id": 1})),
        ("pull_request", lambda s: s.pull("closed", **MERGED), ("PullRequestMerged", {"merge_sha": "b" * 40})),
        ("pull_request", lambda s: s.pull("opened", "acme/website", head=OURS), ("PullRequestChanged", {})),
        ("create", lambda s: s.body(MODULE, ref="v1.0.0", ref_type="tag", master_branch="main"), ("TagAppeared", TAG)),
        ("push", lambda s: s.body(MODULE, deleted=False, **PUSH), ("TagAppeared", TAG)),
        ("release", lambda s: s.body(MODULE, action="published", release=RELEASE), ("TagAppeared", TAG)),
    ],
)
def test_what_happens_in_a_modules_repository_is_told(send, says, rows, event, make, told):
    name, part = told
    assert send(event, make(says)) == (202, "accepted")
    ((recorded, payload),) = rows()[0]
    assert recorded == name
    assert payload.items() >= part.items()


@pytest.mark.parametrize(
    ("event", "make"),
    [
        ("push", lambda s: s.body(MODULE, deleted=True, **PUSH)),
        ("push", lambda s: s.body(MODULE, deleted=False, **PUSH | {"ref": "refs/heads/main"})),
        ("push", lambda s: s.body("acme/website", deleted=False, **PUSH)),
        ("delete", lambda s: s.body(MODULE, ref="v1.0.0", ref_type="tag")),
        ("create", lambda s: s.body(MODULE, ref="v1.0.0", ref_type="tag")),  # a `delete` under another name
        ("release", lambda s: s.body(MODULE, action="created", release={"id": 1, "tag_name": "v1.0.0"})),
    ],
)
def test_what_makes_no_tag_is_not_told(send, says, rows, event, make):
    assert send(event, make(says))[0] == 202
    assert rows()[0] == []


def installed(action, state="x", **rest):
    account = {"id": 9, "login": "acme", "type": "Organization"}
    return {"action": action, "installation": {"id": 1, "account": account, "created_at": state}, **rest}


def test_an_installation_lives_and_dies_and_stays_dead(send, rows, database):
    def state():
        with database.read() as session:
            return installations.find(session, 1).state

    for number, (action, after) in enumerate(
        [("created", "active"), ("suspend", "suspended"), ("unsuspend", "active"), ("deleted", "removed")]
    ):
        send("installation", installed(action, number))
        assert state() == after
    send("installation", installed("created", "an old one, delivered late"))
    assert state() == "removed"
    assert [name for name, _ in rows()[0]] == ["InstallationChanged"] * 4


def test_g7_an_installation_is_known_from_either_spelling_and_renamed(send, rows, database):
    more = {"repositories_added": [{"id": 2}], "repositories_removed": [], "repository_selection": "all"}
    send("installation_repositories", installed("added", 1557933565, **more))
    send("installation_repositories", installed("added", "2019-05-15T15:20:18Z", **more))
    account = {"id": 9, "login": "acme-corp", "type": "Organization"}
    renamed = {
        "action": "renamed",
        "account": account,
        "changes": {"login": {"from": "acme"}},
        "target_type": "Organization",
    }
    assert send("installation_target", renamed | {"installation": {"id": 1}}) == (202, "accepted")
    with database.read() as session:
        assert [(one.account_login, one.state) for one in installations.active(session)] == [("acme-corp", "active")]
    assert [name for name, _ in rows()[0]] == ["InstallationChanged"] * 2


def rerun(says, app=42, **rest):
    pulls = [{"number": 4, "base": {"repo": {"id": 2}}}, {"number": 5, "base": {"repo": {"id": 99}}}]
    run = {"id": 1, "head_sha": "a" * 40, "app": {"id": app}, "pull_requests": pulls}
    return says.body(MODULE, action="rerequested", **({"check_run": run} | rest))


def test_g28_our_check_is_judged_again_others_are_not(send, says, rows, database):
    assert send("check_run", rerun(says)) == (202, "ignored")
    with database.unit_of_work() as session:
        checks.begin(session, 2, "a" * 40, "pull")
    assert send("check_run", rerun(says, app=7)) == (202, "ignored")
    assert send("check_run", rerun(says)) == (202, "accepted")
    ((name, payload),) = rows()[0]
    assert (name, payload["number"]) == ("PullRequestChanged", 4)
    suite = rerun(says)
    suite["check_suite"] = suite.pop("check_run")
    assert send("check_suite", suite) == (202, "accepted")


def test_a_refused_version_is_tried_again_from_its_check(send, says, rows, database):
    with database.unit_of_work() as session:
        where = {"installation_id": 1, "repository_id": 2, "repository": MODULE}
        release = releases.adopt(session, **where, tag="v1.0.0", commit_sha="a" * 40)
        releases.refuse(session, release.id, "no README")
        check = checks.begin(session, 2, "a" * 40, checks.of_version("v1.0.0"))
        checks.conclude(session, check.id, "failure", Report("safety", "x", "none", "x", "refused"))
    assert send("check_run", rerun(says)) == (202, "accepted")
    assert [name for name, _ in rows()[0]] == ["ReleaseMade"] * 2


def test_a_followed_event_that_we_cannot_read_is_told(send, says, rows):
    with capture_logs() as logs:
        assert send("issue_comment", says.body("acme/platform", action="created"), guid="g-9") == (202, "ignored")
    (told,) = [line for line in logs if line["log_level"] == "warning"]
    assert (told["event"], told["delivery"], told["event_name"]) == ("delivery_not_understood", "g-9", "issue_comment")
    assert "comment" in told["fields"]
    assert rows() == ([], [], [])


# Once


def test_s5_g3_a_redelivery_answers_already_and_does_nothing(send, says, rows):
    values = says.comment("/generate x")
    assert send("issue_comment", values, guid="g-1") == (202, "accepted")
    assert send("issue_comment", values, guid="g-1") == (200, "already")
    assert len(rows()[0]) == len(rows()[1]) == 1


def test_t02_a_body_replayed_under_other_names_acts_once(send, says, rows):
    values = says.comment("/generate x")
    names = [*HANDLERS, "delete", "watch", "no_such_event"] * 3 + ["issue_comment"] * 20
    random.Random(2).shuffle(names)
    said = [send(name, values)[1] for name in names]
    assert said.count("accepted") == 1
    assert said.count("already") == names.count("issue_comment") - 1
    assert [name for name, _ in rows()[0]] == ["CommandReceived"]


def test_t02_a_wrong_name_first_does_not_use_the_right_one_up(send, says, rows):
    values = says.comment("/generate x")
    for wrong in ("issues", "pull_request", "release", "repository", "ping", "installation"):
        assert send(wrong, values, guid="the-right-guid") == (202, "ignored")
    assert send("issue_comment", values, guid="the-right-guid") == (202, "accepted")
    assert len(rows()[1]) == 1


def test_the_same_comment_in_another_delivery_is_the_same_request(send, says, rows):
    values = says.comment("/generate x")
    send("issue_comment", values)
    values["repository"]["pushed_at"] = "later"
    assert send("issue_comment", values) == (202, "accepted")
    assert len(rows()[0]) == len(rows()[1]) == 1


@pytest.mark.parametrize("same_guid", [True, False])
def test_s5_fifty_deliveries_at_once_have_one_effect(send, says, rows, same_guid):
    values = says.comment("/generate x")
    guids = ["g-1" if same_guid else secrets.token_hex(16) for _ in range(50)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda guid: send("issue_comment", values, guid=guid), guids))
    assert sorted(answers) == [(200, "already")] * 49 + [(202, "accepted")]
    recorded, asked, deliveries = rows()
    assert (len(recorded), len(asked), len(deliveries)) == (1, 1, 1)


# All or nothing


def broken(payload, hearing):
    def change(session):
        HANDLERS["issue_comment"].handle(payload, hearing)(session)
        outbox.record(session, events.InstallationChanged(installation_id=1))
        raise KeyError("a bug")

    return change


def test_a_bug_in_a_handler_loses_nothing_and_a_redelivery_repairs_it(database, send, says, rows, intake):
    values = says.comment("/generate x")
    object.__setattr__(intake, "handlers", {"issue_comment": Handler(IssueCommentPayload, broken)})
    assert send("issue_comment", values, guid="g-1") == (202, "failed")
    recorded, asked, (delivery,) = rows()
    assert (recorded, asked) == ([], [])
    assert (delivery.state, json.loads(delivery.body), delivery.reason) == ("failed", values, "KeyError: 'a bug'")
    assert send("issue_comment", values, guid="g-1") == (202, "failed")
    assert send("issue_comment", values, guid="g-2") == (200, "already")
    object.__setattr__(intake, "handlers", HANDLERS)
    assert send("issue_comment", values, guid="g-1") == (202, "accepted")
    recorded, asked, (delivery,) = rows()
    assert (len(recorded), len(asked), delivery.state, delivery.body) == (1, 1, "handled", None)
    assert send("issue_comment", values, guid="g-1") == (200, "already")


def test_an_operator_runs_a_failed_delivery_again(says, send, rows, intake):
    object.__setattr__(intake, "handlers", {"issue_comment": Handler(IssueCommentPayload, broken)})
    send("issue_comment", says.comment("/generate x"), guid="g-1")
    object.__setattr__(intake, "handlers", HANDLERS)
    assert intake.again("g-1").said == "accepted"
    assert intake.again("g-1").status == 404
    assert len(rows()[1]) == 1


def test_a_bug_before_the_database_is_kept_too(says, send, rows, intake):
    def at_once(_payload, _hearing):
        raise ZeroDivisionError

    object.__setattr__(intake, "handlers", {"issue_comment": Handler(IssueCommentPayload, at_once)})
    assert send("issue_comment", says.comment("/generate x")) == (202, "failed")
    assert rows()[2][0].state == "failed"


def test_a_database_that_does_not_answer_is_not_a_handlers_bug(says, send, rows, intake):
    def unlucky(_payload, _hearing):
        def change(_session):
            raise Transient("no connection")

        return change

    object.__setattr__(intake, "handlers", {"issue_comment": Handler(IssueCommentPayload, unlucky)})
    with pytest.raises(Transient):
        send("issue_comment", says.comment("/generate x"))
    assert rows() == ([], [], [])


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        (
            [
                (b"x-github-hook-installation-target-id", b"42"),
                (b"x-github-hook-installation-target-type", b"integration"),
            ],
            202,
        ),
        (
            [
                (b"x-github-hook-installation-target-id", b"7"),
                (b"x-github-hook-installation-target-type", b"integration"),
            ],
            400,
        ),
        ([(b"x-github-hook-installation-target-id", b"7")], 400),
        (
            [
                (b"x-github-hook-installation-target-id", b"7"),
                (b"x-github-hook-installation-target-type", b"repository"),
            ],
            202,
        ),
        ([(b"x-github-event", b"issues")], 400),
        ([(b"x-github-delivery", b"twice")], 400),
    ],
)
def test_g5_the_target_is_us_and_no_header_is_doubled(intake, says, sign, extra, status):
    body = json.dumps(says.comment("hello")).encode()
    assert intake.hear(sign(body, "issue_comment") + extra, body).status == status


def test_what_a_comment_cannot_hold_in_a_database_does_not_break_it(send, says, rows):
    values = says.comment("/generate a\x00b\ud800c")
    assert send("issue_comment", values)[0] == 202
    assert send("issue_comment", says.comment("/generate a\x00b"))[1] == "accepted"
    assert rows()[1][-1].prompt == "ab"


def test_a_request_is_found_by_what_belongs_to_it(send, says, rows, database):
    send("issue_comment", says.comment("/generate x"))
    request_id = rows()[1][0].id
    with database.unit_of_work() as session:
        request = requests.get(session, request_id)
        requests.accept(session, request.id)
        requests.set_target(session, request.id, 7, MODULE)
        requests.attach_pull(session, request.id, 4)
        assert requests.find_by_branch(session, f"refs/heads/{request.branch}", 7).id == request.id
        assert requests.find_by_branch(session, request.branch, 8) is None
        assert requests.find_by_branch(session, "main", 7) is None
        assert requests.find_by_pull(session, 7, 4).id == request.id
        assert requests.find_by_pull(session, 8, 4) is None
        assert requests.is_target(session, 7) and not requests.is_target(session, 8)


def test_a_request_is_received_once_from_two_processes(rows, says, send):
    values = says.comment("/generate x")
    copies = [values | {"organization": {"id": number}} for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        assert {said for _, said in pool.map(lambda one: send("issue_comment", one), copies)} == {"accepted"}
    assert len(rows()[1]) == 1


def test_the_intake_needs_a_database_only_for_what_acts(says, sign, webhook_secret):
    body = json.dumps(says.comment("just talking")).encode()
    assert Intake(None, [webhook_secret]).hear(sign(body, "issue_comment"), body).said == "ignored"
