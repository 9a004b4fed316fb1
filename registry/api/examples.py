"""Examples of whole answers for the API's description: what a real registry said, kept beside the code in one file.

Tests ask a registry with the same modules in it and compare; they say how the file is made anew.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("examples.json")


def of_operation(operation_id: str) -> Mapping[int, Any]:
    """The answers of an operation, by status."""
    return {int(status): body for status, body in _kept()["answers"].get(operation_id, {}).items()}


def of_error(status: int) -> Mapping[str, Any]:
    """What such an error may say, each under a short name, as OpenAPI has it."""
    return {name: {"value": body} for name, body in _kept()["errors"].get(str(status), {}).items()}


@cache
def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return kept
