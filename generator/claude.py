"""The writer that asks Claude, over the Messages API. The only file that knows the `anthropic` SDK.

The model gets no tool, no key and no network: it answers with files as data, of which only allowed paths are kept.
The SDK is imported at the first call, because importing it costs two seconds.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Transient, UserError
from core.log import get_logger
from gate.report import Report
from generator.brief import to_dict
from generator.edits import EditError, applied
from generator.paths import accept
from generator.repair_request import EDIT_FORM, read_edits, repair_request
from generator.request import Ask, Proposal, UnfitRepairError, Usage, WriterRefusedError
from generator.sanitise import sentence
from tfmodule.files import FileMap

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError
    from anthropic.types import Message, MessageParam, OutputConfigParam, TextBlockParam

MAX_OUTPUT_TOKENS = 32_000
_ADDRESS = "https://api.anthropic.com"
_TIMEOUT_SECONDS = 480.0
_MAX_PAUSES = 3
_MAX_FORM_ATTEMPTS = 2
_PROMPTS = Path(__file__).parent / "prompts"
_TRANSIENT_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
# Inside a stream an error has no status of its own, only a type.
_TRANSIENT_TYPES = frozenset({"overloaded_error", "rate_limit_error", "api_error", "timeout_error"})
_ANSWER_FORM: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "system", "title", "summary", "assumptions", "files"],
    "properties": {
        "name": {"type": "string"},
        "system": {"type": "string"},
        "title": {"type": "string"},
        "summary": {"type": "string"},
        "assumptions": {"type": "array", "items": {"type": "string"}},
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "content"],
                "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
            },
        },
    },
}
_log = get_logger(__name__)


@dataclass(frozen=True)
class _Answer:
    name: str
    system: str
    title: str
    summary: str
    assumptions: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


class ClaudeWriter:
    """Implements `generator.writing.Writer`."""

    def __init__(self, *, api_key: str, base_url: str | None, model: str) -> None:
        self._api_key = api_key
        self._base_url = base_url or _ADDRESS
        self._model = model

    def propose(self, ask: Ask) -> Proposal:
        """A module written from scratch. Raises WriterRefusedError, UserError (key, credit) or Transient."""
        request = {
            "request": ask.prompt,
            "namespace": ask.namespace,
            "name": ask.name,
            "system": ask.system,
            "brief": to_dict(ask.brief) if ask.brief is not None else None,
        }
        answer, usage = self._ask(
            {key: value for key, value in request.items() if value is not None}, Usage(self._model)
        )
        files, refused = accept(answer.files)
        if not any(path.endswith(".tf") and "/" not in path for path in files):
            raise WriterRefusedError(
                "Claude answered without a single Terraform file that I may keep."
                + "".join(f"\n- {reason}" for reason in refused[:10]),
                usage,
            )
        system = ask.system or _system(answer.system)
        return Proposal(
            name=ask.name or _slug(answer.name, system),
            system=system,
            title=sentence(answer.title, 80) or "Terraform module",
            summary=sentence(answer.summary, 600),
            files=files,
            source=f"claude:{self._model}",
            assumptions=tuple(text for line in answer.assumptions[:30] if (text := sentence(line))),
            usage=usage,
            refused_paths=refused,
            instructions_sha256=_instructions_sha256(),
        )

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self._model

    def say(self, instructions: str, values: Mapping[str, Any], form: Mapping[str, object]) -> tuple[str, Usage]:
        """One answer in a form of the caller's, under rules of the caller's, instead of a module."""
        text = json.dumps(values, ensure_ascii=False)
        return self._converse(text, Usage(self._model), (), form, instructions)

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> Proposal | None:
        """The proposal with Claude's edits in it. Raises WriterRefusedError, or UnfitRepairError for another round."""
        request = json.dumps(repair_request(ask, proposal, report, told), ensure_ascii=False)
        spent = proposal.usage or Usage(self._model)
        text, usage = self._converse(request, spent, (_prompt("repair.md"),), EDIT_FORM)
        edits = read_edits(text)
        if edits is None:
            raise UnfitRepairError("The answer was not of the form: `edits` with path, old and new.", usage)
        try:
            edited = applied(proposal.files, edits)
        except EditError as error:
            raise UnfitRepairError(str(error), usage) from None
        changed, refused = accept(
            (path, data.decode(errors="replace")) for path, data in edited.items() if proposal.files.get(path) != data
        )
        files = {path: data for path, data in {**proposal.files, **changed}.items() if path in edited and data}
        if files == dict(proposal.files):
            raise UnfitRepairError("The edits changed nothing that may be changed.", usage)
        return replace(
            proposal, files=files, usage=usage, refused_paths=tuple(dict.fromkeys((*proposal.refused_paths, *refused)))
        )

    def _ask(self, request: Mapping[str, object], spent: Usage, *rules: str) -> tuple[_Answer, Usage]:
        """One answer in the form asked for; a second try where it is not, then a refusal."""
        usage = spent
        for _ in range(_MAX_FORM_ATTEMPTS):
            text, usage = self._converse(json.dumps(request, ensure_ascii=False), usage, rules)
            answer = _read(text)
            if answer is not None:
                return answer, usage
            _log.warning("claude_answer_malformed", characters=len(text))
        raise WriterRefusedError(
            "Claude answered twice in a form that I cannot read, so there is no module. Asking again may help.", usage
        )

    def _converse(
        self,
        request: str,
        usage: Usage,
        rules: Sequence[str],
        form: Mapping[str, object] = _ANSWER_FORM,
        instructions: str | None = None,
    ) -> tuple[str, Usage]:
        """The text of a whole answer, over as many turns as the model pauses."""
        messages: list[MessageParam] = [{"role": "user", "content": request}]
        text = ""
        for _ in range(_MAX_PAUSES + 1):
            message = self._send(messages, rules, form, instructions or _prompt("system.md"))
            usage = usage.plus(_usage(message))
            text += "".join(block.text for block in message.content if block.type == "text")
            if message.stop_reason in ("end_turn", "stop_sequence"):
                return text, usage
            if message.stop_reason != "pause_turn":
                raise WriterRefusedError(_why_stopped(message), usage)
            messages.append({"role": "assistant", "content": message.content})
        raise WriterRefusedError("Claude paused again and again without finishing the module.", usage)

    def _send(
        self, messages: Sequence["MessageParam"], rules: Sequence[str], form: Mapping[str, object], instructions: str
    ) -> "Message":
        wanted: OutputConfigParam = {"format": {"type": "json_schema", "schema": dict(form)}}
        with (
            _errors(),
            self._connection() as client,
            client.messages.stream(
                model=self._model,
                max_tokens=MAX_OUTPUT_TOKENS,
                # The first part is the same for every request, so it is worth caching.
                system=[
                    {"type": "text", "text": instructions, "cache_control": {"type": "ephemeral"}},
                    *(_rule(rule) for rule in rules),
                ],
                messages=messages,
                output_config=wanted,
            ) as stream,
        ):
            return stream.get_final_message()

    def _connection(self) -> "Anthropic":
        from anthropic import Anthropic

        return Anthropic(api_key=self._api_key, base_url=self._base_url, timeout=_TIMEOUT_SECONDS, max_retries=2)


@contextmanager
def _errors() -> Iterator[None]:
    """Turns the SDK's errors into ours."""
    import anthropic
    import httpx2

    try:
        yield
    except anthropic.APIStatusError as error:
        raise _translated(error) from error
    except (anthropic.APIConnectionError, httpx2.TransportError) as error:
        # A stream that breaks off comes as the transport's own error.
        raise Transient("Claude cannot be reached.") from error
    except anthropic.APIError as error:
        raise Transient("Claude's answer broke off.") from error


def _translated(error: "APIStatusError") -> Exception:
    status, kind = error.status_code, error.type or ""
    if status in _TRANSIENT_STATUS or kind in _TRANSIENT_TYPES:
        return Transient(f"Claude is busy ({kind or status}).", _retry_after(error))
    if status in (401, 403):
        return UserError("Claude does not accept the key that I was given. Whoever runs me must set a valid one.")
    if status == 402 or kind == "billing_error":
        return UserError("The account behind my Claude key has no credit left.")
    if status == 404:
        return UserError("Claude does not know the model that I am set to use.")
    return UserError(f"Claude refused the request ({status} {sentence(kind, 40)}): {sentence(error.message, 300)}")


def _retry_after(error: "APIStatusError") -> float | None:
    try:
        return min(3600.0, max(0.0, float(error.response.headers.get("retry-after", ""))))
    except ValueError:
        return None


def _why_stopped(message: "Message") -> str:
    match message.stop_reason:
        case "refusal":
            details = getattr(message, "stop_details", None)
            category = getattr(details, "category", None)
            why = f" (category: {sentence(str(category), 40)})" if category else ""
            return (
                f"Claude declined to write this module{why}. I put nothing else in its place; "
                "say it differently and try again."
            )
        case "max_tokens":
            return "The module became longer than one answer may be. Ask for a smaller one, or in parts."
        case "model_context_window_exceeded":
            return "The request is larger than Claude can read at once. Ask for less."
        case other:
            return f"Claude stopped for a reason I do not know ({sentence(str(other), 40)})."


def _read(text: str) -> _Answer | None:
    """The answer, or None where the text is not of the form. The API promises the form; this does not rely on it."""
    try:
        values = json.loads(text)
        files = tuple((item["path"], item["content"]) for item in values["files"])
        assumptions = tuple(values["assumptions"])
        fields = [values[key] for key in ("name", "system", "title", "summary")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts: list[Any] = [*fields, *assumptions, *(part for file in files for part in file)]
    if not files or not all(isinstance(part, str) for part in texts):
        return None
    return _Answer(fields[0], fields[1], fields[2], fields[3], assumptions, files)


def _usage(message: "Message") -> Usage:
    spent = message.usage
    return Usage(
        message.model,
        1,
        spent.input_tokens,
        spent.output_tokens,
        spent.cache_read_input_tokens or 0,
        spent.cache_creation_input_tokens or 0,
    )


def _text(files: FileMap, path: str) -> str:
    return files[path].decode(errors="replace")


def _rule(text: str) -> "TextBlockParam":
    return {"type": "text", "text": text}


@cache
def _prompt(name: str) -> str:
    return (_PROMPTS / name).read_text(encoding="utf-8")


def _instructions_sha256() -> str:
    """The digest of all we tell the model, in the order of the files' names."""
    total = hashlib.sha256()
    for name in ("brief.md", "repair.md", "system.md"):
        total.update(hashlib.sha256(_prompt(name).encode()).digest())
    return total.hexdigest()


def _slug(name: str, system: str) -> str:
    name = name.lower().removeprefix("terraform-").removeprefix(f"{system}-")
    return re.sub(r"[^a-z0-9]+", "-", name[:200]).strip("-")[:50].strip("-") or "module"


def _system(system: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", system.lower()[:200])[:20] or "terraform"
