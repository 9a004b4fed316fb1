"""No secret reaches GitHub's pages, however our Markdown writes it; what only looks alike stays as it is."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.gateway import InstallationClient
from bot.github.redaction import SHOWN, clean, shown
from bot.github.values import Annotation
from bot.markdown import code, defuse, fenced, neutralise, one_line, plain
from core.secrets import MASK, Redactor

HERE = "/api/v3/repos/acme/platform"
SHA = "a" * 40
KNOWN = "0123456789abcdef0123456789abcdef"  # the secret key of these tests' settings
TOKEN = "ghp_aB1_cD2_eF3_gH4_iJ5"
CANARIES = [
    TOKEN,
    "github_pat_11ABCDEFG0123456789_abcdef",
    "sk-ant-api03-AbCdEf_GhIjKlMnOp-123",
    "tsm_abcdefghijklmnopqrstuvwxyz0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3Mi_iOiIxIn0.c2ln_bmF0dXJl",
    KNOWN,
]
WRITTEN: list[Callable[[str], str]] = [str, neutralise, one_line, plain, code, fenced, defuse]


def _answers(scripted: Any) -> None:
    pull = {
        "number": 3, "node_id": "PR_3", "title": "A", "body": None, "state": "open", "draft": True, "merged_at": None,
        "merge_commit_sha": None, "user": None, "html_url": "https://github.test/acme/platform/pull/3",
        "head": {"ref": "b", "sha": SHA, "repo": {"id": 5}},
        "base": {"ref": "main", "repo": {"id": 5, "full_name": "acme/platform"}},
    }  # fmt: skip
    release = {"id": 1, "tag_name": "v1", "name": "v1", "draft": True, "prerelease": False, "html_url": "x"}
    comment = httpx.Response(201, json={"id": 1})
    scripted.on(f"GET {HERE}/issues/1/comments", httpx.Response(200, json=[]))
    scripted.on(f"POST {HERE}/issues/1/comments", comment)
    scripted.on(f"PATCH {HERE}/issues/comments/1", comment)
    scripted.on(f"POST {HERE}/pulls", httpx.Response(201, json=pull))
    scripted.on(f"PATCH {HERE}/pulls/3", httpx.Response(200, json=pull))
    scripted.on(f"POST {HERE}/releases", httpx.Response(201, json=release))
    scripted.on(f"GET {HERE}/check-runs/1", httpx.Response(200, json={"output": {"annotations_count": 0}}))
    scripted.on(f"PATCH {HERE}/check-runs/1", httpx.Response(200, json={}))
    made = {"data": {"createCommitOnBranch": {"commit": {"oid": SHA}}}}
    scripted.on("POST /api/graphql", httpx.Response(200, json=made))


SINKS: dict[str, Callable[[InstallationClient, str], object]] = {
    "comment": lambda acme, text: acme.issues.comment("acme/platform", 1, text),
    "edited comment": lambda acme, text: acme.issues.edit_comment("acme/platform", 1, text),
    "living comment": lambda acme, text: acme.issues.upsert_comment("acme/platform", 1, "<!-- m -->", text),
    "pull request": lambda acme, text: acme.pulls.create(
        "acme/platform", branch="b", base="main", title=text[:200], body=text
    ),
    "edited pull request": lambda acme, text: acme.pulls.edit("acme/platform", 3, title=text[:200], body=text),
    "release": lambda acme, text: acme.releases.create_draft("acme/platform", "v1", SHA, "v1", text),
    "check": lambda acme, text: acme.checks.finish(
        "acme/platform", 1, conclusion="failure", title=text, summary=text, text=text,
        annotations=[Annotation("main.tf", 1, 1, "failure", text, text)],
    ),
    "commit": lambda acme, text: acme.commits.commit_files(
        "acme/platform", "b", expected_head=SHA, headline=text, body=text, additions={}
    ),
}  # fmt: skip


@pytest.mark.checklist("T-37", "S23")
@pytest.mark.parametrize("sink", SINKS)
def test_T37_S23_no_secret_reaches_anything_that_github_shows(
    scripted: Any, acme: InstallationClient, sink: str
) -> None:
    _answers(scripted)
    text = "The source git::https://oauth2:" + TOKEN + "@github.com/x fails. " + " ".join(CANARIES)
    for written in WRITTEN:
        SINKS[sink](acme, f"before {written(text)} after")
    sent = [each.content.decode() for each in scripted.requests if each.method != "GET" and b"before" in each.content]
    assert len(sent) == len(WRITTEN)
    for body in sent:
        seen = json.dumps(json.loads(body), ensure_ascii=False).replace("\\", "")
        assert MASK in seen
        assert [canary for canary in CANARIES if canary in seen] == []


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("written", WRITTEN)
def test_a_secret_is_found_however_our_markdown_writes_it(written: Callable[[str], str], canary: str) -> None:
    cleaned = clean(Redactor([KNOWN]), written(f"say **{canary}** & _go_ on"))
    assert canary not in cleaned.replace("\\", "")
    assert cleaned == written(f"say **{canary}** & _go_ on").replace(written(canary).strip("`\n"), MASK)


@pytest.mark.parametrize(
    "text",
    [
        "a basic configuration with token verification",
        "Basic documentation\\_of a bearer certificate",
        "`terraform-aws-bucket` [main.tf](https://github.test/x) \\| &lt;b&gt; @&#8203;bob",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert clean(Redactor([KNOWN]), text) == text


@given(st.text(st.sampled_from("ab_\\&;#8203lt \n[]*`"), max_size=60))
def test_text_without_secrets_stays_to_the_letter(text: str) -> None:
    assert clean(Redactor(), text) == text


def test_only_texts_for_people_are_touched() -> None:
    values = {"ref": TOKEN, "fileChanges": {"additions": [{"path": TOKEN, "contents": TOKEN}]}, "draft": True}
    assert shown(Redactor(), values) == values
    assert shown(Redactor(), dict.fromkeys(SHOWN, TOKEN)) == dict.fromkeys(SHOWN, MASK)
    deep = {"output": {"annotations": [{"message": TOKEN, "path": "a"}]}, "message": {"headline": TOKEN}}
    assert shown(Redactor(), deep) == {
        "output": {"annotations": [{"message": MASK, "path": "a"}]}, "message": {"headline": MASK},
    }  # fmt: skip
