"""Repairs after a security finding, whose plans a real Terraform compares: what is planned no longer was not mended."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gate.engines.port import EngineSettings
from gate.proof.prover import prove
from gate.proof.values import Proof
from gate.report import Finding, Report
from generator.loop import generate
from generator.request import Ask, Proposal, RefusedDraftError
from generator.template_writer import TemplateWriter
from tfmodule.files import FileMap

_STORE = b"""
locals {
  stores = 1
}

resource "terraform_data" "store" {
  count = COUNT
  input = INPUT
}
"""
_ASK = Ask("a naming and tags module", None, None, "acme")


def _store(count: str, text: str) -> bytes:
    return _STORE.replace(b"COUNT", count.encode()).replace(b"INPUT", text.encode())


class _Writer:
    """Writes a module with an open store, and mends it in the one way it is told."""

    def __init__(self, mended: FileMap) -> None:
        self._mended = mended
        self.told: Sequence[str] = ()

    def propose(self, ask: Ask) -> Proposal:
        proposal = TemplateWriter().propose(ask)
        return replace(proposal, files={**proposal.files, "store.tf": _store("local.stores", '"open"')})

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> Proposal | None:
        if told:
            self.told = told
            return None
        return replace(proposal, files={**proposal.files, **self._mended})


def _scanned(house: Callable[[FileMap], Report]) -> Callable[[FileMap], Report]:
    """The gate, and a scanner that looks at what stands there, as scanners do: nothing planned is nothing open."""

    def judge(files: FileMap) -> Report:
        report = house(files)
        text = b" ".join(files["store.tf"].split())
        off = any(word in text for word in (b"count = 1 - 1", b"stores = 0", b"if one > 1", b"false ? 1 : 0"))
        if b'"open"' not in text or off:
            return report
        finding = Finding("OPEN", "error", "The store is open.", "store.tf", 13, source="scanner")
        return replace(report, verdict="refused", findings=(*report.findings, finding))

    return judge


@pytest.mark.parametrize(
    "trick",
    [
        pytest.param(_store("1 - 1", '"open"'), id="a sum that is nothing"),
        pytest.param(_store("false ? 1 : 0", '"open"'), id="a question with one answer"),
        pytest.param(_store("local.stores", '"open"').replace(b"stores = 1", b"stores = 0"), id="a local"),
        pytest.param(_store("length([for one in [1] : one if one > 1])", '"open"'), id="a list that comes to nothing"),
    ],
)
def test_what_is_planned_no_longer_was_not_mended(
    house: Callable[[FileMap], Report], terraform: str, trick: bytes
) -> None:
    writer = _Writer({"store.tf": trick})
    with pytest.raises(RefusedDraftError) as refused:
        generate(_ASK, writer=writer, judge=_scanned(house), compare=_compare(terraform))
    assert "plans 1 terraform_data fewer" in writer.told[-1]
    assert b"local.stores" in refused.value.proposal.files["store.tf"]


def test_what_is_mended_stays(house: Callable[[FileMap], Report], terraform: str) -> None:
    mended = _store("local.stores", '"closed"')
    draft = generate(_ASK, writer=_Writer({"store.tf": mended}), judge=_scanned(house), compare=_compare(terraform))
    assert draft.files["store.tf"] == mended


def _compare(terraform: str) -> Callable[[FileMap, FileMap], Proof]:
    settings = EngineSettings(terraform=terraform)
    return lambda before, after: prove(before, after, engine=settings)
