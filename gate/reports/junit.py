"""A report as JUnit XML, one test case for each check: what every CI system can show without knowing us."""

import re
from xml.etree import ElementTree as ET

from gate.report import CheckResult, Finding, Report

# What XML 1.0 cannot hold at all, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """One suite named after the profile. Failed checks are failures, undecided ones errors; the rest is skipped."""
    outcomes = [check.outcome for check in report.checks]
    counts = {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("undecided")),
        "skipped": str(outcomes.count("skipped") + outcomes.count("not-applicable")),
        "time": f"{sum(check.seconds for check in report.checks):.3f}",
    }
    root = ET.Element("testsuites", {"name": "terrasmith", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": f"terrasmith.{report.profile}", **counts})
    properties = ET.SubElement(suite, "properties")
    for name in ("verdict", "engine", "tier", "sandbox", "score", "digest"):
        value = getattr(report, name)
        if value is not None:  # a module may have no score; `None` is Python and says nothing to others
            ET.SubElement(properties, "property", {"name": name, "value": _legal(str(value))})
    for check in report.checks:
        _case(suite, check, [finding for finding in report.ordered if finding.check == check.id])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, check: CheckResult, findings: list[Finding]) -> None:
    names = {"name": f"{check.id}: {check.title}", "classname": "terrasmith", "time": f"{check.seconds:.3f}"}
    case = ET.SubElement(suite, "testcase", names)
    text = _legal("\n".join(_line(finding) for finding in findings))
    if check.outcome in ("failed", "undecided"):
        said = next((finding.message for finding in findings), check.note or check.title)
        kind = "failure" if check.outcome == "failed" else "error"
        ET.SubElement(case, kind, {"message": _legal(said), "type": check.id}).text = text
        return
    if check.outcome in ("skipped", "not-applicable"):
        ET.SubElement(case, "skipped", {"message": _legal(check.note or check.outcome)})
    if text:
        ET.SubElement(case, "system-out").text = text


def _line(finding: Finding) -> str:
    place = f"{finding.place}: " if finding.place else ""
    fix = f" {finding.fix}" if finding.fix else ""
    return f"{finding.severity}: {place}{finding.message} [{finding.rule}]{fix}"


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
