#!/usr/bin/env bash
# Installs this release into a folder of its own, from the lock file with its hashes; the caller's Python stays as it is.
set -euo pipefail
"$PYTHON" -m venv "$PLACE/venv"
"$PLACE/venv/bin/python" -m pip install --quiet --require-hashes --requirement "$SOURCE/requirements-embedded.lock"
"$PLACE/venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation "$SOURCE"
# Checkov cannot share that folder; its own beside it is found by its name.
"$PYTHON" -m venv "$PLACE/venv-checkov"
"$PLACE/venv-checkov/bin/python" -m pip install --quiet --no-deps --require-hashes --requirement "$SOURCE/requirements-checkov.lock"
