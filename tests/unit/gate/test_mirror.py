"""Where providers are looked for: an explicit setting, Terraform's own places, then a bounded search."""

from pathlib import Path

import pytest

from gate.mirror import REGISTRY_HOST, find_mirror, versions_in


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def make(directory: Path) -> Path:
    (directory / REGISTRY_HOST).mkdir(parents=True)
    return directory.resolve()


def test_an_explicit_mirror_is_never_second_guessed(tmp_path: Path, home: Path) -> None:
    make(home / ".terraform.d/plugins")
    (tmp_path / "mine").mkdir()
    assert find_mirror(tmp_path / "mine", home=home, roots=()) == (tmp_path / "mine").resolve()
    assert find_mirror(tmp_path / "missing", home=home, roots=()) is None


@pytest.mark.parametrize("place", [".terraform.d/plugins", ".local/share/terraform/plugins"])
def test_terraforms_own_places_come_next(home: Path, tmp_path: Path, place: str) -> None:
    make(tmp_path / "opt/other")
    own = make(home / place)
    assert find_mirror(None, home=home, roots=[tmp_path / "opt"]) == own


def test_the_search_is_bounded_in_depth_and_follows_no_link(tmp_path: Path, home: Path) -> None:
    root = tmp_path / "opt"
    far = make(root / "a/b/c")
    assert find_mirror(None, home=home, roots=[root]) is None
    (root / "link").symlink_to(far)
    assert find_mirror(None, home=home, roots=[root]) is None
    near = make(root / "x/y")
    assert find_mirror(None, home=home, roots=[tmp_path / "none", root]) == near


def test_versions_of_both_layouts(tmp_path: Path) -> None:
    directory = tmp_path / REGISTRY_HOST / "hashicorp/aws"
    (directory / "5.100.0/linux_amd64").mkdir(parents=True)
    (directory / "terraform-provider-aws_5.99.0_linux_amd64.zip").touch()
    (directory / "index.json").touch()
    assert versions_in(tmp_path, f"{REGISTRY_HOST}/hashicorp/aws") == ("5.100.0", "5.99.0")
    assert versions_in(tmp_path, f"{REGISTRY_HOST}/hashicorp/none") == ()
    assert versions_in(None, f"{REGISTRY_HOST}/hashicorp/aws") == ()
    assert versions_in(tmp_path, "nonsense") == ()
