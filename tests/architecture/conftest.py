"""What the architecture tests look at: the files of this checkout, and the syntax trees of the product's Python."""

import ast
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "accounts", "bot", "core", "gate", "generator", "migrations",
    "registry", "simulators", "terrasmith", "tfmodule", "web", "workers",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.split("/")[0]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def packages() -> tuple[str, ...]:
    return PACKAGES


@pytest.fixture(scope="session")
def files() -> tuple[str, ...]:
    """Every file that is or may become part of the repository: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted({name for name in output.split("\0") if name and (ROOT / name).is_file()}))


@pytest.fixture(scope="session")
def sources(files: tuple[str, ...]) -> tuple[Source, ...]:
    """All our Python, tests included."""
    found = []
    for name in files:
        if name.endswith(".py"):
            text = (ROOT / name).read_text(encoding="utf-8")
            found.append(Source(name, text, ast.parse(text, name)))
    return tuple(found)


@pytest.fixture(scope="session")
def product(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """The Python that is installed."""
    return tuple(source for source in sources if source.package in PACKAGES)


@pytest.fixture(scope="session")
def front_door() -> Any:
    """The command `terrasmith` with every command below it, loaded."""
    from terrasmith.main import app

    found: Any = typer.main.get_command(app)
    found.commands = {name: later.load() for name, later in found.commands.items()}
    return found


@pytest.fixture(scope="session")
def understands(front_door: Any) -> Callable[[list[str]], bool]:
    """Whether words after `terrasmith` lead to a command that exists, with options it has. `a|b` stands for either."""

    def follow(command: Any, words: list[str]) -> bool:
        for index, word in enumerate(words):
            if word == "--help":
                return True
            commands = getattr(command, "commands", None)
            if commands is None or word.startswith("--"):
                known = {text for param in command.params for text in (*param.opts, *param.secondary_opts)}
                return all(rest.split("=")[0] in known for rest in words[index:] if rest.startswith("--"))
            if word not in commands:
                return "|" in word and all(part in commands for part in word.split("|"))
            command = commands[word]
        return True

    return lambda words: follow(front_door, words)
