"""Real modules for the gate: brings them, judges them, and writes docs/CORPUS.md. Only `bring` speaks to a host.

`bring FOLDER [BASE]` clones what tests/corpus.toml names; BASE is https://github.com, or a folder of OWNER/NAME.
`judge FOLDER [WORD]` judges them under safety (those with WORD in the name) and compares with that table.
`page` writes the table of docs/CORPUS.md anew.
"""

import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.report import Report
from gate.scanning.scanners import make_scanner
from gate.scanning.warm import ScannerSettings
from terrasmith.module_folder import read_folder

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "corpus.toml"
PAGE = ROOT / "docs" / "CORPUS.md"
_BEGIN, _END = "<!-- table: tools/corpus.py page -->\n", "<!-- end of table -->\n"


def expected() -> Mapping[str, Mapping[str, Any]]:
    """`OWNER/NAME@TAG` → what the gate shall say of it."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def folder_of(corpus: Path, name: str) -> Path:
    """Where a module lies: `OWNER--NAME@TAG`."""
    return corpus / name.replace("/", "--", 1)


def complaint(report: Report, wanted: Mapping[str, Any]) -> str:
    """What is other than expected; empty: nothing. A machine with more providers may decide what ours cannot."""
    rules = sorted({finding.rule for finding in report.errors})
    verdicts = {wanted["verdict"], "passed"} if wanted["verdict"] == "undecided" else {wanted["verdict"]}
    if report.verdict not in verdicts:
        return f"{report.verdict} by {rules}, expected {wanted['verdict']}"
    return (
        "" if rules == sorted(wanted.get("rules", ())) else f"refused for {rules}, expected {wanted.get('rules', [])}"
    )


def page(table: Mapping[str, Mapping[str, Any]]) -> str:
    """The rows of docs/CORPUS.md."""
    rows = ["| module | tag | verdict | examples run | seconds | what was refused, and why |", "| --- " * 6 + "|"]
    for name, row in table.items():
        module, tag = name.split("@")
        rules = ", ".join(f"`{rule}`" for rule in row.get("rules", ()))
        why = f"{rules}: {row['why']}" if rules else row.get("why", "")
        cells = (module, tag, row["verdict"], row["examples"], str(row["seconds"]), why)
        rows.append(f"| {' | '.join(cells)} |")
    tally = Counter(row["verdict"] for row in table.values())
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(tally.items()))
    return "\n".join([*rows, "", f"{len(table)} modules: {told}.", ""])


def written(text: str, rows: str) -> str:
    """The page with these rows in the place of the old ones."""
    before, rest = text.split(_BEGIN)
    return before + _BEGIN + "\n" + rows + "\n" + _END + rest.split(_END)[1]


def _bring(corpus: Path, base: str = "https://github.com") -> int:
    corpus.mkdir(parents=True, exist_ok=True)
    for name in expected():
        target = folder_of(corpus, name)
        repository, tag = name.split("@")
        if target.exists():
            continue
        address = f"{base.rstrip('/')}/{repository}"
        command = ["git", "clone", "--quiet", "--depth=1", f"--branch={tag}", "--no-recurse-submodules", "--", address]
        done = subprocess.run([*command, str(target)], check=False)
        print(f"{name}: {'brought' if done.returncode == 0 else 'could not be cloned'}")
    return 0


def _judge(corpus: Path, word: str = "") -> int:
    scanner, worst = make_scanner(ScannerSettings()), 0
    for name, wanted in expected().items():
        if word not in name or not folder_of(corpus, name).is_dir():
            continue
        begun = time.perf_counter()
        report = judge(read_folder(folder_of(corpus, name)), profile="safety", engine=EngineSettings(), scanner=scanner)
        wrong = complaint(report, wanted)
        worst = worst or bool(wrong)
        seconds = time.perf_counter() - begun
        told = f"{report.verdict}, {seconds:.1f} s, {len(report.findings)} findings, {report.engine}"
        print(f"{name}: {told}, {wrong or 'as expected'}")
    return worst


def main(arguments: list[str]) -> int:
    """Exit 1 when something is other than expected, 2 when it is called wrongly."""
    commands: dict[str, Callable[..., int]] = {"bring": _bring, "judge": _judge}
    if arguments == ["page"]:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), page(expected())), encoding="utf-8")
        return 0
    if len(arguments) not in (2, 3) or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return commands[arguments[0]](Path(arguments[1]), *arguments[2:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
