"""What `/api/v1` says of evidence for a framework's requirements."""

from typing import Literal

from pydantic import Field

from gate.compliance.evidence import Scope, State
from gate.compliance.framework import Kind
from registry.api.described import Model


class FrameworkData(Model):
    """The mapping: its words are ours, its ids are the framework's. Licence and attribution are of this data."""

    id: str = Field(examples=["soc2"])
    title: str
    version: str = Field(examples=["2017"])
    licence: str = Field(examples=["Apache-2.0"])
    attribution: str
    digest: str = Field(description="SHA-256 of the mapping: only reports of the same one can be compared.")


class JudgedBy(Model):
    """The gate's report that the evidence rests on."""

    digest: str = Field(description="SHA-256 of the report without its durations.")
    verdict: str = Field(examples=["passed"])
    profile: str = Field(examples=["safety"])
    engine: str = Field(examples=["terraform 1.11.4"])
    tier: str = Field(examples=["provider"])
    sandbox: str
    gate_version: str
    input_digest: str
    policy_digest: str
    scanners: list[str] = Field(
        description="Empty where nobody scanned all of it, and in reports of earlier releases.",
        examples=[["checkov 3.3.30"]],
    )


class AssessedModule(Model):
    address: str = Field(examples=["acme/bucket/aws"])
    version: str = Field(examples=["1.4.0"])
    sha256: str = Field(description="Of the archive.")
    published_at: str
    report: JudgedBy | None = Field(description="None where none was kept.")


class Kept(Model):
    """A rule that was asked and kept."""

    module: str
    version: str
    rule: str = Field(examples=["CKV_AWS_16"])
    source: str = Field(examples=["checkov"])
    resources: int = Field(description="Of how many resources it was asked; 0 for a check, which is of the module.")


class Broken(Model):
    """A rule that was asked and broken, and where."""

    module: str
    version: str
    rule: str = Field(examples=["CKV_AWS_16"])
    source: str = Field(examples=["checkov"])
    path: str | None = Field(examples=["main.tf"])
    line: int | None = Field(examples=[12])
    end_line: int | None
    message: str
    suppressed: str = Field(description="The reason that the code gives for not hearing this.")


class Silent(Model):
    rule: str = Field(examples=["CKV_AWS_17"])
    why: list[str] = Field(description="Why it says nothing of any module.")


class RequirementState(Model):
    id: str = Field(examples=["CC8.1"])
    words: str = Field(description="Ours, not the framework's.")
    kind: Kind = Field(description="Whether code can show anything of it.")
    state: State
    modules_for: int = Field(description="Modules with evidence for it and none against.")
    modules_against: int
    evidence_for: list[Kept]
    evidence_against: list[Broken]
    silent: list[Silent] = Field(description="Rules that no module was asked, or none could answer.")


class Summary(Model):
    """How many requirements are in each state; each is in one."""

    evidence_against: int
    evidence_for: int
    no_evidence: int
    unmapped: int


class Evidence(Model):
    """Evidence for and against the requirements of a framework. No verdict about them."""

    form: Literal["terrasmith.evidence/1"]
    statement: str
    framework: FrameworkData
    scope: Scope
    name: str = Field(examples=["acme/bucket/aws 1.4.0"])
    modules: list[AssessedModule]
    summary: Summary
    only: State | None = Field(description="The state that was asked for; None shows every requirement.")
    requirements: list[RequirementState]
