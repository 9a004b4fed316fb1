"""The Messages API as it is on the wire: what a request must have, and an answer as events or in one piece.

Knows no script and no server.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

CHUNK = 97
"""Characters in one delta: odd and small, so that words, escapes and JSON tokens are torn apart."""
_GONE = ("temperature", "top_p", "top_k")


def objection(headers: Mapping[str, str], body: Any) -> tuple[int, str, str] | None:
    """Why the real API would refuse this request: status, error type, message. None where it would not."""
    if not headers.get("x-api-key") and not headers.get("authorization", "").lower().startswith("bearer "):
        return 401, "authentication_error", "x-api-key header is required"
    if not headers.get("anthropic-version"):
        return 400, "invalid_request_error", "anthropic-version: header is required"
    if not headers.get("content-type", "").startswith("application/json") or not isinstance(body, dict):
        return 400, "invalid_request_error", "The body of the request must be a JSON object"
    message = _field_objection(body)
    return None if message is None else (400, "invalid_request_error", message)


def _field_objection(body: Mapping[str, Any]) -> str | None:
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "model: Field required"
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        return "max_tokens: Field required"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    if not all(isinstance(m, dict) and m.get("role") in ("user", "assistant") and m.get("content") for m in messages):
        return "messages: each needs a role and content"
    if messages[0]["role"] != "user":
        return "messages: first message must use the user role"
    for name in _GONE:
        if name in body:
            return f"{name}: Extra inputs are not permitted"
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        return "tool_choice: forced tool use is not supported by this model"
    answer_form = (body.get("output_config") or {}).get("format")
    if answer_form is not None and (answer_form.get("type") != "json_schema" or "schema" not in answer_form):
        return "output_config.format: a json_schema with its schema is required"
    return None


def error(kind: str, message: str, request_id: str) -> dict[str, Any]:
    """The body of an error."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def said_before(body: Mapping[str, Any]) -> str:
    """What the assistant's turns in the request already say."""
    texts: list[str] = []
    for message in body["messages"]:
        if message["role"] == "assistant":
            content = message["content"]
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            texts += [block.get("text", "") for block in blocks if block.get("type") == "text"]
    return "".join(texts)


def usage(body: Mapping[str, Any], text: str) -> dict[str, int]:
    """Plausible counts: four characters to a token, and a cached prefix of the first system part."""
    size = len(json.dumps(body["messages"])) // 4
    return {
        "input_tokens": size,
        "output_tokens": len(text) // 4 + 1,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": len(json.dumps(body.get("system", ""))) // 4,
    }


def message(message_id: str, model: str, content: list[dict[str, Any]], **end: Any) -> dict[str, Any]:
    """A message; `end` sets stop_reason, stop_details and usage."""
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": end.get("stop_reason"),
        "stop_sequence": None,
        "stop_details": end.get("stop_details"),
        "usage": end["usage"],
    }


def content_blocks(text: str) -> list[dict[str, Any]]:
    """The blocks of a whole answer: an empty thinking block first, as current models send, then the text."""
    thinking = {"type": "thinking", "thinking": "", "signature": "c2ltdWxhdGVk"}
    return [thinking, {"type": "text", "text": text}] if text else [thinking]


def text_events(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The content part of a stream: a thinking block that holds only its signature, a ping, then the text in pieces."""
    yield "content_block_start", {"index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}
    yield "content_block_delta", {"index": 0, "delta": {"type": "signature_delta", "signature": "c2ltdWxhdGVk"}}
    yield "content_block_stop", {"index": 0}
    yield "ping", {}
    if text:
        yield "content_block_start", {"index": 1, "content_block": {"type": "text", "text": ""}}
        for start in range(0, len(text), CHUNK):
            delta = {"type": "text_delta", "text": text[start : start + CHUNK]}
            yield "content_block_delta", {"index": 1, "delta": delta}
        yield "content_block_stop", {"index": 1}


def sse(name: str, data: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
