"""The evaluator of Rego in a process of its own, speaking JSON lines. The only file that knows regopy.

It is started as a bare file, never imported: its parser and its interpreter are native code, which a policy can make
loop or die. The first line it reads is what to load, every further one an input with queries; it answers each query
with one line, `{"value": …}`, `{"undefined": true}` or `{"error": …}`, as soon as it is known.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

# `(error 11:naming.rego|31|1 (errormsg 16:this is unclosed) …`: texts with their lengths before them, and bytes.
_ERROR = re.compile(r"\(error (\d+):")
_PLACE = re.compile(r"\|(\d+)\|\d+\s+\(errormsg (\d+):")
_SPOKEN = re.compile(r"\(errormsg (\d+):")
_MOST_ERRORS = 20


def serve(answers: TextIO) -> None:
    """Load, then answer until standard input ends."""
    loaded: dict[str, Any] = json.loads(sys.stdin.readline())
    modules: Mapping[str, str] = loaded["modules"]
    problems = _problems(modules)
    _say(answers, {"problems": problems})
    if problems:
        return
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        program = _Program(modules, asked["data"] or loaded["data"], asked["input"])
        for query in asked["queries"]:
            _say(answers, program.ask(query))


def _say(answers: TextIO, values: Mapping[str, Any]) -> None:
    json.dump(values, answers)
    answers.write("\n")
    answers.flush()


class _Program:
    """Policies with data and one input. Made anew for each input: nothing of one evaluation reaches the next."""

    def __init__(self, modules: Mapping[str, str], data: Mapping[str, Any], document: Any) -> None:
        from regopy import Interpreter

        self._rego = Interpreter()
        # Else a built-in function that cannot work makes its rule undefined, and what was forbidden passes.
        self._rego.strict_built_in_errors = True
        for path, text in modules.items():
            self._rego.add_module(path, text)
        self._rego.add_data_json(json.dumps(data, ensure_ascii=False))
        # Not by `set_input`: it takes an escaped text for another one than a policy writes.
        self._rego.set_input_term(json.dumps(document, ensure_ascii=False))

    def ask(self, query: str) -> dict[str, Any]:
        # The library's own reader of answers takes an error for bad JSON, and hides what it says.
        from regopy import rego_shared

        try:
            output = rego_shared.rego_query(self._rego._impl, f"answer = {query}")  # noqa: SLF001
            if output is None:
                return {"error": "it cannot be evaluated"}
            text = rego_shared.rego_output_string(output)
            rego_shared.rego.regoFreeOutput(output)
        except rego_shared.RegoError as error:
            return {"error": _words(str(error)) or "it cannot be evaluated"}
        if text == "undefined":
            return {"undefined": True}
        if not text.startswith("{"):
            return {"error": _words(text)}
        try:
            return {"value": json.loads(text)["bindings"]["answer"]}
        except ValueError:
            # It keeps the quotes of a text that stands as an argument of a function of the policy's own.
            return {"error": "its answer is no JSON; a text that is handed to a function does that in `sprintf`"}


def _problems(modules: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the parser says of each file by itself: path, line and words."""
    from regopy import Interpreter
    from regopy.rego_shared import RegoError

    found = []
    for path, text in modules.items():
        try:
            Interpreter().add_module(path, text)
        except RegoError as error:
            found += _placed(str(error), path, text.encode())
    return found[:_MOST_ERRORS]


def _placed(words: str, path: str, source: bytes) -> list[dict[str, Any]]:
    raw, found = words.encode(), []
    for start in _ERROR.finditer(words):
        after = words[start.end() + int(start[1]) :]
        if place := _PLACE.match(after):
            message = after[place.end() : place.end() + int(place[2])]
            found.append({"path": path, "line": source.count(b"\n", 0, int(place[1])) + 1, "message": message})
    return found or [{"path": path, "line": 1, "message": _words(raw.decode("utf-8", "replace")) or "it is no Rego"}]


def _words(text: str) -> str:
    """What an error says, without the tree it says it of; empty where it says nothing."""
    match = _SPOKEN.search(text)
    return text[match.end() : match.end() + int(match[1])] if match else ""


if __name__ == "__main__":
    # The parser prints its complaints on standard output; answers go where only we write.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as lines:
        os.dup2(2, 1)
        serve(lines)
