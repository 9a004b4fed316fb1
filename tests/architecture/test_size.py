"""The size budget: small files, small functions, and no grandfathers but those a decision record names."""

import ast
import re
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 60
FUNCTION_LINES_P95 = 40
MIGRATIONS = "migrations/versions/"  # a migration is as long as the tables are many, and is never edited again


def _functions(tree: ast.Module) -> list[tuple[str, int]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in ast.walk(tree) if isinstance(node, kinds)]


def _excused(root: Path) -> set[str]:
    """Paths that a decision record names in a line `Larger than the budget: path, because …`."""
    records = (root / "docs" / "decisions").glob("*.md")
    pattern = re.compile(r"^Larger than the budget: `([^`]+)`, because \S", re.MULTILINE)
    return {path for record in records for path in pattern.findall(record.read_text(encoding="utf-8"))}


def test_files_stay_small(sources, root: Path) -> None:
    lengths = {source.path: source.text.count("\n") for source in sources if not source.path.startswith(MIGRATIONS)}
    excused = _excused(root)
    too_long = {path: length for path, length in lengths.items() if length > FILE_LINES and path not in excused}
    assert not too_long
    assert not {path for path in excused if lengths.get(path, 0) <= FILE_LINES}, "an excuse that nobody needs any more"


def test_functions_stay_small(product) -> None:
    ours = [source for source in product if not source.path.startswith(MIGRATIONS)]
    functions = [(f"{source.path}:{name}", length) for source in ours for name, length in _functions(source.tree)]
    assert not {name: length for name, length in functions if length > FUNCTION_LINES}
    lengths = sorted(length for _, length in functions)
    assert lengths[int(len(lengths) * 0.95)] <= FUNCTION_LINES_P95


def test_a_long_function_would_be_seen() -> None:
    body = "\n".join(f"    x = {number}" for number in range(FUNCTION_LINES))
    assert _functions(ast.parse(f"def long():\n{body}\n")) == [("long", FUNCTION_LINES + 1)]
