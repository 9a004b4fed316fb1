"""Names: none that says nothing, none that says something else, and a kernel that does not grow by itself."""

import re
from pathlib import Path

FORBIDDEN = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "base",
    "manager",
    "managers",
    "misc",
    "lib",
    "shared",
    "stuff",
}

# The kernel grows by decision only: docs/decisions/0008 says what may join it.
KERNEL = {
    "__init__", "cache", "changes", "clock", "db", "doorbell", "errors", "events", "ids", "jobs", "limits", "log",
    "migrate", "models", "outbox", "redis", "secrets", "settings", "telemetry",
}  # fmt: skip


def _speechless(path: str) -> bool:
    parts = [Path(part).stem.strip("_") for part in path.split("/")]
    return any(word in FORBIDDEN for part in parts for word in (part, *part.split("_")))


def test_no_file_is_called_by_a_name_that_says_nothing(sources) -> None:
    assert not [source.path for source in sources if _speechless(source.path)]


def test_a_name_that_says_nothing_would_be_seen() -> None:
    assert _speechless("bot/utils.py")
    assert _speechless("web/http_helpers.py")
    assert _speechless("registry/common/paths.py")
    assert not _speechless("core/outbox.py")


def test_the_kernel_is_a_closed_list(product) -> None:
    found = {Path(source.path).stem for source in product if source.package == "core"}
    assert found <= KERNEL, f"core grew by {sorted(found - KERNEL)}: write a decision record first"


def test_every_file_opens_with_what_it_knows(product) -> None:
    """One or two sentences at the top: design §8. A file with no statement needs none."""
    import ast

    assert not [source.path for source in product if source.tree.body and not ast.get_docstring(source.tree)]


def test_jobs_are_verb_phrases(product) -> None:
    jobs = [Path(source.path).stem for source in product if re.fullmatch(r"workers/jobs/\w+\.py", source.path)]
    assert not [name for name in jobs if re.search(r"(^|_)(task|worker|manager|handler)s?$", name)]
