"""Ref names and trees agree with git's own rules, over names and contents that nobody picked by hand."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.github.git.objects import Signature
from simulators.github.git.refs import RefConflictError, good_name
from simulators.github.git.repository import Repository

NAMES = st.text(alphabet="ab./-@{~^: \\*[lock", min_size=1, max_size=12)
PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a-b", "z"]), min_size=1, max_size=3).map("/".join)
CALM = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.checklist("S22")
@CALM
@given(NAMES)
def test_a_name_that_git_refuses_is_refused(name: str) -> None:
    ref = f"refs/heads/{name}"
    known = subprocess.run(["git", "check-ref-format", ref], check=False).returncode == 0
    assert known or not good_name(ref)
    # Stricter than git in one point: a part that begins with a dash reads like an option.
    assert good_name(ref) or not known or "/-" in ref


@CALM
@given(st.dictionaries(PATHS, st.binary(max_size=20), max_size=8))
def test_a_tree_reads_back_as_it_was_written(tmp_path: Path, files: dict[str, bytes]) -> None:
    kept = {path: data for path, data in files.items() if not any(path.startswith(f"{other}/") for other in files)}
    shutil.rmtree(tmp_path / "r.git", ignore_errors=True)
    repository = Repository.create(tmp_path / "r.git", "main")
    tree = repository.write_files(None, kept)
    found = repository.files(tree)
    assert {path: repository.objects.blob(entry.sha) for path, entry in found.items()} == kept
    fsck = subprocess.run(["git", "fsck", "--strict"], cwd=repository.git_dir, capture_output=True, check=False)
    assert fsck.returncode == 0, fsck.stderr


def test_a_ref_moves_only_from_where_it_was(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "r.git", "main")
    person = Signature("a", "a@example.com", 1)
    tree = repository.write_files(None, {"a": b"1"})
    first = repository.objects.write_commit(tree, [], person, person, "one")
    second = repository.objects.write_commit(tree, [first], person, person, "two")
    repository.refs.swap("refs/heads/main", None, first)
    for old in (None, second):
        with pytest.raises(RefConflictError):
            repository.refs.swap("refs/heads/main", old, second)
    with pytest.raises(RefConflictError):
        repository.refs.swap("refs/heads/main/below", None, second)
    repository.refs.swap("refs/heads/main", first, second)
    assert repository.refs.all() == {"refs/heads/main": second}
    repository.refs.swap("refs/heads/a/b/c", None, first)
    repository.refs.drop("refs/heads/a/b/c", first)
    repository.refs.swap("refs/heads/a", None, first)
    assert repository.is_ancestor(first, second)
    assert not repository.is_ancestor(second, first)
    assert repository.merge_base(first, second) == first
