"""A writer that invents what sounds real: the draft is refused with the real name, before any engine starts."""

from collections.abc import Sequence

import pytest

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.report import Report
from generator.loop import generate
from generator.request import Ask, Proposal, RefusedDraftError

INVENTED = {
    'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws-sdk" }\n  }\n}\n': "No provider",
    'terraform {\n  required_providers {\n    aws = { source = "hashicrop/aws" }\n  }\n}\n': "`hashicorp/aws`",
    'resource "docker_container" "web" {}\n': "`kreuzwerker/docker`",
    'module "vpc" {\n  source = "terraform-aws-module/vpc/aws"\n}\n': "not allowed",
    'module "vpc" {\n  source = "git::https://github.com/hashicorp/terraform-aws-vpc"\n}\n': "not allowed",
}


class _Inventor:
    def __init__(self, code: str) -> None:
        self.code = code

    def propose(self, ask: Ask) -> Proposal:
        return Proposal("thing", "aws", "Thing", "A thing.", {"main.tf": self.code.encode()}, "test:inventor")

    def repair(self, ask: Ask, proposal: Proposal, report: Report, told: Sequence[str] = ()) -> Proposal | None:
        return None


@pytest.mark.checklist("T-35", "T-24")
@pytest.mark.parametrize(("code", "words"), INVENTED.items())
def test_T35_what_a_model_invents_is_refused_with_the_real_name(code: str, words: str) -> None:
    engine = EngineSettings(terraform="no-such-engine")
    with pytest.raises(RefusedDraftError) as refused:
        generate(
            Ask("a thing", None, None, "acme"),
            writer=_Inventor(code),
            judge=lambda files: judge(files, profile="house", engine=engine),
        )
    errors = [f for f in refused.value.report.errors if f.rule in ("provider", "module-source")]
    assert [words in error.message for error in errors] == [True]
    assert all(error.place.startswith("main.tf:") and error.fix for error in errors)
