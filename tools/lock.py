"""Resolves pyproject.toml into three lock files: one resolution for all, every platform, every file by hash.

The demo runs what was tested: a smaller lock names a bigger one's versions (tests/architecture/test_locks.py).
Pins that still fit are kept; `make lock ARGS=--upgrade` moves them. Checkov has a lock and an environment of its own:
it would take older versions of what the application uses, and overwrite two of its packages.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.lock": [],
    "requirements-embedded.lock": ["--extra", "embedded"],
    "requirements-dev.lock": ["--extra", "embedded", "--extra", "dev"],
}
CHECKOV = "checkov>=3.3.30,<3.4"
OPTIONS = [
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-strip-extras",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-config",
    "--python-version=3.11",
    "--quiet",
]


def main() -> None:
    for name, extra in LOCKS.items():
        _compile(name, "pyproject.toml", *extra)
    _compile("requirements-checkov.lock", "-", asked=CHECKOV)


def _compile(name: str, *sources: str, asked: str = "") -> None:
    uv = str(Path(sys.executable).parent / "uv")
    command = [uv, "pip", "compile", *OPTIONS, *sources, "--output-file", name, *sys.argv[1:]]
    subprocess.run(command, cwd=ROOT, check=True, input=asked, text=True)
    print(f"{name}: {sum(1 for line in (ROOT / name).read_text().splitlines() if line[:1].isalnum())} packages")


if __name__ == "__main__":
    main()
