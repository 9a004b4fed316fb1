"""Comments that ask a scanner to be silent, of every scanner that people use. Found, not obeyed: a policy decides."""

import re
from collections.abc import Iterator

from gate.scanning.scanner import Suppression
from tfmodule.files import FileMap, printable

_COMMENT = re.compile(r"(?:#|//|/\*|^\s*\*)")
_LONGEST = 4_000
# Each form as its own tool reads it: the group `rules` is what it silences, the group `reason` why.
_FORMS = (
    ("checkov", re.compile(r"(?:checkov|bridgecrew|cortex):skip=\s*(?P<rules>[\w,-]*)(?::(?P<reason>.*))?")),
    ("tfsec", re.compile(r"tfsec:ignore:(?P<rules>[\w*.,-]*)(?P<reason>.*)")),
    ("trivy", re.compile(r"trivy:ignore:(?P<rules>[\w*.,-]*)(?P<reason>.*)")),
    ("tflint", re.compile(r"tflint-ignore(?:-file)?:\s*(?P<rules>\w+(?:\s*,\s*\w+)*)?(?P<reason>.*)")),
    ("kics", re.compile(r"kics-scan\s+(?:ignore(?:-line|-block)?|disable=(?P<rules>[\w,-]*))(?P<reason>.*)")),
    ("snyk", re.compile(r"snyk:ignore:?\s*(?P<rules>[\w,-]*)(?P<reason>.*)")),
    ("terrascan", re.compile(r"ts:skip=\s*(?P<rules>[\w.,-]*)(?P<reason>.*)")),
)
_PARAMETERS = re.compile(r"(?:\b(?:exp|ws|workspace):\S+)|\[[^\]]*\]|\*/")
_MARKS = " \t\r:#-–—/*"

CONFIGURATION = re.compile(
    r"(?:^|/)(?:\.trivyignore(?:\.ya?ml|\.rego)?|trivy\.ya?ml|\.tflint\.hcl|\.tfsec(?:/.*|\.ya?ml|\.json))$"
)
"""Files by which a module would steer a scanner. None is ever read by ours."""


def find(files: FileMap) -> Iterator[Suppression]:
    """In the order of files and lines; one for each rule that a comment names, or one without a rule."""
    for path in sorted(files):
        if path.endswith((".tf", ".tftest.hcl", ".tfmock.hcl")):
            text = files[path].decode("utf-8", "replace")
            for number, line in enumerate(text.split("\n"), 1):
                yield from _in_line(path, number, line[:_LONGEST])


def _in_line(path: str, number: int, line: str) -> Iterator[Suppression]:
    comment = _COMMENT.search(line)
    if comment is None:
        return
    for tool, form in _FORMS:
        for match in form.finditer(line, comment.start()):
            reason = printable(_PARAMETERS.sub("", match.group("reason") or "").strip(_MARKS))
            named = [rule.strip() for rule in (match.groupdict().get("rules") or "").split(",")]
            for rule in [rule for rule in named if rule] or [""]:
                yield Suppression(tool, printable(rule), reason, path, number)
