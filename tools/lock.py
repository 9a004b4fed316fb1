"""Resolves pyproject.toml into the three lock files: one resolution for all, every platform, every file by hash.

The demo runs what was tested: a smaller lock names a bigger one's versions (tests/architecture/test_locks.py).
Pins that still fit are kept; `make lock ARGS=--upgrade` moves them.
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
        uv = str(Path(sys.executable).parent / "uv")
        command = [uv, "pip", "compile", *OPTIONS, "pyproject.toml", *extra, "--output-file", name, *sys.argv[1:]]
        subprocess.run(command, cwd=ROOT, check=True)
        print(f"{name}: {sum(1 for line in (ROOT / name).read_text().splitlines() if line[:1].isalnum())} packages")


if __name__ == "__main__":
    main()
