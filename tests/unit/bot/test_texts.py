"""Every comment the bot can write: within GitHub's limit, and never a command (Prow's endless loop)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot import check_text, commands, living_comment, pull_text, replies
from bot.conversations import BriefView, Conversation, QuestionView
from bot.drafts import DraftView
from bot.states import REQUEST_TRANSITIONS
from bot.tag_meaning import Meaning
from bot.version_text import NextVersion
from gate.report import CheckResult, Finding, Report
from tfmodule.version import Version

_NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
_GITHUB = MarkdownIt("commonmark").enable("table")

EVIL = "@bob fixes #1\n/generate again\n<!-- x --><img src=x> ![a](http://x) `code` | [terrasmith]\n\n/help"
WORDS = st.text(max_size=30) | st.sampled_from([EVIL, "/generate x", "\n/help\n", "```\n", "`\n/help\n`", "a" * 9000])


def report(text, verdict="refused", findings=3):
    return Report(
        "house", text, "provider", text, verdict,
        (CheckResult("fmt", text, "failed", 1.5),),
        tuple(Finding(text, "error", text, (None, "main.tf")[n % 2], n or None, None, text) for n in range(findings)),
    )  # fmt: skip


def draft(text, inputs=2):
    hcl = "".join(f'variable "v{n}" {{\n  type = string\n  description = "@bob <b> | {n}"\n}}\n' for n in range(inputs))
    return DraftView(
        name="bucket", system="aws", title=text, summary=text, assumptions=(text, text), source="template:s3",
        files={"variables.tf": hcl.encode(), "outputs.tf": b'output "o" { value = 1 }'}, report=report(text, "passed"),
    )  # fmt: skip


def everything(view, text):
    request = view(prompt=text, reason=text, problem=text, author_login="ada[bot]", options={"more": 2, "hidden": 3})
    steps = tuple(replace(step, detail=text, url=text) for step in request.run.steps)
    question = QuestionView(1, request.id, 1, text, _NOON, _NOON, None, None, None)
    talk = Conversation(
        (replace(question, answer=text, answered_by=text, closed_at=_NOON), question), BriefView({}, text, 1)
    )
    for state in REQUEST_TRANSITIONS:
        yield living_comment.render(replace(request, state=state, run=replace(request.run, steps=steps)), talk)
    yield replies.not_asked_you(request, text).body
    yield replies.no_question(request, None).body
    yield from (replies.no_question(request, one).body for one in talk.questions)
    yield replies.which_question(request, talk.questions).body
    yield replies.expired(request, question).body
    yield replies.asked(request, question).body
    yield replies.usage(request, [("You", 1, 2)], 5, 2).body
    yield living_comment.render(replace(request, run=None))
    yield replies.immediate(request).body
    yield replies.help_text()
    yield replies.no_permission(request).body
    yield from (replies.right_lost(request), replies.no_right_there(request, text), replies.module_exists(text))
    tried = [
        {"number": n, "by": by, "failing": [text], "errors": 1, "accepted": n == 1, "why": text}
        for n, by in enumerate(("writer", "model", text), start=1)
    ]
    yield from (pull_text.mended(tried), replies.refused_draft(report(text), tried))
    yield from (replies.refused_draft(report(text)), replies.given_up(text, 7, text))
    yield replies.published("acme/bucket/aws", "1.2.0", text).body
    yield pull_text.body(request, draft(text))
    unshown = report("intent", "passed")
    yield pull_text.body(request, replace(draft(text), report=replace(unshown, findings=report(text).findings)))
    yield pull_text.body(request, replace(draft(text), report=unshown))
    yield pull_text.commit_body(request, draft(text))
    yield pull_text.release_notes(text, 3, text)
    yield pull_text.title(draft(text))
    for output in (check_text.judged(report(text)), check_text.judged(report(text, "passed"), text), check_text.fork()):
        yield output["summary"]
        assert len(output["title"]) <= 255
    version = NextVersion(
        next=Version(1, 2, 0), before=Version(1, 1, 0), least=Version(1, 2, 0), bump="minor", reasons=(text, text),
        open=(text,), module=text,
    )  # fmt: skip
    for told in (version, replace(version, problem=text)):
        yield check_text.judged(report(text, "passed"), versions=[told] * 3)["summary"]
    yield check_text.no_version(text, Meaning(reason=text, prefix=text, rest=text))["summary"]
    for output in (check_text.undeclared(text, text), check_text.too_long(text, text), check_text.nothing_touched(1)):
        yield output["summary"]
        assert len(output["title"]) <= 255
    assert len(check_text.version_check(text)) <= 255


@pytest.mark.parametrize(
    ("tag", "conclusion"),
    [
        *(
            (tag, "neutral")
            for tag in ("latest", "v1", "1", "V2", "release-1.2.0", "stable", "nightly/2026-01", "vx.1.2")
        ),
        *((tag, "failure") for tag in ("v1.2", "1.2.3.4", "v1.0.0rc1", "V1.0.0", "v01.2.3", "1.0")),
    ],
)
def test_a_tag_that_never_meant_to_be_a_version_is_no_failure(tag, conclusion):
    output = check_text.no_version(tag, Meaning(reason="why", rest=tag))
    assert output["conclusion"] == conclusion
    assert "why" in output["summary"] and "v1.4.0" in output["summary"]
    assert tag in check_text.version_check(tag)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(WORDS)
def test_s21_no_text_of_ours_is_a_command_or_too_long(request_view, text):
    for made in everything(request_view, text):
        assert commands.parse(made) is None, made
        assert len(made.encode()) <= 65_536


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(WORDS)
def test_s21_no_text_of_ours_names_anybody_or_closes_anything(request_view, text):
    for made in everything(request_view, f"{text} @bob fixes #12"):
        tokens = [token for block in _GITHUB.parse(made) for token in block.children or ()]
        read = "\n".join(token.content for token in tokens if token.type == "text")
        assert not re.search(r"@bob|#12", read)


def test_every_finding_of_a_huge_report_is_an_annotation_and_the_summary_fits():
    output = check_text.judged(report("x" * 2000, findings=400))
    assert len(output["annotations"]) == 200
    assert len(output["summary"].encode()) <= 65_535


@pytest.mark.parametrize(
    ("verdict", "conclusion"), [("passed", "success"), ("refused", "failure"), ("undecided", "action_required")]
)
def test_only_a_passed_report_is_a_success(verdict, conclusion):
    assert check_text.judged(report("x", verdict))["conclusion"] == conclusion
    assert check_text.judged(report("x", verdict), "the registry said no")["conclusion"] != "success"


def test_a_report_with_a_table_names_who_judged():
    summary = check_text.judged(report("terraform 1.11"))["summary"]
    assert "terraform 1.11" in summary and "with its real providers" in summary and "house" in summary


def test_the_pull_request_says_all_it_must(request_view):
    body = pull_text.body(request_view(prompt="a bucket with logs"), draft("It makes a bucket", inputs=30))
    for part in (
        "## Asked",
        "a bucket with logs",
        "## Assumed",
        "## Inputs",
        "`v29`",
        "## Outputs",
        "## Proved",
        "Merging",
    ):
        assert part in body
    assert "30 inputs" in body
    for keyword in ("close", "fix", "resolve"):
        assert f"{keyword}s acme/platform#3" not in body.lower()


def test_the_commit_message_is_one_paragraph(request_view):
    text = pull_text.commit_body(request_view(), draft("one\n\nTerrasmith-Request: req_forged"))
    assert "\n" not in text
    assert len(pull_text.headline(draft("long " * 50))) <= 72


def test_the_living_comment_shows_steps_reason_and_what_was_asked(request_view):
    text = living_comment.render(request_view(reason="**no** `engine`", state="failed"))
    assert text.endswith("<!-- terrasmith:request:req_0123456789abcdefghj -->")
    assert "> an S3 bucket" in text
    assert "**no** `engine`" in text
    assert "✅ Writing the module <sub>1 min 15 s</sub>" in text


def test_a_long_request_is_folded(request_view):
    assert "<details>" in living_comment.render(request_view(prompt="word " * 1000))


def test_the_published_comment_has_the_block():
    body = replies.published("acme/bucket/aws", "0.1.0", 'module "x" {\n}').body
    assert '```hcl\nmodule "x" {\n}\n```' in body
    assert "`0.1.0` is published" in body


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (75, "1 min 15 s"), (7800, "2 h 10 min")]
)
def test_durations_read_well(seconds, text):
    assert living_comment.duration(timedelta(seconds=seconds)) == text
