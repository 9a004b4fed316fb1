"""No transaction is open during an outside call, and no table is made but by a migration (design law 7)."""

import ast
from collections.abc import Iterator

import pytest

# Modules that reach outside: GitHub, storage, the model, a child process, the network.
OUTSIDE = (
    "bot.github",
    "registry.storage",
    "generator",
    "gate.judge",
    "gate.engines",
    "httpx",
    "subprocess",
    "anthropic",
    "rq",
)
# Plain values of those packages may be built anywhere.
VALUES = (
    "bot.github.values",
    "bot.github.errors",
    "generator.brief",
    "generator.request",
    "generator.spending",
    "registry.storage.values",
    "registry.storage.errors",
)
# What such objects are called where they are passed in.
OUTSIDE_NAMES = {"github", "gateway", "storage", "writer", "engine_client", "judge"}


def _is_unit_of_work(item: ast.withitem) -> bool:
    call = item.context_expr
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"unit_of_work", "read", "write"}
    )


def _imported(tree: ast.Module) -> dict[str, str]:
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({(alias.asname or alias.name.split(".")[0]): alias.name for alias in node.names})
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update({(alias.asname or alias.name): f"{node.module}.{alias.name}" for alias in node.names})
    return names


def _reaches_outside(call: ast.Call, imported: dict[str, str]) -> bool:
    chain = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        chain.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return False
    chain.append(node.id)
    origin = imported.get(node.id, "")
    if origin:
        inside = any(origin == module or origin.startswith(f"{module}.") for module in VALUES)
        return not inside and any(origin == module or origin.startswith(f"{module}.") for module in OUTSIDE)
    return bool(OUTSIDE_NAMES & {part.strip("_") for part in chain})


def outside_calls_in_transactions(tree: ast.Module) -> Iterator[int]:
    """The lines of calls that reach outside while a unit of work is open."""
    imported = _imported(tree)
    for block in ast.walk(tree):
        if isinstance(block, ast.With) and any(_is_unit_of_work(item) for item in block.items):
            for statement in block.body:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Call) and _reaches_outside(node, imported):
                        yield node.lineno


def test_no_outside_call_is_made_inside_a_unit_of_work(product) -> None:
    assert not [f"{one.path}:{line}" for one in product for line in outside_calls_in_transactions(one.tree)]


@pytest.mark.parametrize(
    "code",
    [
        "from bot.github.gateway import open_pull\nwith db.unit_of_work() as session:\n    open_pull(session)",
        "with db.unit_of_work() as session:\n    if True:\n        context.github.create_ref()",
        "import httpx\nwith database.read() as session:\n    httpx.get('x')",
        "def f(self):\n    with self.db.unit_of_work() as s:\n        self._storage.put('x', b'')",
    ],
)
def test_an_outside_call_would_be_seen(code: str) -> None:
    assert list(outside_calls_in_transactions(ast.parse(code)))


def test_a_call_before_or_after_is_fine() -> None:
    code = "with db.read() as s:\n    x = rows.get(s)\nstorage.put(x)\nwith db.unit_of_work() as s:\n    rows.set(s)"
    assert not list(outside_calls_in_transactions(ast.parse(code)))


def test_tables_are_made_by_migrations_only(sources) -> None:
    wanted = "create" + "_all"
    assert not [one.path for one in sources if wanted in one.text]


def test_services_never_commit(product) -> None:
    """Commit only at the edge: `core/db.py` does it, at the end of a unit of work."""
    edges = {"core/db.py", "migrations/env.py"}
    commits = [
        f"{one.path}:{node.lineno}"
        for one in product
        if one.path not in edges and one.package != "simulators"
        for node in ast.walk(one.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"session", "s"}
    ]
    assert not commits
