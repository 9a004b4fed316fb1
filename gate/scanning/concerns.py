"""What each scanner's rule is worth and about, from our own list (`risks.toml`). Knows no scanner and no module."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from gate.report import Risk
from gate.scanning.scanner import Scan

Concern = Literal["encryption", "exposure", "iam", "logging"]

UNKNOWN_RISK: Risk = "medium"
"""For a rule that does not stand on the list."""
_FILE = Path(__file__).with_name("risks.toml")
_AVD = re.compile(r"^(?:AVD-)?(AWS|AZU|GCP)-(\d+)$")


@dataclass(frozen=True)
class Rule:
    """One line of the list."""

    id: str
    risk: Risk
    concern: Concern | None
    same_as: tuple[str, ...]
    """Ids by which another scanner says the same."""


@dataclass(frozen=True)
class Share:
    """How the rules of one concern came out for a module's own code."""

    passed: int
    failed: int
    suppressed: int

    @property
    def kept(self) -> bool:
        return self.failed == 0


def share(scan: Scan, concern: Concern) -> Share | None:
    """How a scan answers one concern; None when no rule of it applied to the module."""
    tallies = [tally for rule, tally in scan.tally.items() if rule_of(rule).concern == concern]
    if not tallies:
        return None
    return Share(*(sum(getattr(t, name) for t in tallies) for name in ("passed", "failed", "suppressed")))


def rule_of(name: str) -> Rule:
    """What we think of a rule, by the id of any scanner; one that we do not know is of medium risk and no concern."""
    found = rules().get(name) or _twins().get(canonical(name))
    return found or Rule(name, UNKNOWN_RISK, None, ())


def is_known(name: str) -> bool:
    return name in rules() or canonical(name) in _twins()


def canonical(name: str) -> str:
    """One spelling for an id that Trivy writes in two ways, `AVD-AWS-0107` and `AWS-0107`."""
    match = _AVD.match(name.upper())
    return f"AVD-{match.group(1)}-{int(match.group(2)):04d}" if match else name


def same(one: str, other: str) -> bool:
    """Whether two rules of two scanners say the same."""
    if one == other:
        return True
    return canonical(other) in rule_of(one).same_as or canonical(one) in rule_of(other).same_as


@cache
def rules() -> Mapping[str, Rule]:
    """The whole list, by id."""
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Rule(name, cast("Risk", line[0]), cast("Concern", line[1]) if line[1] else None, tuple(line[2:]))
        for table in tables.values()
        for name, line in table.items()
    }


@cache
def _twins() -> Mapping[str, Rule]:
    rank = ("critical", "high", "medium", "low", "info")
    found: dict[str, Rule] = {}
    for rule in rules().values():
        for twin in rule.same_as:
            # One of theirs may stand for several of ours: the gravest speaks.
            if twin not in found or rank.index(rule.risk) < rank.index(found[twin].risk):
                found[twin] = rule
    return found
