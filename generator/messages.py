"""One conversation with Claude, over the Messages API. The only file that knows the `anthropic` SDK.

`Claude.converse` is the door: rules, data and the form of the answer go in; the answer, read, and its cost come out.
Every way in which the API ends an answer is handled here: a pause is continued, an answer too long is given more room
once, one without form is asked for once more, and where a model refuses, another one is asked once. What remains is
StoppedError. The model gets no tool, no key and no network. The SDK is imported at the first call: that takes seconds.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from core.errors import UserError
from core.log import get_logger
from generator.models import Choice, Models, Purpose
from generator.prices import read as read_prices
from generator.request import Usage, WriterRefusedError
from generator.sanitise import sentence
from generator.spending import AWAY, AwayError, MemoryLedger, Purse

if TYPE_CHECKING:
    from anthropic import Anthropic, APIStatusError
    from anthropic.types import Message, MessageParam, TextBlockParam

MAX_OUTPUT_TOKENS = 32_000
_MORE_OUTPUT_TOKENS = 64_000
_ADDRESS = "https://api.anthropic.com"
_TIMEOUT_SECONDS = 480.0
_MAX_PAUSES = 3
_MAX_FORM_ATTEMPTS = 2
_TRANSIENT_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
# Inside a stream an error has no status of its own, only a type.
_TRANSIENT_TYPES = frozenset({"overloaded_error", "rate_limit_error", "api_error", "timeout_error"})
_log = get_logger(__name__)
_T = TypeVar("_T")

Stop = Literal["refusal", "max_tokens", "context", "pauses", "form", "unknown"]


class StoppedError(WriterRefusedError):
    """Claude gave no answer that can be used. `stop` says how it ended; `usage` what was spent all the same."""

    def __init__(self, stop: Stop, message: str, usage: Usage | None = None) -> None:
        super().__init__(message, usage)
        self.stop = stop


@dataclass(frozen=True)
class Answer(Generic[_T]):
    """What was answered, by which model, and what this conversation spent."""

    value: _T
    model: str
    usage: Usage


@dataclass(frozen=True)
class _Question:
    purpose: Purpose
    rules: tuple[str, ...]
    content: Any
    form: Mapping[str, object]


class Claude:
    """Claude, for one key."""

    def __init__(
        self, *, api_key: str, base_url: str | None = None, models: Models | None = None, purse: Purse | None = None
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url or _ADDRESS
        self._models = models or Models()
        self._purse = purse or Purse(MemoryLedger(), read_prices())
        self._purse.prices.check(self._models.names)

    def converse(
        self,
        *,
        purpose: Purpose,
        rules: Sequence[str],
        fields: Mapping[str, object],
        form: Mapping[str, object],
        read: Callable[[Any], _T | None],
        material: Mapping[str, object] | None = None,
        spent: Usage | None = None,
    ) -> Answer[_T]:
        """Ask once, whatever it takes.

        `rules` are our own words, those that change least first: they are the prefix that is cached. `fields` are data
        of strangers, sent as one JSON object in the user turn; `material` are fields that stay the same over several
        conversations (a schema), and are cached too. `form` is a JSON schema; `read` makes a value of the answer, or
        None where it is not of the form. `spent` is added to the usage. Raises StoppedError, UserError (key, credit,
        model) or Transient.
        """
        question = _Question(purpose, tuple(rules), _content(material or {}, fields), form)
        return self._escalated(purpose, spent, lambda choice, usage: self._formed(question, choice, usage, read))

    def text(
        self,
        *,
        purpose: Purpose,
        rules: Sequence[str],
        fields: Mapping[str, object],
        form: Mapping[str, object],
        spent: Usage | None = None,
    ) -> tuple[str, Usage]:
        """The answer's text, unread: for a caller that has a way of its own to go on where it is not of the form."""
        question = _Question(purpose, tuple(rules), _content({}, fields), form)
        return self._escalated(purpose, spent, lambda choice, usage: self._whole(question, choice, usage))

    def say(self, instructions: str, values: Mapping[str, object], form: Mapping[str, object]) -> tuple[str, Usage]:
        """The text of one brief: `generator.briefing.Speaker`."""
        return self.text(purpose="brief", rules=(instructions,), fields=values, form=form)

    @property
    def model(self) -> str:
        """The model that writes briefs."""
        return self._models.of("brief")[0].model

    def _escalated(self, purpose: Purpose, spent: Usage | None, ask: Callable[[Choice, Usage], _T]) -> _T:
        """What one model refuses, another is asked once."""
        first, *others = self._models.of(purpose)
        usage = spent or Usage(first.model)
        try:
            return ask(first, usage)
        except StoppedError as error:
            if error.stop != "refusal" or not others:
                raise
            _log.warning("claude_refused", purpose=purpose, model=first.model, next=others[0].model)
            return ask(others[0], error.usage or usage)

    def _formed(
        self, question: _Question, choice: Choice, usage: Usage, read: Callable[[Any], _T | None]
    ) -> Answer[_T]:
        """One answer in the form asked for; a second try where it is not. The API promises the form; we do not rely."""
        for _ in range(_MAX_FORM_ATTEMPTS):
            text, usage = self._whole(question, choice, usage)
            try:
                value = read(json.loads(text))
            except (ValueError, KeyError, TypeError, RecursionError):
                value = None
            if value is not None:
                return Answer(value, choice.model, usage)
            _log.warning("claude_answer_malformed", characters=len(text))
        raise StoppedError(
            "form",
            "Claude answered twice in a form that I cannot read, so there is no module. Asking again may help.",
            usage,
        )

    def _whole(self, question: _Question, choice: Choice, usage: Usage) -> tuple[str, Usage]:
        """The text of a whole answer; one that is too long gets more room, once."""
        try:
            return self._turns(question, choice, usage, MAX_OUTPUT_TOKENS)
        except StoppedError as error:
            if error.stop != "max_tokens":
                raise
            return self._turns(question, choice, error.usage or usage, _MORE_OUTPUT_TOKENS)

    def _turns(self, question: _Question, choice: Choice, usage: Usage, room: int) -> tuple[str, Usage]:
        """As many turns as the model pauses."""
        messages: list[Any] = [{"role": "user", "content": question.content}]
        text = ""
        for _ in range(_MAX_PAUSES + 1):
            message, spent = self._paid(question, choice, messages, room)
            usage = usage.plus(spent)
            text += "".join(block.text for block in message.content if block.type == "text")
            if message.stop_reason in ("end_turn", "stop_sequence"):
                return text, usage
            if message.stop_reason != "pause_turn":
                raise _stopped(message, usage)
            messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
        raise StoppedError("pauses", "Claude paused again and again without finishing the module.", usage)

    def _paid(
        self, question: _Question, choice: Choice, messages: Sequence["MessageParam"], room: int
    ) -> tuple["Message", Usage]:
        """One call, reserved before and settled after; one that this job has paid for already is not made again."""
        from anthropic.types import Message

        request = _request(question, choice, messages, room)
        reserved = self._purse.reserve(question.purpose, choice.model, json.dumps(request, sort_keys=True), room)
        if reserved.answer is not None:
            message, request_id = Message.construct(**json.loads(reserved.answer)), None
        else:
            try:
                message, request_id = self._send(request)
            except AwayError as error:
                self._purse.ledger.drop(reserved, AWAY, charged=error.begun)
                raise
            except UserError:
                self._purse.ledger.drop(reserved, "declined", charged=False)
                raise
        usage = replace(_usage(message), model=choice.model)
        stop = str(message.stop_reason)
        return message, self._purse.settle(reserved, usage, stop, request_id, message.to_json(indent=None))

    def _send(self, request: Mapping[str, Any]) -> tuple["Message", str | None]:
        with _errors(), self._connection() as client, client.messages.stream(**request) as stream:
            return stream.get_final_message(), stream.request_id

    def _connection(self) -> "Anthropic":
        from anthropic import Anthropic

        return Anthropic(api_key=self._api_key, base_url=self._base_url, timeout=_TIMEOUT_SECONDS, max_retries=2)


def _request(question: _Question, choice: Choice, messages: Sequence["MessageParam"], room: int) -> dict[str, Any]:
    output: dict[str, object] = {"format": {"type": "json_schema", "schema": dict(question.form)}}
    if choice.effort is not None:
        output["effort"] = choice.effort
    return {
        "model": choice.model,
        "max_tokens": room,
        "system": [_block(rule, cached=number == 0) for number, rule in enumerate(question.rules)],
        "messages": list(messages),
        "output_config": output,
    }


def _begun(error: Exception) -> bool:
    """Whether an answer may have begun: a connection that was never made, or was refused, costs nothing."""
    from anthropic import APIConnectionError, APITimeoutError

    return not isinstance(error, APIConnectionError) or isinstance(error, APITimeoutError)


def _content(material: Mapping[str, object], fields: Mapping[str, object]) -> Any:
    """The user turn: what repeats comes first, and ends the prefix that is cached."""
    if not material:
        return _json(fields)
    return [_block(_json(material), cached=True), _block(_json(fields))]


def _json(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _block(text: str, *, cached: bool = False) -> "TextBlockParam":
    if cached:
        return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
    return {"type": "text", "text": text}


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
        raise AwayError("Claude cannot be reached.", begun=_begun(error)) from error
    except anthropic.APIError as error:
        raise AwayError("Claude's answer broke off.", begun=True) from error


def _translated(error: "APIStatusError") -> Exception:
    status, kind = error.status_code, error.type or ""
    if status in _TRANSIENT_STATUS or kind in _TRANSIENT_TYPES:
        return AwayError(f"Claude is busy ({kind or status}).", _retry_after(error))
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


def _stopped(message: "Message", usage: Usage) -> StoppedError:
    match message.stop_reason:
        case "refusal":
            category = getattr(message.stop_details, "category", None)
            why = f" (category: {sentence(str(category), 40)})" if category else ""
            return StoppedError(
                "refusal", f"Claude declined to answer this{why}. Say it differently and try again.", usage
            )
        case "max_tokens":
            return StoppedError(
                "max_tokens",
                "The module became longer than one answer may be. Ask for a smaller one, or in parts.",
                usage,
            )
        case "model_context_window_exceeded":
            return StoppedError("context", "The request is larger than Claude can read at once. Ask for less.", usage)
        case other:
            return StoppedError(
                "unknown", f"Claude stopped for a reason I do not know ({sentence(str(other), 40)}).", usage
            )


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
