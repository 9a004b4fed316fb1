"""A request with every field filled, to change what a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.requests import STEPS, RequestView, RunView, StepView

_NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def request_view():
    steps = tuple(
        StepView(key, title, "done", None, None, _NOON, _NOON + timedelta(seconds=75)) for key, title in STEPS.items()
    )
    base = RequestView(
        id="req_0123456789abcdefghj", source="comment:1:2", installation_id=1,
        repository_id=2, repository="acme/platform", issue_number=3, comment_id=4,
        on_pull_request=False, author_login="ada", author_id=5, command="generate",
        prompt="an S3 bucket", options={}, problem=None, state="generating", reason=None, living_comment_id=None,
        target_repository_id=None, target_repository=None, pull_number=None, created_at=_NOON, updated_at=_NOON,
        run=RunView("run_1", 1, "running", _NOON, None, steps),
    )  # fmt: skip
    return lambda **changes: replace(base, **changes)
