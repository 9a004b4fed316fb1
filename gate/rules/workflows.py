"""Whether the repository checks itself: a workflow with the four steps, pinned actions and a token that can only
read.
"""

import re
from collections.abc import Iterator

from gate.conclusion import Conclusion, counted, not_applicable
from gate.material import Material
from gate.report import Finding
from gate.rules.layout import read_yaml

RULE = "ci-workflow"
_MOST, _LARGEST = 20, 64 << 10
_STEPS = {
    "fmt": re.compile(r"\bfmt\b"),
    "validate": re.compile(r"\bvalidate\b"),
    "test": re.compile(r"\b(?:terraform|tofu) test\b"),
    "scan": re.compile(r"\b(?:checkov|trivy|tfsec|kics|terrascan)\b"),
}
# A composite action of ours does all four.
_OURS = re.compile(r"uses:\s*\S*terrasmith\S*@|\bterrasmith check\b")
_USES = re.compile(r"^\s*(?:-\s+)?uses:\s*[\"']?(?P<action>[^\s\"'#]{1,300})")
_PINNED = re.compile(r"@[0-9a-f]{40}$")


def ci_workflow(material: Material) -> Conclusion:
    """A workflow formats, validates, tests and scans every change; its actions are pinned by commit and its token
    reads only. Where Terrasmith's own check run judges the repository's pull requests, nobody needs one.
    """
    if material.evidence.guarded:
        return not_applicable("Terrasmith's own check run judges every pull request of the repository.")
    names = sorted(path for path in material.files if _is_workflow(path))[:_MOST]
    found = {path: material.files[path][:_LARGEST] for path in names}
    if not found:
        fix = "Let Terrasmith check the pull requests, or add `.github/workflows/check.yml` with the four steps."
        return counted([Finding(RULE, "warning", "No workflow checks the module.", fix=fix)])
    # Four steps, the pins, the permissions.
    return counted([*_missing(found), *_loose(found), *_permissions(found)], 6)


def _is_workflow(path: str) -> bool:
    return path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml"))


def _missing(found: dict[str, bytes]) -> Iterator[Finding]:
    lines = [
        line.split("#", 1)[0][:2000] for data in found.values() for line in data.decode("utf-8", "replace").split("\n")
    ]
    if any(_OURS.search(line) for line in lines):
        return
    for step, pattern in _STEPS.items():
        if not any(pattern.search(line) for line in lines):
            message = f"No workflow has a step for `{step}`."
            yield Finding(RULE, "warning", message, next(iter(found)), 1, fix=f"Add a step that runs the {step}.")


def _loose(found: dict[str, bytes]) -> Iterator[Finding]:
    for path, data in found.items():
        for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
            match = _USES.match(line[:2000])
            if match and not match["action"].startswith("./") and not _PINNED.search(match["action"]):
                message = "The action is not pinned by commit: what it runs may change."
                fix = "Write the 40 digits of the commit behind `@`, and the version as a comment."
                yield Finding(RULE, "warning", message, path, number, fix=fix)
                return


def _permissions(found: dict[str, bytes]) -> Iterator[Finding]:
    for path, data in found.items():
        values = read_yaml(data)
        granted = values.get("permissions") if isinstance(values, dict) else None
        allowed = granted.values() if isinstance(granted, dict) else [granted]
        if granted is None or any(one not in ("read", "none", "read-all", {}) for one in allowed):
            message = "The workflow's token may do more than read."
            fix = "Write `permissions:` with `contents: read` at the top of the workflow."
            yield Finding(RULE, "warning", message, path, 1, fix=fix)
            return
