"""Check runs: started once per external id, which is one judgement; finished with any number of annotations. Knows
GitHub's lengths and batches (G27); cuts texts rather than lose the verdict.
"""

from collections.abc import Sequence
from typing import Any

from bot.github import operations
from bot.github.caller import Caller
from bot.github.redaction import clean
from bot.github.values import Annotation, Conclusion

BATCH = 50
MAX_TEXT = 65_535
MAX_TITLE = 255
MAX_MESSAGE = 64 * 1024
_CUT = "\n\n… (cut: too long for GitHub)"


class Checks:
    """The check runs of one installation, all of our own app."""

    def __init__(self, caller: Caller, app_id: int) -> None:
        self._caller = caller
        self._app_id = app_id

    def find(self, repo: str, head_sha: str, external_id: str) -> int | None:
        """Our check run with this external id on that commit."""
        query: dict[str, str | int] = {"filter": "all", "app_id": self._app_id}
        runs = self._caller.pages(operations.LIST_CHECKS, repo=repo, items="check_runs", query=query, ref=head_sha)
        for run in runs:
            if run["external_id"] == external_id and (run["app"] or {}).get("id") == self._app_id:
                return int(run["id"])
        return None

    def start(self, repo: str, head_sha: str, name: str, external_id: str, *, details_url: str | None = None) -> int:
        """A run in progress: the one with this external id, or a new one."""
        existing = self.find(repo, head_sha, external_id)
        if existing is not None:
            return existing
        wanted = {"name": name, "head_sha": head_sha, "external_id": external_id, "status": "in_progress"}
        if details_url:
            wanted["details_url"] = details_url
        return int(self._caller.call(operations.CREATE_CHECK, repo=repo, json=wanted).body["id"])

    def finish(
        self,
        repo: str,
        check_id: int,
        *,
        conclusion: Conclusion,
        title: str,
        summary: str,
        text: str = "",
        annotations: Sequence[Annotation] = (),
    ) -> None:
        """Conclude the run. Repeating it with the same annotations adds only those that GitHub does not have yet."""
        output: dict[str, Any] = {"title": self._fit(title, MAX_TITLE), "summary": self._fit(summary, MAX_TEXT)}
        if text:
            output["text"] = self._fit(text, MAX_TEXT)
        remaining = [_annotation(each) for each in annotations[self._already_there(repo, check_id) :]]
        # The verdict comes with the last batch: a run that reads "completed" has everything.
        while len(remaining) > BATCH:
            batch, remaining = remaining[:BATCH], remaining[BATCH:]
            self._update(repo, check_id, {"output": output | {"annotations": batch}})
        if remaining:
            output["annotations"] = remaining
        self._update(repo, check_id, {"status": "completed", "conclusion": conclusion, "output": output})

    def _fit(self, text: str, limit: int) -> str:
        # Redacted before it is cut: the mask may be longer than the secret, and half a secret is no shape.
        return cut(clean(self._caller.redact, text), limit)

    def _already_there(self, repo: str, check_id: int) -> int:
        body = self._caller.call(operations.GET_CHECK, repo=repo, check_run_id=check_id).body
        return int(body["output"]["annotations_count"])

    def _update(self, repo: str, check_id: int, body: dict[str, Any]) -> None:
        harmless = "annotations" not in body["output"]
        self._caller.call(operations.UPDATE_CHECK, repo=repo, json=body, again=harmless, check_run_id=check_id)


def _annotation(each: Annotation) -> dict[str, Any]:
    item: dict[str, Any] = {
        "path": each.path,
        "start_line": max(1, each.start_line),
        "end_line": max(1, each.start_line, each.end_line),
        "annotation_level": each.level,
        "message": cut_bytes(each.message or "(no message)", MAX_MESSAGE),
    }
    return item | ({"title": cut(each.title, MAX_TITLE)} if each.title else {})


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; says so where there is room to."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - len(_CUT)]}{_CUT}" if limit > 10 * len(_CUT) else f"{text[: limit - 1]}…"


def cut_bytes(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, whole characters only."""
    data = text.encode()
    return text if len(data) <= limit else data[: limit - 3].decode(errors="ignore") + "…"
