"""Templates of one's own: begun, read, and refused with what is wrong in them."""

from pathlib import Path

import pytest

from core.errors import UserError
from generator.catalogue import built_in
from generator.own_templates import read_own, skeleton
from generator.request import Ask
from generator.template_writer import TemplateWriter
from terrasmith.module_folder import write_files


def _begun(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    write_files(folder, skeleton(name))
    return folder


@pytest.mark.parametrize("name", ["aws-cache", "terraform-naming-rules", "unheardof-thing"])
def test_what_is_begun_is_a_template_that_a_request_finds(tmp_path: Path, name: str) -> None:
    _begun(tmp_path, name)
    templates = read_own(tmp_path)
    assert [template.folder for template in templates] == [name]
    proposal = TemplateWriter(templates).propose(Ask(templates[0].example, None, None, "acme"))
    assert proposal.source == f"template:{name}"
    assert {"main.tf", "versions.tf", "examples/minimal/main.tf"} <= set(proposal.files)


@pytest.mark.parametrize("name", ["", "cache", "AWS-cache", "aws-", "aws-../x", "aws-cache/..", "-", "aws-cache-"])
def test_a_name_that_is_none_is_told_what_one_is(name: str) -> None:
    with pytest.raises(UserError, match="such as `aws-cache`"):
        skeleton(name)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "Cache"\n', "", "lacks `title`"),
        ("[match]", "[match", "cannot be read"),
        ('name = "cache"\n', 'name = "other"\n', "must be called aws-other"),
        ('name = "cache"\n', 'options = 3\nname = "cache"\n', "is wrong"),
    ],
)
def test_a_broken_one_is_refused_with_its_folder_and_the_reason(tmp_path: Path, old: str, new: str, told: str) -> None:
    about = _begun(tmp_path, "aws-cache") / "template.toml"
    text = about.read_text()
    assert old in text
    about.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=told) as raised:
        read_own(tmp_path)
    assert "aws-cache` is no template" in raised.value.message


def test_a_folder_without_any_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="templates new"):
        read_own(tmp_path)
    with pytest.raises(UserError, match="is not a folder"):
        read_own(tmp_path / "nowhere")


def test_the_built_in_ones_can_be_read_as_ones_own() -> None:
    folder = Path(__file__).parents[3] / "generator" / "templates"
    assert read_own(folder) == built_in()
