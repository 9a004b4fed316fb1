"""Brings the lists of tests in docs/checklists and docs/THREATS.md up to date. The words above a list are people's own.

An id that no test bears any more loses its section; an id that has no section yet is named, for somebody to write one.
"""

import importlib.util
import re
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def load(path: Path) -> ModuleType:
    """The test that holds the documents, as a module: it knows how ids are read."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rewrite(text: str, borne: dict[str, set[str]], has_section: set[str]) -> str:
    """The document with each section's list as the tests have it."""
    head, *sections = re.split(r"^(?=### )", text, flags=re.MULTILINE)
    kept = [head.rstrip() + "\n"]
    for section in sections:
        name = section.split()[1]
        if name in borne:
            words = [line for line in section.splitlines() if not line.startswith("- `")]
            listed = [f"- `{test}`" for test in sorted(borne[name])]
            kept.append("\n".join([*"\n".join(words).strip().splitlines(), "", *listed]) + "\n")
            has_section.add(name)
    return "\n".join(kept)


def main() -> None:
    rules = load(ROOT / "tests" / "architecture" / "test_checklists.py")
    in_tests: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        name = str(path.relative_to(ROOT))
        for known, tests in rules.borne_by_file(name, path.read_text(encoding="utf-8")).items():
            in_tests[known] |= tests
    has_section: set[str] = set()
    for document in sorted(set(rules.DOCUMENT_OF.values())):
        path = ROOT / document
        if path.exists():
            path.write_text(rewrite(path.read_text(encoding="utf-8"), in_tests, has_section), encoding="utf-8")
    missing = sorted(set(in_tests) - has_section)
    if missing:
        sys.exit(f"no section yet for: {', '.join(missing)}")


if __name__ == "__main__":
    main()
