"""What must never be in the repository: a machine's paths, package indexes, download links, keys, build output."""

import re
from pathlib import Path

import pytest

# Written with a gap in each word, so that this file does not find itself.
_PLACES = ("wo rk/(?:main|shared|coord|\\.)", "Us ers/\\w", "ho me/\\w", "opt/(?:py pi|whe els)")
_INDEXES = ("py pi\\.org", "pythonhost ed\\.org", "registry\\.npm js", "deb\\.deb ian", "proxy\\.gol ang")
_DOWNLOADS = ("releases/down load/", r"[^\s\"')]*\.(?:whl|deb|rpm|msi|dmg)")


def _any(words: tuple[str, ...]) -> str:
    return "(?:" + "|".join(word.replace(" ", "") for word in words) + ")"


FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.])/" + _any(_PLACES),
    "a package index": _any(_INDEXES),
    "a link to a download": r"https?://[^\s\"')]*/" + _any(_DOWNLOADS),
    "a private key": r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----\n[A-Za-z0-9+/]{60}",
}
# GitHub's own description is somebody else's text.
FOREIGN = ("simulators/github/openapi/",)


def _found(text: str) -> list[str]:
    return [f"{what}: {match.group()}" for what, pattern in FORBIDDEN.items() for match in re.finditer(pattern, text)]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_no_file_names_a_machine_an_index_or_a_download(root: Path, files: tuple[str, ...]) -> None:
    offences = []
    for name in files:
        if not name.startswith(FOREIGN):
            offences += [f"{name}: {found}" for found in _found(_text(root / name) or "")]
    assert not offences


@pytest.mark.parametrize(
    "text",
    [
        "cd /wo" + "rk/main",
        "/Us" + "ers/ada/src",
        "https://py" + "pi.org/x",
        "https://example.com/x/releases/down" + "load/v1/y",
        "https://example.com/tool-1.0.de" + "b",
    ],
)
def test_each_would_be_seen(text: str) -> None:
    assert _found(text)


def test_no_binary_and_no_large_file(root: Path, files: tuple[str, ...]) -> None:
    allowed = (*FOREIGN, "requirements", "docs/reference/openapi.json")  # the last two are made by commands
    large = [name for name in files if (root / name).stat().st_size > 150_000 and not name.startswith(allowed)]
    # Providers' schemas are a hundred times larger as text; tools/provider_schema.py writes the same bytes again.
    meant = (".png", ".svg", ".json.xz")
    binary = [name for name in files if _text(root / name) is None and not name.endswith(meant)]
    assert not large + binary


def test_no_build_output(files: tuple[str, ...]) -> None:
    assert not [
        name for name in files if re.search(r"(^|/)(__pycache__|node_modules|dist|\.terraform)/|\.pyc$|\.tfstate", name)
    ]
