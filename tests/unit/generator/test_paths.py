"""The allow-list for a model's files (S18, G24)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.paths import MAX_FILE_BYTES, MAX_FILES, accept


@pytest.mark.parametrize(
    "path",
    [
        "main.tf",
        "flow_logs.tf",
        "modules/inner/main.tf",
        "examples/minimal/main.tf",
        "tests/main.tftest.hcl",
        "tests/setup/main.tf",
        "templates/user-data.sh.tftpl",
    ],
)
def test_files_of_a_module_are_kept(path: str) -> None:
    assert accept([(path, "# text\n")]) == ({path: b"# text\n"}, ())


@pytest.mark.checklist("S18", "G24")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../main.tf",
        "examples/../main.tf",
        "./main.tf",
        ".git/config",
        ".github/workflows/ci.yml",
        ".GitHub/workflows/ci.yml",
        ".gitlab-ci.yml",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        ".terraformrc",
        "terraform.tfvars",
        "main.tf.json",
        "override.tf\n",
        "main.tf\x00",
        "ma\u202ein.tf",
        "m\u00e4in.tf",
        "a/b/c/d.tf",
        "run.sh",
        "Makefile",
        "C:main.tf",
        "con.tf",
        "-rf.tf",
        "a" * 300 + ".tf",
    ],
)
def test_everything_else_is_refused_with_a_reason(path: str) -> None:
    kept, refused = accept([(path, "x"), ("main.tf", "y")])
    assert kept == {"main.tf": b"y\n"}
    assert len(refused) == 1
    assert refused[0].isprintable()


@pytest.mark.checklist("S18")
def test_names_that_collide_where_case_is_ignored_are_refused() -> None:
    kept, refused = accept([("main.tf", "a"), ("Main.tf", "b"), ("main.tf", "c")])
    assert kept == {"main.tf": b"a\n"}
    assert len(refused) == 2


@pytest.mark.checklist("S18")
def test_size_and_count_are_limited() -> None:
    assert accept([("main.tf", "x" * (MAX_FILE_BYTES + 1))])[0] == {}
    kept, refused = accept((f"f{number}.tf", "x") for number in range(1000))
    assert len(kept) == MAX_FILES
    assert len(refused) <= MAX_FILES
    kept, _ = accept((f"f{number}.tf", "x" * MAX_FILE_BYTES) for number in range(20))
    assert sum(map(len, kept.values())) <= 512 * 1024 + 60


def test_our_own_files_are_left_to_us_without_a_word() -> None:
    assert accept([("README.md", "# mine"), ("license", "mine"), ("CHANGELOG.md", "")]) == ({}, ())


@pytest.mark.checklist("S17")
def test_invisible_characters_leave_the_content() -> None:
    text = "# a\u202eb\u200bc\U000e0041d\ufe0fe\x07f\r\n\tg\n\n\n"
    assert accept([("main.tf", text)])[0] == {"main.tf": b"# abcdef\n\tg\n"}


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=20))
def test_any_answer_is_survived(files: list[tuple[str, str]]) -> None:
    kept, _ = accept(files)
    assert all(".." not in path and not path.startswith((".", "/")) for path in kept)
