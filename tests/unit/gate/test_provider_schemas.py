"""Schemas of providers: asked of the engine once, kept whole, and never believed when somebody else wrote them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gate.phases import Bench
from gate.process import Completed
from gate.provider_schemas import keep, load, provider_schemas
from gate.providers import BUILTIN, NeededProvider
from gate.workspace import Workspace
from tfmodule.hcl import parse
from tfmodule.schema_index import index

AWS = "registry.terraform.io/hashicorp/aws"
DESCRIBED = {"resource_schemas": {"aws_x": {"block": {"attributes": {"a": {"type": "string", "optional": True}}}}}}
LOCK = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.100.0"\n}\n'

PARSED = {"main.tf": parse("main.tf", b'resource "aws_x" "this" {}\n')}


class Asked:
    """An engine that knows one answer, and counts."""

    def __init__(self, answer: Completed) -> None:
        self.answer = answer
        self.times = 0

    def run(self, arguments: Sequence[str], *, directory: str, deadline: float) -> Completed:
        assert list(arguments) == ["providers", "schema", "-json"]
        self.times += 1
        return self.answer


def bench(folder: Path, asked: Asked, lock: str | None = LOCK, *, aws: bool = True) -> Bench:
    (folder / "work").mkdir(exist_ok=True)
    if lock is not None:
        (folder / "work" / ".terraform.lock.hcl").write_text(lock)
    providers = (NeededProvider(AWS if aws else BUILTIN, "x", "main.tf", 1),)
    place = Workspace(folder, folder / "work", {}, folder)
    return Bench(place, asked, "terraform", "1.11.4", "house", {}, PARSED, providers, (), 60.0, 1e12)


def answer(described: object) -> Completed:
    return Completed(0, json.dumps({"provider_schemas": described}), "", 1.0)


def test_each_version_is_asked_for_once(tmp_path: Path) -> None:
    asked = Asked(answer({AWS: DESCRIBED}))
    for _ in range(2):
        schemas = provider_schemas(bench(tmp_path, asked), tmp_path / "cache")
        assert schemas is not None and schemas.find("resource", "aws_x") is not None
    assert asked.times == 1
    other = LOCK.replace("5.100.0", "6.0.0")
    assert provider_schemas(bench(tmp_path, asked, other), tmp_path / "cache") is not None
    assert asked.times == 2


def test_without_a_provider_nobody_is_asked(tmp_path: Path) -> None:
    asked = Asked(answer({}))
    schemas = provider_schemas(bench(tmp_path, asked, None, aws=False), tmp_path / "cache")
    assert schemas is not None and schemas.providers == () and asked.times == 0


def test_a_provider_that_is_lent_stands_in_no_lock_file(tmp_path: Path) -> None:
    asked = Asked(answer({AWS: DESCRIBED}))
    assert provider_schemas(bench(tmp_path, asked, None), tmp_path / "cache") is None
    (tmp_path / AWS / "5.100.0").mkdir(parents=True)
    schemas = provider_schemas(bench(tmp_path, asked, None), tmp_path / "cache")
    assert schemas is not None and [one.version for one in schemas.providers] == ["5.100.0"]


@pytest.mark.parametrize(
    "said",
    [Completed(1, "", "died", 1.0), Completed(0, "no json", "", 1.0), Completed(None, "", "", 1.0, "time"), answer({})],
)
def test_an_engine_that_cannot_say_leaves_it_open(tmp_path: Path, said: Completed) -> None:
    assert provider_schemas(bench(tmp_path, Asked(said)), tmp_path / "cache") is None


@pytest.mark.parametrize("version", ["../../x", "", "a/b", "5.0.0\n", "x" * 300])
def test_a_version_that_is_no_file_name_is_not_kept(tmp_path: Path, version: str) -> None:
    keep(tmp_path / "cache", index(AWS, version, DESCRIBED))
    assert load(tmp_path / "cache", AWS, version) is None
    assert list(tmp_path.rglob("*.schema")) == []


def test_what_cannot_be_read_counts_as_not_kept(tmp_path: Path) -> None:
    keep(tmp_path, index(AWS, "5.100.0", DESCRIBED))
    [place] = tmp_path.rglob("*.schema")
    assert load(tmp_path, AWS, "5.100.0") is not None
    place.write_bytes(b"rubbish of another length")
    assert load(tmp_path, AWS, "5.100.0") is None
    place.unlink()
    place.write_bytes(index(AWS, "5.99.0", DESCRIBED).to_bytes())
    assert load(tmp_path, AWS, "5.100.0") is None, "a file that says it is another version"


def test_a_cache_that_cannot_be_written_is_only_slow(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    asked = Asked(answer({AWS: DESCRIBED}))
    for _ in range(2):
        assert provider_schemas(bench(tmp_path, asked), tmp_path / "cache") is not None
    assert asked.times == 2
