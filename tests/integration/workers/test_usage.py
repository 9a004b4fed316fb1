"""`/usage`, from the command to the reply, on both databases: one's own sums, and nobody else's."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from accounts import spending as rows
from bot import requests
from bot.models import Request
from bot.requests import NewRequest, RequestView
from core import jobs
from core.db import Database
from generator.spending import Caps
from workers import execution
from workers.jobs import JOBS


@pytest.fixture
def asked(database: Database) -> Callable[[str], tuple[RequestView, dict[str, str]]]:
    """Has somebody comment `/usage`: the request then, and what was said."""

    def ask(role: str = "write") -> tuple[RequestView, dict[str, str]]:
        said: dict[str, str] = {}
        github = SimpleNamespace(
            repositories=SimpleNamespace(permission=lambda *_args: role),
            issues=SimpleNamespace(
                react=lambda *_args, **_named: None,
                upsert_comment=lambda _repo, _issue, marker, body: said.update({marker: body}),
            ),
        )
        environment: Any = SimpleNamespace(
            settings=SimpleNamespace(lease_seconds=30.0), database=database, redact=lambda text: text,
            github=SimpleNamespace(installation=lambda _id: github), caps=Caps.read({"person": "2"}),
        )  # fmt: skip
        with database.unit_of_work() as session:
            request = requests.receive(session, _new("usage"))
            jobs.create(
                session, key="ack", name="acknowledge", queue=JOBS["acknowledge"].queue, subject="x",
                args={"request_id": request.id},
            )  # fmt: skip
            job = jobs.views(session, subject="x")[0]
        assert execution.run(environment, job.id) == "done"
        with database.read() as session:
            return requests.get(session, request.id), said

    return ask


def _new(command: str, source: str = "comment:2:4", repository: str = "acme/platform") -> NewRequest:
    return NewRequest(
        source=source, installation_id=1, repository_id=2, repository=repository, issue_number=3, comment_id=4,
        on_pull_request=False, author_login="ada", author_id=5, command=command, prompt="", options={}, problem=None,
    )  # fmt: skip


def _spent(database: Database, organisation: str, person: str, micros: int) -> None:
    with database.unit_of_work() as session:
        line = rows.reserve(
            session, job=f"run_{organisation}", person=person, repository=f"{organisation}/platform",
            organisation=organisation, purpose="write", model="m", prompt_sha256="a" * 64, number=1,
            reserved_micros=micros,
        )  # fmt: skip
        rows.end(session, line, "settled", cost_micros=micros, usage={}, stop_reason="end_turn")


def test_one_sees_what_is_used_and_left_and_the_cost_of_a_module(
    database: Database, asked: Callable[..., tuple[RequestView, dict[str, str]]]
) -> None:
    _spent(database, "acme", "ada", 500_000)
    _spent(database, "acme", "eve", 1_000_000)
    _spent(database, "other", "ada2", 77_000_000)
    with database.unit_of_work() as session:
        for number, repository in enumerate(("acme/a", "acme/b", "other/c"), start=10):
            made = requests.receive(session, _new("generate", f"comment:2:{number}", repository))
            session.execute(update(Request).where(Request.id == made.id).values(state="published"))
    request, said = asked()
    [body] = said.values()
    assert "| You | &#36;0.50 | &#36;2.00 | &#36;1.50 |" in body
    assert "| The organisation | &#36;1.50 |" in body
    assert "has used &#36;1.50, &#36;0.75 for each of 2 published." in body
    assert "77" not in body
    assert request.state == "answered"


def test_who_may_only_read_sees_no_sums(
    database: Database, asked: Callable[..., tuple[RequestView, dict[str, str]]]
) -> None:
    _spent(database, "acme", "ada", 500_000)
    request, said = asked("read")
    assert request.state == "refused"
    assert "0.50" not in "".join(said.values())


def test_nothing_was_spent_yet(asked: Callable[..., tuple[RequestView, dict[str, str]]]) -> None:
    _, said = asked()
    assert "has used &#36;0.00, none published yet." in "".join(said.values())
