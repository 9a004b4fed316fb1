"""What a scan means under a policy: which findings stand in the way, and which suppressions count. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gate.policy import Policy
from gate.report import Finding, Outcome, Profile, Severity
from gate.scanning.concerns import is_known, rule_of
from gate.scanning.scanner import NO_REASON, Scan, Suppression

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
_SWITCHED_OFF = "Scanning is switched off here (TERRASMITH_SCANNER=off): nobody looked for insecure settings."


@dataclass(frozen=True)
class Decision:
    """How the scan ended, for the table of checks."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    note: str = ""


def decide(scan: Scan, policy: Policy, profile: Profile) -> Decision:
    """Undecided when nobody could scan all of it; failed when something critical was found; else passed.

    A critical finding refuses even where the scan is not complete: what is missing cannot make it better.
    """
    if scan.off:
        return Decision("not-applicable", (Finding("scan", "note", _SWITCHED_OFF),), _SWITCHED_OFF)
    findings = [_judged(finding, policy) for finding in scan.findings]
    findings += scan.beside
    findings += _comments(scan.suppressions, policy, profile)
    findings = sorted(findings, key=_order)
    if any(finding.severity == "error" for finding in findings):
        return Decision("failed", (*scan.problems, *findings))
    if scan.problems:
        return Decision("undecided", (*scan.problems, *findings), scan.problems[0].message)
    return Decision("passed", tuple(findings))


def _order(finding: Finding) -> tuple[object, ...]:
    rank = _RANK[finding.severity]
    return (finding.path or "", finding.line or 0, rank, finding.rule, finding.message, finding.source)


def is_critical(rule: str, policy: Policy) -> bool:
    """Whether a rule's finding refuses a module: by our own list, or because the organisation says so."""
    return rule_of(rule).risk == "critical" or rule in policy.critical_rules


def _judged(finding: Finding, policy: Policy) -> Finding:
    critical = is_critical(finding.rule, policy)
    severity: Severity = "error" if critical else finding.severity
    if not finding.suppressed:
        return replace(finding, severity=severity)
    if not policy.allow_suppressions:
        message = f"{finding.message} It is suppressed, which the policy does not allow."
        return replace(finding, severity=severity, message=message)
    if critical and finding.rule not in policy.suppressible_rules:
        message = f"{finding.message} A comment cannot suppress what is critical."
        fix = "Mend it, or ask the platform team to allow this suppression by policy."
        return replace(finding, severity="error", message=message, fix=fix)
    return replace(finding, severity=finding.severity if finding.suppressed == NO_REASON else "note")


def _unreasoned(profile: Profile) -> Severity:
    # What we write must say why. Modules from elsewhere are full of bare comments that hide nothing grave.
    return "error" if profile == "house" else "warning"


def _comments(suppressions: tuple[Suppression, ...], policy: Policy, profile: Profile) -> Iterator[Finding]:
    for one in suppressions:
        what = f"A comment asks {one.tool} to be silent about {f'`{one.rule}`' if one.rule else 'everything'}"
        severity: Severity = "note"
        message = f"{what}: {one.reason}." if one.reason else f"{what}."
        fix = ""
        if not one.rule or not one.reason:
            missing = "names no rule" if not one.rule else "gives no reason"
            severity, message = _unreasoned(profile), f"{what}, and {missing}."
            fix = f"Write `{_example(one)}`, or remove the comment."
        elif not policy.allow_suppressions:
            severity, fix = _unreasoned(profile), "Remove the comment: the policy allows no suppression."
        risk = rule_of(one.rule).risk if is_known(one.rule) else None
        yield Finding(
            "suppression",
            severity,
            message,
            one.path,
            one.line,
            fix=fix,
            source=one.tool,
            risk=risk,
            suppressed=one.reason,
        )


def _example(one: Suppression) -> str:
    rule = one.rule or "RULE"
    forms = {
        "checkov": f"#checkov:skip={rule}:the reason",
        "tflint": f"# tflint-ignore: {rule} # the reason",
        "kics": f"# kics-scan disable={rule} the reason",
        "snyk": f"# snyk:ignore:{rule} the reason",
        "terrascan": f"#ts:skip={rule} the reason",
    }
    return forms.get(one.tool, f"#{one.tool}:ignore:{rule} the reason")
