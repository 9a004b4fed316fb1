"""The corpus of injections in everything that the bot writes: it is only ever text (T-33, S21)."""

import re

import pytest
from markdown_it import MarkdownIt

from bot import commands, living_comment, pull_text
from bot.drafts import DraftView
from gate.report import Finding, Report
from tests.injections import FIELD, SAID

_GITHUB = MarkdownIt("commonmark").enable(["table"])
_ACTS = re.compile(r"(?<![\w`])@\w|(?<!\w)#\d|\bGH-\d|\bwww\.|\w://", re.IGNORECASE)
_OURS = re.compile(r"<!-- terrasmith:[\w:.-]+ -->|<summary>[\w ]+</summary>|</?(?:details|sub)>")


@pytest.mark.checklist("T-33", "S21")
@pytest.mark.parametrize("text", [*SAID, *FIELD])
def test_an_injection_is_only_ever_text(request_view, text):
    report = Report("house", "terraform", "builtin", "L2", "refused", (), (Finding("x", "error", text, fix=text),))
    draft = DraftView(
        name="bucket", system="aws", title=text, summary=text, assumptions=(text,), source="template:x",
        files={"outputs.tf": b'output "o" { value = 1 }'}, report=report,
    )  # fmt: skip
    request = request_view(prompt=text, reason=text, problem=None)
    for made in (pull_text.body(request, draft), living_comment.render(request)):
        assert commands.parse(made) is None
        for block in _GITHUB.parse(made):
            assert block.type != "html_block" or not _OURS.sub("", block.content).strip()
            for token in block.children or ():
                assert token.type not in {"link_open", "image"}
                assert token.type != "html_inline" or _OURS.fullmatch(token.content)
                assert token.type != "text" or not _ACTS.search(token.content), token.content
    for line in (pull_text.title(draft), pull_text.headline(draft), pull_text.commit_body(request, draft)):
        assert "\n" not in line
        assert not re.search(r"@\w|#\d|\bGH-\d|^/", line, re.IGNORECASE), line
