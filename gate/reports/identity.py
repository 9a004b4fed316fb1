"""Which finding is which from one run to the next: an id that survives lines that move and findings that come and go.

It rests on what is said and where in the tree, never on the line, so an edit above a finding does not make a new one.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from gate.report import Finding

# Terraform names other places in its words: "already declared at main.tf:3,1-13".
_PLACE = re.compile(r"(?<=\.tf):\d+(?:,\d+)?(?:-\d+(?:,\d+)?)?")

ALGORITHM = "terrasmith/v1"
"""Part of the SARIF key, so that a change of the recipe is not taken for new findings and old ones closed."""


def identified(findings: Iterable[Finding]) -> Iterator[tuple[str, Finding]]:
    """Each finding with its id, 32 hexadecimal digits. What is said twice of one file is told apart by its order."""
    seen: Counter[str] = Counter()
    for finding in findings:
        said = "\x00".join((finding.source, finding.rule, finding.path or "", _PLACE.sub("", finding.message)))
        seen[said] += 1
        digest = hashlib.sha256(f"{said}\x00{seen[said]}".encode("utf-8", "surrogatepass"))
        yield digest.hexdigest()[:32], finding
