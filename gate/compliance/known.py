"""The ids of every rule that can be evidence: the checks of the gate, and Checkov's rules that stand on our list."""

from gate.checks import CHECKS
from gate.scanning import concerns


def rules() -> frozenset[str]:
    """All of them. What else scanners on PATH say has no id of ours, and they never tell what passed."""
    return frozenset(check.id for check in CHECKS) | frozenset(concerns.rules())
