"""Nobody judges a module unscanned by forgetting to: every judgement of the product names its scanner."""

import ast
from pathlib import Path

PRODUCT = ("terrasmith", "workers", "web", "registry", "bot", "generator")


def _unscanned(text: str) -> list[int]:
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    judged = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "judge"]
    return [
        call.lineno
        for call in judged
        if {"profile", "engine"} <= {word.arg for word in call.keywords}
        and "scanner" not in {w.arg for w in call.keywords}
    ]


def test_every_judgement_of_the_product_names_its_scanner(root: Path) -> None:
    files = [path for package in PRODUCT for path in sorted((root / package).rglob("*.py"))]
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}
    assert not {name: lines for name, text in texts.items() if (lines := _unscanned(text))}
    assert sum("scanner=" in text and "judge(" in text for text in texts.values()) >= 2


def test_one_that_forgets_would_be_seen() -> None:
    assert _unscanned("judge(files, profile='safety', engine=engine)") == [1]
    assert not _unscanned("judge(files, profile='safety', engine=engine, scanner=None)")
