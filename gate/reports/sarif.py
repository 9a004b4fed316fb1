"""A report as SARIF 2.1.0 (OASIS, errata 01), the form that code scanning services read. Adds no opinion of its own.

GitHub shows a result only with a place, closes and reopens it by its fingerprint, and ranks it by `security-severity`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from gate.checks import CHECKS, Check
from gate.report import Finding, Report, Risk, Severity
from gate.reports.identity import ALGORITHM, identified

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "note": "note"}
# GitHub's bands: critical above 9, high above 7, medium above 4, low above 0.
_SECURITY: Mapping[Risk, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_ROOT = "MODULE"
_CHECKS: Mapping[str, Check] = {said: check for check in reversed(CHECKS) for said in (check.id, *check.says)}


def sarif(report: Report, *, prefix: str = "") -> str:
    """The report as one SARIF document; equal reports give equal bytes.

    `prefix` is the module's folder in its repository ("" for the root): code scanning wants paths from there.
    """
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report, prefix.strip("/"))]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _run(report: Report, prefix: str) -> dict[str, Any]:
    rules = _rules(report.findings)
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    return {
        "tool": {"driver": _driver(report, rules)},
        "automationDetails": {"id": f"terrasmith/{report.profile}/{prefix}"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, identity, places[finding.rule], prefix)
            for identity, finding in identified(report.findings)
        ],
        "properties": _judged(report),
    }


def _driver(report: Report, rules: list[dict[str, Any]]) -> dict[str, Any]:
    driver: dict[str, Any] = {"name": "Terrasmith", "rules": rules}
    return driver | ({"version": report.gate_version} if report.gate_version else {})


def _invocation(report: Report) -> dict[str, Any]:
    # "Could not judge" is no success of the tool: a service must not close what it had found before.
    undecided = [check for check in report.checks if check.outcome == "undecided"]
    notes = [
        {"level": "error", "message": {"text": f"{check.title}: {check.note or 'it could not be judged'}"}}
        for check in undecided
    ]
    return {"executionSuccessful": report.verdict != "undecided", "toolExecutionNotifications": notes}


def _judged(report: Report) -> dict[str, Any]:
    return {
        "verdict": report.verdict,
        "profile": report.profile,
        "engine": report.engine,
        "tier": report.tier,
        "sandbox": report.sandbox,
        "score": report.score,
        "digest": report.digest,
    }


def _rules(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """One descriptor for each rule that spoke, in the order of ids."""
    first: dict[str, Finding] = {}
    worst: dict[str, float] = {}
    for finding in findings:
        first.setdefault(finding.rule, finding)
        if finding.risk is not None and finding.risk in _SECURITY:
            worst[finding.rule] = max(worst.get(finding.rule, 0.0), float(_SECURITY[finding.risk]))
    return [_rule(rule, first[rule], worst.get(rule)) for rule in sorted(first)]


def _rule(rule: str, finding: Finding, security: float | None) -> dict[str, Any]:
    text = finding.fix or finding.message
    check = _CHECKS.get(finding.check) or _CHECKS.get(rule)
    about = check.title if check is not None and finding.source == "terrasmith" else f"{finding.source}: {rule}"
    page = f" The page {check.docs} of Terrasmith says why it is looked at." if check is not None else ""
    whole = f"{about}.{page}"
    descriptor: dict[str, Any] = {
        "id": rule,
        "name": _name(rule),
        "shortDescription": {"text": _unlinked(about)},
        "fullDescription": {"text": _unlinked(whole)},
        "help": {"text": _unlinked(f"{text}{page}")},
    }
    properties: dict[str, Any] = {"tags": ["terraform", finding.source]}
    if security is not None:
        properties |= {"security-severity": f"{security:.1f}", "tags": ["terraform", finding.source, "security"]}
    return descriptor | {"properties": properties}


def _unlinked(text: str) -> str:
    """Even in plain text SARIF knows links, and a finding may quote a stranger's."""
    return text.replace("](", "] (")


def _name(rule: str) -> str:
    """The rule in PascalCase, as the specification wants a name that people read."""
    return "".join(word[:1].upper() + word[1:] for word in rule.replace("_", "-").split("-"))


def _result(finding: Finding, identity: str, index: int, prefix: str) -> dict[str, Any]:
    text = f"{finding.message}\n\n{finding.fix}" if finding.fix else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _unlinked(text)},
        "locations": [_location(finding, prefix)],
        "partialFingerprints": {ALGORITHM: identity},
        "properties": {"source": finding.source, "sameAs": list(finding.same_as)},
    }
    if finding.suppressed:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.suppressed}]
    return result


def _location(finding: Finding, prefix: str) -> dict[str, Any]:
    # What is said of the module as a whole still needs a place; a folder is a legal one.
    path = "/".join(part for part in (prefix, finding.path or "") if part) or "."
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path), "uriBaseId": _ROOT}}
    if finding.line is not None:
        start = max(finding.line, 1)
        place["region"] = {"startLine": start, "endLine": max(finding.end_line or start, start)}
    return {"physicalLocation": place}
