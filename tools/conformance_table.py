"""Writes the table of docs/CONFORMANCE.md from the checks themselves. The words around it are people's own."""

from pathlib import Path

from terrasmith.conformance.table import CHECKS, Check

PAGE = Path(__file__).resolve().parent.parent / "docs" / "CONFORMANCE.md"
_BEGIN, _END = "<!-- table: tools/conformance_table.py -->\n", "<!-- end of table -->\n"


def render(text: str) -> str:
    """The page with its table as the checks are."""
    before, rest = text.split(_BEGIN)
    head = "| line | by | what it shows | needs |\n| --- | --- | --- | --- |\n"
    rows = "".join(f"| {check.id} | {check.by} | {check.title} | {_needs(check)} |\n" for check in CHECKS)
    return f"{before}{_BEGIN}\n{head}{rows}\n{_END}{rest.split(_END)[1]}"


def _needs(check: Check) -> str:
    needs = [
        name for name, needed in (("module", check.module), ("terraform", check.by in {"client", "stub"})) if needed
    ]
    return ", ".join([*needs, *(["--write"] if check.by == "write" else [])]) or "nothing"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
