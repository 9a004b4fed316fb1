"""Structured logs: a readable event and fields, one JSON line each, on standard error, all through one redactor."""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from core.secrets import MASK, Redactor
from core.settings import Settings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_DEPTH = 6


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger; field names are shared by all: `delivery`, `installation`, `request`, `job`, `module`, `version`."""
    return cast("FilteringBoundLogger", structlog.get_logger(source=name))


def configure(settings: Settings, role: str) -> None:
    """Send our logs, and those of libraries, through the redactor to standard error."""
    redact = redactor(settings)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions_as_text,
        _redacting(redact),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(role=role)
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redacting(redact), renderer],
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries speak from warnings on: their info lines name addresses with queries in them.
    root.setLevel(max(_LEVELS[settings.log_level], logging.WARNING))


def redactor(settings: Settings) -> Redactor:
    """Knows every secret of these settings by value."""
    secrets = [settings.secret_key, settings.redis_url, settings.github_private_key, settings.anthropic_api_key]
    return Redactor(
        [secret.get_secret_value() for secret in (*secrets, *settings.webhook_secrets) if secret is not None]
    )


def _exceptions_as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    info = event.pop("exc_info", None)
    if info:
        error = info if isinstance(info, BaseException) else sys.exc_info()[1] if info is True else info[1]
        if error is not None:
            event["exception"] = "".join(traceback.format_exception(error))
    return event


def _redacting(redact: Redactor) -> Processor:
    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return cast("EventDict", _clean(event, redact, 0))

    return process


def _clean(value: Any, redact: Redactor, depth: int) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "replace"))
    if isinstance(value, bool | int | float) or value is None:
        return value
    if depth > _DEPTH:
        return MASK
    if isinstance(value, MutableMapping | Mapping):
        return {str(key): _clean(item, redact, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, redact, depth + 1) for item in value]
    return redact(str(value))
