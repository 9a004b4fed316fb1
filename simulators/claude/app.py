"""A loopback Claude: POST /v1/messages as the real one speaks it, answering by script. It refuses everything else.

GET /_simulator/requests lists what came in, so that a test can look at it.
"""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from simulators.claude import wire
from simulators.claude.script import Failure, Script, Turn


def build(script: Script) -> FastAPI:
    """The application for one script; its memory lives as long as it does."""
    app = FastAPI(openapi_url=None)
    received: list[dict[str, Any]] = []
    numbers = itertools.count(1)

    @app.post("/v1/messages")
    async def messages(request: Request) -> Response:
        number = next(numbers)
        request_id = f"req_simulated_{number:04d}"
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        received.append({"headers": _shown(request), "body": body})
        refusal = wire.objection(request.headers, body)
        if refusal is not None:
            return _error(Failure(*refusal, retry_after=None), request_id)
        outcome = script.next(wire.said_before(body))
        if isinstance(outcome, Failure):
            return _error(outcome, request_id)
        message_id = f"msg_simulated_{number:04d}"
        if body.get("stream"):
            return StreamingResponse(
                _stream(message_id, body, outcome), media_type="text/event-stream", headers={"request-id": request_id}
            )
        return JSONResponse(_whole(message_id, body, outcome), headers={"request-id": request_id})

    @app.get("/_simulator/requests")
    async def requests() -> list[dict[str, Any]]:
        return received

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def anything_else(path: str, request: Request) -> Response:
        message = f"not simulated: {request.method} /{path}"
        return JSONResponse(wire.error("not_found_error", message, "req_simulated_0000"), status_code=501)

    return app


def _shown(request: Request) -> dict[str, str]:
    """The headers without the key itself: it is enough to see which kind came."""
    secret = ("x-api-key", "authorization")
    return {name: "…" if name in secret else value for name, value in request.headers.items()}


def _error(failure: Failure, request_id: str) -> Response:
    headers = {"request-id": request_id}
    if failure.retry_after is not None:
        headers["retry-after"] = str(failure.retry_after)
    return JSONResponse(
        wire.error(failure.kind, failure.message, request_id), status_code=failure.status, headers=headers
    )


def _whole(message_id: str, body: dict[str, Any], turn: Turn) -> dict[str, Any]:
    return wire.message(
        message_id,
        body["model"],
        wire.content_blocks(turn.text),
        stop_reason=turn.stop_reason,
        stop_details=turn.stop_details,
        usage=wire.usage(body, turn.text),
    )


async def _stream(message_id: str, body: dict[str, Any], turn: Turn) -> AsyncIterator[bytes]:
    spent = wire.usage(body, turn.text)
    first = wire.message(message_id, body["model"], [], usage={**spent, "output_tokens": 1})
    yield wire.sse("message_start", {"message": first})
    for count, (name, data) in enumerate(wire.text_events(turn.text)):
        yield wire.sse(name, data)
        # Far enough in that text has come, near enough that it is not whole.
        if turn.breaks and count > 8:
            if turn.breaks == "error_event":
                yield wire.sse("error", {"error": {"type": "overloaded_error", "message": "Overloaded"}})
                return
            raise ConnectionResetError("the script says that the stream breaks here")
    end = {"stop_reason": turn.stop_reason, "stop_sequence": None, "stop_details": turn.stop_details}
    yield wire.sse("message_delta", {"delta": end, "usage": spent})
    yield wire.sse("message_stop", {})
