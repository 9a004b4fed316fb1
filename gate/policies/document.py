"""The input of a policy: everything about a module that it may look at, as one JSON document with a stable shape.

docs/POLICIES.md explains it, docs/reference/policy-input.schema.json checks it. Evaluates no expression: a value is
there only where it is written plainly, or is the plain default of the variable that is named.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from gate.material import Material, Part
from gate.policies.licences import licence_file, licence_of
from gate.policies.organisation import Circumstances, Step
from gate.report import Finding, Report
from tfmodule.facts import Attribute, Block, ParsedFile
from tfmodule.files import FileMap
from tfmodule.hcl import parse
from tfmodule.literals import json_text

SCHEMA_VERSION = 1
"""Raised when something is taken away or means something else; what is added raises nothing."""
MOST_BYTES = 16 << 20
_LONGEST_TEXT = 2_000

Values = dict[str, Any]


def document(report: Report, files: FileMap, circumstances: Circumstances) -> Values:
    """The document for a module whose files passed the gate's screen."""
    parsed = {path: parse(path, data) for path, data in sorted(files.items()) if path.endswith((".tf", ".tftest.hcl"))}
    parts = Material(files, parsed).parts
    root = next((part for part in parts if not part.directory), None)
    return {
        "schema_version": SCHEMA_VERSION,
        "source": circumstances.source,
        "actor": circumstances.actor,
        "module": _module(files, circumstances),
        "interface": _interface(root),
        "resources": [one for part in parts for one in _resources(part)],
        "calls": [one for part in parts for one in _calls(part)],
        "provider_blocks": list(_provider_blocks(parsed)),
        "change": _change(circumstances.step),
        "verdict": report.verdict,
        "profile": report.profile,
        "score": report.score,
        "tier": report.tier,
        "checks": [{"id": one.id, "outcome": one.outcome} for one in report.checks],
        "findings": [_finding(one) for one in report.ordered],
    }


def written(document_: Values) -> str:
    """The document as text; the same for the same module."""
    return json.dumps(document_, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _module(files: FileMap, circumstances: Circumstances) -> Values:
    namespace, name, system = (*circumstances.address.split("/"), "", "")[:3] if circumstances.address else ("",) * 3
    return {
        "address": circumstances.address,
        "namespace": namespace,
        "name": name,
        "system": system,
        "version": circumstances.version,
        "licence": licence_of(files),
        "licence_file": licence_file(files),
        "files": sorted(files),
    }


def _interface(root: Part | None) -> Values:
    if root is None:
        return {"inputs": [], "outputs": [], "providers": [], "required_version": ""}
    facts = root.facts
    inputs = [
        {
            "name": one.name,
            "type": one.type_text or "any",
            "description": (one.description or "").strip(),
            "required": one.required,
            "sensitive": one.sensitive,
            "nullable": one.nullable,
            "validated": bool(one.validations),
            "path": one.path,
            "line": one.line,
            **_default(one.default_text),
        }
        for one in facts.variables
    ]
    outputs = [
        {
            "name": one.name,
            "description": (one.description or "").strip(),
            "sensitive": one.sensitive,
            "path": one.path,
            "line": one.line,
        }
        for one in facts.outputs
    ]
    providers = [
        {
            "name": one.name,
            "source": one.source or f"hashicorp/{one.name}",
            "version": one.version or "",
            "path": one.path,
            "line": one.line,
        }
        for one in facts.required_providers
    ]
    return {
        "inputs": inputs,
        "outputs": outputs,
        "providers": providers,
        "required_version": facts.required_version or "",
    }


def _default(text: str | None) -> Values:
    """`default` only where it is a plain value: a rule that asks for another one finds nothing."""
    plain = json_text(text) if text is not None else None
    return {} if plain is None else {"default": json.loads(plain)}


def _resources(part: Part) -> Iterator[Values]:
    for block in part.blocks("resource", "data"):
        if len(block.labels) == 2:
            kind, name = block.labels
            yield {
                "mode": "managed" if block.kind == "resource" else "data",
                "type": kind,
                "name": name,
                "address": f"{kind}.{name}" if block.kind == "resource" else f"data.{kind}.{name}",
                "directory": part.directory,
                "path": block.path,
                **_body(block, part),
            }


def _calls(part: Part) -> Iterator[Values]:
    for one in part.facts.module_calls:
        yield {
            "name": one.name,
            "source": one.source,
            "version": one.version,
            "directory": part.directory,
            "path": one.path,
            "line": one.line,
        }


def _provider_blocks(parsed: Mapping[str, ParsedFile]) -> Iterator[Values]:
    """Of examples and tests too: there alone they may stand."""
    for path, file in sorted(parsed.items()):
        for block in file.blocks:
            if block.kind == "provider" and block.labels:
                yield {"name": block.labels[0], "path": path, **_body(block, None)}


def _body(block: Block, part: Part | None) -> Values:
    values: Values = {}
    defaults: Values = {}
    expressions: dict[str, str] = {}
    for name, attribute in block.attributes.items():
        plain = json_text(attribute.text)
        if plain is not None:
            values[name] = json.loads(plain)
            continue
        expressions[name] = attribute.text[:_LONGEST_TEXT]
        if (default := _named_default(attribute, part)) is not None:
            defaults[name] = json.loads(default)
    return {
        "line": block.line,
        "end_line": block.end_line,
        "values": values,
        "defaults": defaults,
        "expressions": expressions,
        "lines": {name: attribute.line for name, attribute in block.attributes.items()},
        "blocks": [_inner(inner, part) for inner in block.blocks],
    }


def _inner(block: Block, part: Part | None) -> Values:
    """A nested block. One that `dynamic` makes stands under the name that it will have."""
    content = next((one for one in block.blocks if one.kind == "content"), None)
    if block.kind == "dynamic" and block.labels and content is not None:
        return {"kind": block.labels[0], "labels": [], "dynamic": True, **_body(content, part)}
    return {"kind": block.kind, "labels": list(block.labels), "dynamic": False, **_body(block, part)}


def _named_default(attribute: Attribute, part: Part | None) -> str | None:
    """The plain default of the variable that is all of the expression."""
    name = attribute.text.strip().removeprefix("var.")
    if part is None or name == attribute.text.strip() or name not in part.variables:
        return None
    text = part.variables[name].default_text
    return json_text(text) if text is not None else None


def _change(step: Step | None) -> Values | None:
    if step is None:
        return None
    return {
        "previous": str(step.previous),
        "bump": step.bump,
        "least_version": str(step.least),
        "changes": [asdict(one) for one in step.changes],
    }


def _finding(finding: Finding) -> Values:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "source": finding.source,
        "risk": finding.risk,
        "suppressed": bool(finding.suppressed),
        "check": finding.check,
    }
