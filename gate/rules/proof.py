"""What others proved and we only weigh: upgrades, what the request asked for, an applied plan that stays empty,
scans.
"""

from dataclasses import replace

from gate.acceptance import PATH, Wish
from gate.conclusion import Conclusion, counted, gated, not_applicable
from gate.material import Material
from gate.report import Finding

_NOBODY = "Nobody was asked to scan."
_UNSCANNED = Finding(
    "scan",
    "warning",
    "Nobody looked for insecure settings, and the policy wants somebody to.",
    fix="Give Terrasmith a Checkov (`terrasmith scanner install`), and take TERRASMITH_SCANNER=off away.",
)


def upgrade(material: Material) -> Conclusion:
    """A new version applied over the old one destroys and replaces nothing without saying so."""
    evidence = material.evidence
    if evidence.incomparable is not None:
        return Conclusion("undecided", (evidence.incomparable,))
    if evidence.upgrade is None:
        return not_applicable("There is no earlier version to upgrade from, or nobody tried.")
    return replace(gated(evidence.upgrade), note=evidence.open)


def intent(material: Material) -> Conclusion:
    """What the request asked for is true of the plan, sentence by sentence."""
    wishes = material.evidence.wishes
    if wishes is None and PATH in material.parsed:
        ran = material.engine.get("test")
        skipped = ran is not None and ran.outcome != "undecided"
        return Conclusion("skipped" if skipped else "undecided", note="The acceptance test was not run.")
    if not wishes:
        return not_applicable("The module comes from no request that said what must hold.")
    return counted((_unshown(wish) for wish in wishes if not wish.holds), len(wishes))


def _unshown(wish: Wish) -> Finding:
    message = f"The plan does not show what was asked for: {wish.says}{f' ({wish.why})' if wish.why else ''}"
    fix = "Mend the module; or, where the sentence says it wrongly, mend the sentence."
    return Finding("intent", "warning", message, PATH if wish.line else None, wish.line, fix=fix)


def idempotent(material: Material) -> Conclusion:
    """Applied once, a second plan is empty: nothing in the module changes by itself."""
    changing = material.evidence.idempotent
    if changing is None:
        return not_applicable("Nobody applied the module and planned again: that is done where a version is compared.")
    wrong = (
        Finding("idempotent", "warning", f"A second plan still changes `{address}`.", fix="Give it stable arguments.")
        for address in changing
    )
    return counted(wrong)


def critical(material: Material) -> Conclusion:
    """Nothing that the scanners call critical, by our own list: world-readable data, keys in code, everything allowed
    to everyone.
    """
    scan = material.scan
    required = material.policy.require_scan
    if scan is None:
        return Conclusion("undecided", (_UNSCANNED,)) if required else not_applicable(_NOBODY)
    if scan.verdict.outcome == "not-applicable" and required:
        return Conclusion("undecided", (_UNSCANNED,))
    return scan.verdict


def scan_rate(material: Material) -> Conclusion:
    """Nine of ten rules of the scanners are kept, and whoever silences one says which and why."""
    scan = material.scan
    if scan is None:
        return not_applicable(_NOBODY)
    if scan.verdict.outcome in ("undecided", "skipped", "not-applicable"):
        return Conclusion(scan.verdict.outcome, note=scan.verdict.note)
    if scan.pass_rate is None and not scan.unreasoned:
        return not_applicable("No rule of the scanners is about anything in the module.")
    rate = 1.0 if scan.pass_rate is None else scan.pass_rate
    if rate < 0.9 or scan.unreasoned:
        note = f"{rate:.0%} of the scanners' rules are kept; {scan.unreasoned} were silenced without a reason."
        return Conclusion("failed", note=note, share=0.0 if scan.unreasoned else rate / 0.9 * rate)
    return Conclusion("passed", note=f"{rate:.0%} of the scanners' rules are kept.")
