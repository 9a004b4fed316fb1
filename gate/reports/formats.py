"""The forms that a report can be written in, by name: one table, which the command line and the docs both show."""

import json
from collections.abc import Mapping
from typing import Literal, Protocol, get_args

from gate.report import Report
from gate.reports.identity import identified
from gate.reports.junit import junit
from gate.reports.markdown import markdown
from gate.reports.sarif import sarif
from gate.reports.workflow import workflow_commands

Format = Literal["json", "sarif", "junit", "markdown", "github"]
FORMATS: tuple[Format, ...] = get_args(Format)


class _Writer(Protocol):
    def __call__(self, report: Report, *, prefix: str) -> str: ...


def to_json(report: Report) -> str:
    """Everything the report holds, its digest and score, and for each finding the id that it keeps between runs."""
    values = report.to_dict() | {"digest": report.digest, "score": report.score}
    values["findings"] = [finding.to_dict() | {"id": identity} for identity, finding in identified(report.findings)]
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


_WRITERS: Mapping[Format, _Writer] = {
    "json": lambda report, prefix: to_json(report),
    "sarif": lambda report, prefix: sarif(report, prefix=prefix),
    "junit": lambda report, prefix: junit(report),
    "markdown": lambda report, prefix: markdown(report),
    "github": lambda report, prefix: workflow_commands(report, prefix=prefix),
}


def written(report: Report, form: Format, *, prefix: str = "") -> str:
    """The report in a form. `prefix` is the module's folder in its repository, for forms whose readers need it."""
    return _WRITERS[form](report, prefix=prefix)
