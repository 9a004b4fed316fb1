"""The whole road, from `/generate` on an issue to `terraform init`, as a visitor walks it."""

import re
from pathlib import Path

import httpx
import pytest

from gate.mirror import find_mirror, versions_in
from tests.living_system import System, assert_single_effects, kill, play, until

BUILTIN = "a label module for consistent names and tags"
AWS = "an S3 bucket with versioning and encryption"
VERSIONS = ("0.1.0", "0.2.0")


@pytest.mark.checklist("P-01", "T-22", "G23", "G30")
def test_the_story_and_a_flipped_byte(system: System, tmp_path: Path):
    story = system.story(tmp_path, f"{BUILTIN} --repo terraform-terraform-story")
    play(story)
    system.rest()
    assert_single_effects(system, story, VERSIONS)
    commit = system.writer.get(f"/repos/acme/terraform-terraform-story/commits/{story.facts['pull']['head']['sha']}")
    assert commit["commit"]["verification"]["verified"]

    block = re.sub(r'version *= "[^"]*"', 'version = "0.1.0"', story.facts["block"])
    archive = stored_archive(system, "acme/story/terraform", "0.1.0")
    whole = archive.read_bytes()
    middle = len(whole) // 2
    archive.chmod(0o600)
    archive.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    for process in (one for name, one in system.children().items() if name.startswith("web")):
        kill(process)  # they know the whole bytes by heart
    until(system.serves, "the registry to be back")
    try:
        code, said = init(system, tmp_path / "flipped", block)
        assert code != 0
        assert "checksum" in said.lower()
    finally:
        archive.write_bytes(whole)
    code, said = init(system, tmp_path / "whole", block)
    assert code == 0, said


def test_the_story_on_postgres(postgres_url: str, tmp_path: Path):
    system = System(tmp_path / "data", DATABASE_URL=postgres_url)
    try:
        story = system.story(tmp_path, BUILTIN)
        play(story)
        system.rest()
        assert_single_effects(system, story, VERSIONS)
        assert system.violations() == []
    finally:
        code = system.stop()
    assert code == 0
    assert not list((tmp_path / "data").glob("*.db*")), "SQLite was used beside Postgres"


def test_the_story_with_a_provider(system: System, tmp_path: Path):
    if not versions_in(find_mirror(None), "registry.terraform.io/hashicorp/aws"):
        pytest.skip("provider mirror: hashicorp/aws is not here")
    story = system.story(tmp_path, f"{AWS} --repo terraform-aws-story")
    play(story, second_version=False)  # every proof of it loads a provider of 700 MB
    system.rest()
    assert_single_effects(system, story, VERSIONS[:1])


def stored_archive(system: System, address: str, version: str) -> Path:
    headers = {"Authorization": f"Bearer {system.addresses.registry_token}"}
    reply = httpx.get(f"{system.addresses.modules_url}{address}/{version}/download", headers=headers)
    match = re.search(r"checksum=sha256:([0-9a-f]{64})", reply.headers["X-Terraform-Get"])
    assert match is not None
    [path] = (system.directory / "storage").rglob(f"{match[1]}*")
    return path


def init(system: System, folder: Path, block: str) -> tuple[int, str]:
    folder.mkdir()
    (folder / "main.tf").write_text(block, encoding="utf-8")
    return system.terraform.attempt(folder, "init", "-no-color", config=Path(system.addresses.cli_config))
