"""Checkov's answer, read into findings and counts. Fails closed: an answer that does not cover every resource is none.

Knows what Checkov's process answers; how that process is reached is somebody else's (`warm.py`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gate.modules import NO_MODULES, Modules
from gate.report import Finding
from gate.scanning import areas, concerns
from gate.scanning.areas import Areas
from gate.scanning.scanner import NO_REASON, Scan, Tally, problem, severity
from gate.scanning.warm import Answer, Question, ScannerError, ScannerSettings, ask
from tfmodule.files import FileMap, printable

SOURCE = "checkov"
_CHECKOVS_NO_REASON = "No comment provided"
# About where modules come from: the screen and the registry know that better.
_NOT_ASKED = frozenset({"CKV_TF_1", "CKV_TF_2"})
_NAMED = 5
_OPEN = "Write it in a form that Checkov can read, or split the file; what it cannot read, nobody has scanned."


def scan(settings: ScannerSettings, files: FileMap, modules: Modules = NO_MODULES) -> Scan:
    """Ask Checkov about the module's code. Never raises for content."""
    split = areas.split(files, modules)
    if not split.texts:
        return Scan()
    try:
        return read(_asked(settings, split.texts), split)
    except ScannerError as error:
        return Scan(problems=(problem(error.message, error.fix),))


def _asked(settings: ScannerSettings, question: Question) -> Answer:
    answer = ask(settings, question)
    if "failure" in answer:
        raise ScannerError(
            f"Checkov gave up on this module ({printable(str(answer['failure']))}).",
            "Look for unusual code, such as a `checkov:skip` without a rule's id; until then nobody has scanned it.",
        )
    return answer


def read(answer: Answer, split: Areas) -> Scan:
    """An answer as a scan: what was found, and what is missing."""
    try:
        return _Reading(answer, split).scan()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fix = "Install the Checkov that requirements-checkov.lock names."
        return Scan(problems=(problem(f"Checkov's answer is not understood ({type(error).__name__}).", fix),))


@dataclass
class _Reading:
    answer: Answer
    split: Areas
    findings: dict[tuple[object, ...], Finding] = field(default_factory=dict)
    beside: dict[tuple[object, ...], Finding] = field(default_factory=dict)

    def scan(self) -> Scan:
        answered: Mapping[str, Any] = self.answer["areas"]
        tally: dict[str, Counter[str]] = {}
        counted: set[tuple[object, ...]] = set()
        for area, said in sorted(answered.items()):
            for result in said["results"]:
                if result["id"] in _NOT_ASKED:
                    continue
                self._note(area, result)
                # A submodule that is called three times is one piece of code.
                key = (result["id"], *areas.seen(f"{result['path']}:{result['resource']}"), result["outcome"])
                if area == "module" and self.split.called_at(result["path"]) is None and key not in counted:
                    counted.add(key)
                    tally.setdefault(result["id"], Counter())[result["outcome"]] += 1
        resources = {areas.seen(name) for said in answered.values() for name in said["resources"]}
        unreadable = tuple(sorted({path for said in answered.values() for path in said["unreadable"]}))
        missing = sorted(self.split.expected - resources)
        return Scan(
            findings=tuple(self.findings.values()),
            beside=tuple(self.beside.values()),
            problems=(*_unreadable(unreadable), *_unseen(path for path in missing if path[0] not in unreadable)),
            tally={
                rule: Tally(count["passed"], count["failed"], count["skipped"]) for rule, count in sorted(tally.items())
            },
            scanned_resources=len(resources & self.split.expected),
            parse_errors=unreadable,
            versions=((SOURCE, str(self.answer["version"])),),
        )

    def _note(self, area: str, result: Mapping[str, Any]) -> None:
        if result["outcome"] == "passed":
            return
        path, (line, end_line) = str(result["path"]), result["lines"]
        called = self.split.called_at(path)
        rule = concerns.rule_of(result["id"])
        message = f"`{printable(_short(result['resource']))}` breaks the rule: {printable(result['name']).rstrip('.')}."
        if called is not None:
            caller = result["caller"]
            message = f"In the called module {printable(called.source)} {printable(called.version)}: {message}"
            path, line, end_line = caller or ("", 0, 0)
        own = area == "module" and called is None
        suppressed = ""
        if result["outcome"] == "skipped":
            suppressed = result["comment"].strip()
            suppressed = NO_REASON if suppressed in ("", _CHECKOVS_NO_REASON) else printable(suppressed)
        finding = Finding(
            rule.id,
            severity(rule.risk, own=own),
            message,
            path or None,
            int(line) or None,
            int(end_line) or None,
            fix=_fix(rule.id),
            source=SOURCE,
            risk=rule.risk,
            suppressed=suppressed,
            same_as=rule.same_as,
        )
        key = (rule.id, finding.path, finding.line, _plain(result["resource"]), bool(suppressed))
        (self.findings if own else self.beside).setdefault(key, finding)


def _short(resource: str) -> str:
    return resource if len(resource) <= 120 else f"…{resource[-119:]}"


def _plain(resource: str) -> str:
    return areas.seen(f".tf:{resource}")[1]


def _fix(rule: str) -> str:
    return f"Mend it, or say beside it why not: `#checkov:skip={rule}:the reason`."


def _unreadable(paths: Iterable[str]) -> Iterator[Finding]:
    for path in paths:
        yield problem("Checkov cannot read this file.", _OPEN, printable(path))


def _unseen(missing: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    found = list(missing)
    for path, name in found[:_NAMED]:
        yield problem(f"Checkov did not look at `{printable(name)}`.", _OPEN, printable(path))
    if len(found) > _NAMED:
        yield problem(f"Checkov did not look at {len(found) - _NAMED} further resources.", _OPEN)
