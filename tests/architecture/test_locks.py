"""The lock files: every package by hash, the same versions in all three, everything asked for is there."""

import re
import tomllib
from pathlib import Path

import pytest

LOCKS = ("requirements.lock", "requirements-embedded.lock", "requirements-dev.lock")


def _pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^ \\;]+)", text, re.MULTILINE))


def _unhashed(text: str) -> list[str]:
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return [block.split()[0] for block in blocks if re.match(r"[a-z0-9]", block) and "--hash=sha256:" not in block]


def _name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[ <>=!~;]", requirement)[0]).lower()


@pytest.mark.checklist("T-40")
@pytest.mark.parametrize("lock", [*LOCKS, "requirements-checkov.lock"])
def test_every_package_is_locked_by_hash(root: Path, lock: str) -> None:
    text = (root / lock).read_text(encoding="utf-8")
    assert len(_pins(text)) > 50
    assert not _unhashed(text)
    assert not re.search(r"^(--|-e )|https?://|git\+|@ ", text, re.MULTILINE), "an option or an address in a lock"


def test_a_package_without_hash_would_be_seen() -> None:
    assert _unhashed("good==1.0 \\\n    --hash=sha256:ab\nbad==2.0\n    # via good\n") == ["bad==2.0"]


def test_the_demo_runs_the_versions_that_were_tested(root: Path) -> None:
    runtime, embedded, dev = (_pins((root / lock).read_text(encoding="utf-8")) for lock in LOCKS)
    assert runtime.items() <= embedded.items() <= dev.items()


def test_all_that_is_asked_for_is_locked(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = list(project["dependencies"])
    for lock, extra in zip(LOCKS, (None, "embedded", "dev"), strict=True):
        asked += project["optional-dependencies"][extra] if extra else []
        pins = _pins((root / lock).read_text(encoding="utf-8"))
        assert not [name for name in map(_name, asked) if name not in pins]
