"""What the documents tell people to type exists, what they link to is there, and the README leads with two commands."""

import re
import shlex
from pathlib import Path

import pytest

DOCUMENTS = ("*.md", "docs/**/*.md", "deploy/**/*.md", ".github/**/*.md")


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[str, str]:
    found = {path for pattern in DOCUMENTS for path in root.glob(pattern) if ".venv" not in path.parts}
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in found}


@pytest.fixture(scope="module")
def targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def typed(text: str) -> list[str]:
    """Every line of a shell block, and every inline `make …` or `terrasmith …`."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in (*lines, *re.findall(r"`((?:make|terrasmith) [^`\n]+)`", text)) if line.strip()]


def wrong(line: str, targets: set[str], understands) -> bool:
    words = shlex.split(line, comments=True)
    if words[:1] == ["make"]:
        return any(word not in targets for word in words[1:] if "=" not in word and not word.startswith("-"))
    if words and Path(words[0]).name == "terrasmith":
        return not understands(words[1:])
    return False


def test_every_command_in_a_document_exists(documents: dict[str, str], targets: set[str], understands) -> None:
    offences = [
        f"{name}: {line}"
        for name, text in documents.items()
        for line in typed(text)
        if wrong(line, targets, understands)
    ]
    assert not offences


def test_a_command_that_does_not_exist_would_be_seen(targets: set[str], understands) -> None:
    lines = typed("Run `make dmeo` or:\n```sh\nterrasmith serve --port 80\nterrasmith web --prot 80\nmake test\n```\n")
    assert [wrong(line, targets, understands) for line in lines] == [True, True, False, True]


def test_the_readme_leads_with_the_two_commands(documents: dict[str, str]) -> None:
    first_block = re.search(r"^```sh\n(.*?)^```", documents["README.md"], re.MULTILINE | re.DOTALL)
    assert first_block
    assert [line.split("#")[0].split()[:2] for line in first_block.group(1).splitlines()] == [
        ["make", "demo"],
        ["make", "test"],
    ]
    assert documents["README.md"].index("```sh") < 1500


def test_every_link_leads_somewhere(documents: dict[str, str], root: Path) -> None:
    missing = [
        f"{name}: {target}"
        for name, text in documents.items()
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", _prose(text))
        if "://" not in target and not ((root / name).parent / target).exists()
    ]
    assert not missing


def _prose(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def test_every_file_that_a_document_names_exists(documents: dict[str, str], root: Path, files: tuple[str, ...]) -> None:
    """A path in backticks that starts with a folder of ours is a promise; `<…>` and `*` mark a pattern."""
    folders = {name.split("/")[0] for name in files if "/" in name}
    missing = [
        f"{name}: {path}"
        for name, text in documents.items()
        for path in re.findall(r"`([\w.-]+/[\w./-]*\w)`", text)
        if path.split("/")[0] in folders and not (root / path).exists()
    ]
    assert not missing
