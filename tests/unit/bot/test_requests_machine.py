"""The states of a request under every order of moves, as hypothesis finds them; then those of a release."""

from contextlib import ExitStack

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from bot import conversations, releases, requests
from bot.requests import STEPS, NewRequest
from bot.states import (
    INSTALLATION_TRANSITIONS,
    RELEASE_TRANSITIONS,
    REQUEST_TRANSITIONS,
    RUN_TRANSITIONS,
    STEP_TRANSITIONS,
    ForbiddenTransitionError,
)
from core import clock, events
from core.db import Database
from core.models import OutboxRow
from tfmodule.version import Version

NEW = NewRequest(
    source="comment:1:2", installation_id=1, repository_id=2, repository="acme/platform", issue_number=3, comment_id=4,
    on_pull_request=False, author_login="ada", author_id=5, command="generate", prompt="x", options={}, problem=None,
)  # fmt: skip


class Life(RuleBasedStateMachine):
    """One request, moved at random; a forbidden move must change nothing."""

    database: Database

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.session = self.stack.enter_context(self.database.read())
        self.id = requests.receive(self.session, NEW).id
        self.state, self.seen = "received", ["received"]

    def teardown(self):
        self.session.rollback()
        self.stack.close()

    def move(self, act, *args, **kwargs):
        before = requests.get(self.session, self.id)
        try:
            act(self.session, self.id, *args, **kwargs)
        except ForbiddenTransitionError:
            assert requests.get(self.session, self.id) == before
            return
        after = requests.get(self.session, self.id)
        if after.state != before.state:
            assert after.state in REQUEST_TRANSITIONS[before.state]
            self.seen.append(after.state)
        act(self.session, self.id, *args, **kwargs)
        assert requests.get(self.session, self.id).state == after.state, "asking twice moved it further"

    @rule()
    def answer(self):
        self.move(requests.answer)

    @rule()
    def accept(self):
        self.move(requests.accept)

    @rule()
    def ask(self):
        self.move(conversations.ask, "Where?")

    @rule()
    def reply(self):
        view = requests.get(self.session, self.id)
        asked = conversations.of(self.session, view).questions
        if asked:
            self.move(lambda session, _id: conversations.answer(session, asked[-1].id, "Here.", "ada"))

    @rule()
    def expire(self):
        self.move(lambda session, _id: conversations.expire(session, clock.now() + conversations.PATIENCE))

    @rule()
    def refuse(self):
        self.move(requests.refuse, "no")

    @rule()
    def fail(self):
        self.move(requests.fail, "broke")

    @rule()
    def resume(self):
        run = requests.get(self.session, self.id).run
        if run is not None:
            self.move(requests.resume, run.id)

    @rule()
    def target(self):
        self.move(requests.set_target, 77, "acme/terraform-aws-x")

    @rule()
    def pull(self):
        self.move(requests.attach_pull, 4, "https://x")

    @rule()
    def merged(self):
        self.move(requests.mark_merged, 4)

    @rule()
    def released(self):
        self.move(requests.mark_released, "v0.1.0")

    @rule()
    def published(self):
        self.move(requests.mark_published, "0.1.0")

    @rule()
    def abandoned(self):
        self.move(requests.mark_abandoned)

    @rule()
    def proved(self):
        run = requests.get(self.session, self.id).run
        if run is not None:
            self.move(requests.proved, run.id)

    @rule(key=st.sampled_from(list(STEPS)), act=st.sampled_from(["start_step", "finish_step"]))
    def step(self, key, act):
        run = requests.get(self.session, self.id).run
        if run is not None:
            getattr(requests, act)(self.session, run.id, key)

    @invariant()
    def what_is_shown_agrees(self):
        view = requests.get(self.session, self.id)
        assert (view.run is None) == (not {"generating"} & set(self.seen))
        if view.state == "published":
            assert view.run.state == "succeeded" and view.run.step("publish").state == "done"
        if view.state in {"proposed", "merged", "published"}:
            assert view.run.state in {"running", "succeeded"} and view.pull_number is not None
        talk = conversations.of(self.session, view)
        assert (view.state == "waiting") == (talk.open is not None)
        if view.state in {"refused", "failed", "expired"}:
            assert view.reason
        if view.run is not None:
            assert [step.key for step in view.run.steps] == list(STEPS)

    @invariant()
    def each_run_was_told_once(self):
        rows = self.session.scalars(select(OutboxRow)).all()
        runs = [row.payload["run_id"] for row in rows if row.event == "GenerationAccepted"]
        drafts = [row.payload["run_id"] for row in rows if row.event == "DraftProved"]
        assert len(set(runs)) == len(runs) and len(set(drafts)) == len(drafts)
        assert sum(row.event == "CommandReceived" for row in rows) == 1
        assert sum(row.event == "StepsChanged" for row in rows) <= 1, "once in a transaction is enough"


def test_a_request_moves_only_where_its_table_leads(sqlite_url):
    Life.database = Database(sqlite_url)
    run_state_machine_as_test(Life, settings=settings(max_examples=20, stateful_step_count=20, deadline=None))
    Life.database.dispose()


@pytest.mark.parametrize(
    "table",
    [REQUEST_TRANSITIONS, RUN_TRANSITIONS, STEP_TRANSITIONS, RELEASE_TRANSITIONS, INSTALLATION_TRANSITIONS],
)
def test_a_table_leads_only_to_states_it_knows(table):
    for state, following in table.items():
        assert following <= set(table)
        assert state not in following


@pytest.fixture
def session(sqlite_url):
    database = Database(sqlite_url)
    with database.unit_of_work() as session:
        yield session
    database.dispose()


def told(session, kind=events.ReleaseMade):
    return session.scalars(select(OutboxRow).where(OutboxRow.event == kind.__name__)).all()


PLAN = {"installation_id": 1, "repository_id": 7, "repository": "acme/terraform-aws-x"}


def test_one_merge_has_one_release_whatever_version_is_proposed(session):
    first = releases.plan(session, **PLAN, pull_number=4, merge_sha="a" * 40, version=Version(0, 1, 0))
    again = releases.plan(session, **PLAN, pull_number=4, merge_sha="a" * 40, version=Version(0, 2, 0))
    assert first == again
    releases.mark_tagged(session, first.id)
    releases.mark_released(session, first.id, 9)
    releases.mark_released(session, first.id, 9)
    assert len(told(session)) == 1
    assert releases.next_version(releases.known_versions(session, 7)) == Version(0, 2, 0)


def test_the_version_of_another_release_is_not_taken_twice(session):
    releases.adopt(session, **PLAN, tag="v0.1.0", commit_sha="b" * 40)
    with pytest.raises(releases.TagTakenError):
        releases.plan(session, **PLAN, pull_number=4, merge_sha="a" * 40, version=Version(0, 1, 0))


def test_our_own_tag_is_left_to_the_job_that_makes_it(session):
    mine = releases.plan(session, **PLAN, pull_number=4, merge_sha="a" * 40, version=Version(0, 1, 0))
    assert releases.adopt(session, **PLAN, tag="v0.1.0", commit_sha="a" * 40) == mine
    assert told(session) == []


def test_a_tag_by_hand_is_released_at_once_and_once(session):
    first = releases.adopt(session, **PLAN, tag="v1.0.0", commit_sha="a" * 40)
    assert (first.state, first.version, first.ours) == ("released", "1.0.0", False)
    assert releases.adopt(session, **PLAN, tag="v1.0.0", commit_sha="a" * 40).id == first.id
    assert len(told(session)) == 1


def test_a_tag_that_is_no_version_is_refused_with_the_reason(session):
    made = releases.adopt(session, **PLAN, tag="latest", commit_sha="a" * 40)
    assert (made.state, made.version) == ("refused", None)
    assert "MAJOR.MINOR.PATCH" in made.reason
    assert releases.retry(session, made.id).state == "refused"


def test_a_refused_release_is_tried_again_when_asked_or_when_its_tag_moves(session):
    made = releases.adopt(session, **PLAN, tag="v1.0.0", commit_sha="a" * 40)
    releases.refuse(session, made.id, "no README")
    assert releases.retry(session, made.id).state == "released"
    releases.refuse(session, made.id, "no README")
    assert releases.adopt(session, **PLAN, tag="v1.0.0", commit_sha="b" * 40).commit_sha == "b" * 40
    assert len(told(session)) == 3


def test_a_published_release_never_changes(session):
    made = releases.adopt(session, **PLAN, tag="v1.0.0", commit_sha="a" * 40)
    releases.mark_published(session, made.id)
    assert releases.adopt(session, **PLAN, tag="v1.0.0", commit_sha="b" * 40).commit_sha == "a" * 40
    assert releases.retry(session, made.id).state == "published"
    with pytest.raises(ForbiddenTransitionError):
        releases.refuse(session, made.id, "late")
