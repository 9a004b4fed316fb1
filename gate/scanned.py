"""What a scan means to the rules: the verdict on what is critical, and how far each concern was kept. Pure."""

from typing import get_args

from gate.conclusion import Conclusion
from gate.material import Scanned
from gate.policy import Policy
from gate.report import Profile, RuleTally
from gate.scanning.concerns import Concern, share
from gate.scanning.scanner import Scan
from gate.scanning.verdict import decide


def weighed(scan: Scan, policy: Policy, profile: Profile) -> Scanned:
    """The scan as the rules take it. What was suppressed counts neither way; the policy says whether it may be."""
    decision = decide(scan, policy, profile)
    shares = {}
    for concern in get_args(Concern):
        found = share(scan, concern)
        if found is not None and found.passed + found.failed:
            shares[concern] = found.passed / (found.passed + found.failed)
    return Scanned(
        Conclusion(decision.outcome, decision.findings, decision.note),
        shares,
        scan.pass_rate,
        sum(not one.rule or not one.reason for one in scan.suppressions),
    )


def asked_of(scan: Scan | None) -> tuple[tuple[str, ...], tuple[RuleTally, ...]]:
    """Who scanned, and what each rule was answered. A scan that is not whole answers nothing: the rest may differ."""
    if scan is None or not scan.complete:
        return (), ()
    names = tuple(f"{name} {version}" for name, version in scan.versions)
    tallies = (RuleTally(rule, one.passed, one.failed, one.suppressed) for rule, one in sorted(scan.tally.items()))
    return names, tuple(tallies)
