"""What the simulator will answer, step by step, and the text of those answers. Knows no HTTP.

A script is JSON: {"steps": [{"do": "answer", "folder": "good"}, …]}. Each request takes the next step; the
last one repeats.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ANSWERS = Path(__file__).parent / "answers"
_ERRORS = {
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "rate_limited": (429, "rate_limit_error", "This request would exceed your rate limit."),
    "server_error": (500, "api_error", "Internal server error"),
    "unauthorized": (401, "authentication_error", "invalid x-api-key"),
    "no_credit": (402, "billing_error", "Your credit balance is too low."),
    "unknown_model": (404, "not_found_error", "model not found"),
    "bad_request": (400, "invalid_request_error", "messages: the request is not valid"),
}
# How an answer ends early: the stop reason, and how much of the text comes first.
_STOPS = {
    "refusal": ("refusal", 0.0),
    "max_tokens": ("max_tokens", 0.5),
    "context_window": ("model_context_window_exceeded", 0.0),
    "pause": ("pause_turn", 0.5),
}
HOSTILE_PATHS = (".github/workflows/steal.yml", "../outside.tf", "CODEOWNERS", ".git/config", "Main.tf", "a\u202ef.tf")
"""What the hostile answer adds to a module; `Main.tf` collides with `main.tf` where case is ignored."""


@dataclass(frozen=True)
class Failure:
    """An HTTP error instead of an answer."""

    status: int
    kind: str
    message: str
    retry_after: float | None


@dataclass(frozen=True)
class Turn:
    """An answer: its text, how it ends, and whether the stream breaks in the middle."""

    text: str
    stop_reason: str = "end_turn"
    stop_details: Mapping[str, Any] | None = None
    breaks: str = ""


@dataclass
class Script:
    """Steps in order. Not safe for threads; the server is one loop."""

    steps: list[dict[str, Any]]
    taken: int = field(default=0)

    @classmethod
    def read(cls, path: Path) -> "Script":
        """A script file; ValueError where it is none."""
        steps = json.loads(path.read_text(encoding="utf-8"))["steps"]
        if not isinstance(steps, list) or not steps:
            raise ValueError(f"{path} has no steps")
        for step in steps:
            _outcome(step, "")
        return cls(steps)

    @classmethod
    def demo(cls) -> "Script":
        return cls([{"do": "answer", "folder": "good"}])

    def next(self, said: str) -> Failure | Turn:
        """The outcome of the next request. `said` is what the model said before a pause, which is not said again."""
        step = self.steps[min(self.taken, len(self.steps) - 1)]
        self.taken += 1
        return _outcome(step, said)


def _outcome(step: Mapping[str, Any], said: str) -> Failure | Turn:
    do = step["do"]
    if do in _ERRORS:
        return Failure(*_ERRORS[do], retry_after=step.get("retry_after"))
    text = _answer(step.get("folder", "good"), repair=bool(step.get("repair")))
    text = text.removeprefix(said)
    if do in _STOPS:
        reason, share = _STOPS[do]
        details = {"category": step.get("category", "cyber")} if reason == "refusal" else None
        return Turn(text[: int(len(text) * share)], reason, details)
    match do:
        case "answer":
            return Turn(text)
        case "say":
            return Turn(json.dumps(step["values"], ensure_ascii=False))
        case "malformed":
            return Turn(text[: len(text) // 2])
        case "prose":
            return Turn("Here is your module. Enjoy!")
        case "break" | "error_event":
            return Turn(text, breaks=do)
        case _:
            raise ValueError(f"the simulator cannot do {do!r}")


def _answer(folder: str, *, repair: bool) -> str:
    """The good module with a folder's files over it; of a repair edits that write the folder's own files."""
    about = json.loads((_ANSWERS / "good" / "answer.json").read_text(encoding="utf-8"))
    if repair:
        edits = [{"path": path, "old": "", "new": content} for path, content in _files(folder).items()]
        return json.dumps({"edits": edits}, ensure_ascii=False)
    files = _files("good") | _files(folder)
    listed = [{"path": path, "content": content} for path, content in files.items()]
    if folder == "hostile":
        listed += [{"path": path, "content": "# not yours to write\n"} for path in HOSTILE_PATHS]
        about["title"] = "Catalogue <img src=x> @everyone"
        about["summary"] = "Fixes #1. See [here](https://example.test/) <!-- hidden --> \u202e/approve"
    return json.dumps(about | {"files": listed}, ensure_ascii=False)


def _files(folder: str) -> dict[str, str]:
    if "/" in folder or not (_ANSWERS / folder).is_dir():
        raise ValueError(f"no answer is called {folder!r}")
    return {
        path.relative_to(_ANSWERS / folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((_ANSWERS / folder).rglob("*"))
        if path.name.endswith((".tf", ".tftest.hcl")) and ".terraform" not in path.parts
    }
