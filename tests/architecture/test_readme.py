"""What the documents tell people to type exists, what they link to is there, and the README leads with the two commands."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer

DOCUMENTS = ("*.md", "docs/**/*.md", "deploy/**/*.md", ".github/**/*.md")


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[str, str]:
    found = {path for pattern in DOCUMENTS for path in root.glob(pattern) if ".venv" not in path.parts}
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in found}


@pytest.fixture(scope="module")
def targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def command_line() -> click.Command:
    from cli.main import app

    return typer.main.get_command(app)


def typed(text: str) -> list[str]:
    """Every line of a shell block, and every inline `make …` or `terrasmith …`."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in (*lines, *re.findall(r"`((?:make|terrasmith) [^`\n]+)`", text)) if line.strip()]


def wrong(line: str, targets: set[str], command_line: click.Command) -> bool:
    words = shlex.split(line, comments=True)
    if words[:1] == ["make"]:
        return any(word not in targets for word in words[1:] if "=" not in word and not word.startswith("-"))
    if words and Path(words[0]).name == "terrasmith":
        return not _understands(command_line, words[1:])
    return False


def _understands(command: click.Command, words: list[str]) -> bool:
    for index, word in enumerate(words):
        if word == "--help":
            return True
        if isinstance(command, click.Group) and not word.startswith("--"):
            if word not in command.commands:
                return "|" in word and all(part in command.commands for part in word.split("|"))
            command = command.commands[word]
            continue
        known = {text for param in command.params for text in (*param.opts, *param.secondary_opts)}
        return all(rest.split("=")[0] in known for rest in words[index:] if rest.startswith("--"))
    return True


def test_every_command_in_a_document_exists(
    documents: dict[str, str], targets: set[str], command_line: click.Command
) -> None:
    offences = [
        f"{name}: {line}" for name, text in documents.items() for line in typed(text) if wrong(line, targets, command_line)
    ]
    assert not offences


def test_a_command_that_does_not_exist_would_be_seen(targets: set[str], command_line: click.Command) -> None:
    lines = typed("Run `make dmeo` or:\n```sh\nterrasmith serve --port 80\nterrasmith web --prot 80\nmake test\n```\n")
    assert [wrong(line, targets, command_line) for line in lines] == [True, True, False, True]


def test_the_readme_leads_with_the_two_commands(documents: dict[str, str]) -> None:
    first_block = re.search(r"^```sh\n(.*?)^```", documents["README.md"], re.MULTILINE | re.DOTALL)
    assert first_block
    assert [line.split("#")[0].split()[:2] for line in first_block.group(1).splitlines()] == [["make", "demo"], ["make", "test"]]
    assert documents["README.md"].index("```sh") < 1500


def test_every_link_leads_somewhere(documents: dict[str, str], root: Path) -> None:
    missing = []
    for name, text in documents.items():
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)):
            if "://" not in target and not ((root / name).parent / target).exists():
                missing.append(f"{name}: {target}")
    assert not missing


def test_every_file_that_a_document_names_exists(documents: dict[str, str], root: Path, files: tuple[str, ...]) -> None:
    """A path in backticks that starts with a folder of ours is a promise; `<…>` and `*` mark a pattern."""
    folders = {name.split("/")[0] for name in files if "/" in name}
    missing = []
    for name, text in documents.items():
        for path in re.findall(r"`([\w.-]+/[\w./-]*\w)`", text):
            if path.split("/")[0] in folders and not (root / path).exists():
                missing.append(f"{name}: {path}")
    assert not missing
