"""An assessment as values that JSON can hold: the one form from which files and the API's answers are made."""

from collections.abc import Mapping
from typing import Any

from gate.compliance.evidence import Answer, Assessment, Objection, Silence, Subject, Support

STATEMENT = (
    "Evidence for and against the requirements of a framework, as found in Terraform code, of each module as its "
    "defaults make it. It says nothing of accounts, people and procedures, and it is no audit and no certificate."
)
FORM = "terrasmith.evidence/1"


def values(assessment: Assessment) -> dict[str, Any]:
    """Everything in it, in an order that depends on nothing but what was found."""
    framework = assessment.framework
    return {
        "form": FORM,
        "statement": STATEMENT,
        "framework": {
            "id": framework.id,
            "title": framework.title,
            "version": framework.version,
            "licence": framework.licence,
            "attribution": framework.attribution,
            "digest": framework.digest,
        },
        "scope": assessment.scope,
        "name": assessment.name,
        "modules": [_subject(one) for one in assessment.subjects],
        "summary": {state.replace("-", "_"): count for state, count in assessment.counts.items()},
        "only": assessment.only,
        "requirements": [_answer(one) for one in assessment.shown],
    }


def _subject(subject: Subject) -> dict[str, Any]:
    said = subject.report
    report: Mapping[str, Any] | None = None
    if said is not None:
        report = {
            "digest": said.digest,
            "verdict": said.verdict,
            "profile": said.profile,
            "engine": said.engine,
            "tier": said.tier,
            "sandbox": said.sandbox,
            "gate_version": said.gate_version,
            "input_digest": said.input_digest,
            "policy_digest": said.policy_digest,
            "scanners": list(said.scanners),
        }
    return {
        "address": subject.address,
        "version": subject.version,
        "sha256": subject.sha256,
        "published_at": subject.published_at,
        "report": report,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    modules_for, modules_against = answer.modules
    return {
        "id": answer.requirement.id,
        "words": answer.requirement.words,
        "kind": answer.requirement.kind,
        "state": answer.state,
        "modules_for": modules_for,
        "modules_against": modules_against,
        "evidence_for": [_support(one) for one in answer.supports],
        "evidence_against": [_objection(one) for one in answer.objections],
        "silent": [_silence(one) for one in answer.silences],
    }


def _support(support: Support) -> dict[str, Any]:
    return {
        "module": support.subject.address,
        "version": support.subject.version,
        "rule": support.rule,
        "source": support.source,
        "resources": support.resources,
    }


def _objection(objection: Objection) -> dict[str, Any]:
    finding = objection.finding
    return {
        "module": objection.subject.address,
        "version": objection.subject.version,
        "rule": objection.rule,
        "source": finding.source,
        "path": finding.path,
        "line": finding.line,
        "end_line": finding.end_line,
        "message": finding.message,
        "suppressed": finding.suppressed,
    }


def _silence(silence: Silence) -> dict[str, Any]:
    return {"rule": silence.rule, "why": list(silence.why)}
