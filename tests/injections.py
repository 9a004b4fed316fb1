"""The corpus of injections: what strangers and models write to make us do something else."""

import tomllib
from pathlib import Path

CANARY = "CANARY"
_CORPUS = tomllib.loads((Path(__file__).parent / "corpora" / "injections.toml").read_text(encoding="utf-8"))

SAID: list[str] = _CORPUS["said"]
FIELD: list[str] = _CORPUS["field"]
PATH: list[str] = _CORPUS["path"]
CODE: list[dict[str, str]] = _CORPUS["code"]
