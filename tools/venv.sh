#!/bin/sh
# Makes .venv hold what one lock file says: tools/venv.sh embedded|dev. Quiet and quick when it already does.
# Needs Python 3.11 or newer and nothing else; takes nothing from the caller's environment but where pip finds packages.
set -eu

want=$1
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV VIRTUAL_ENV || true
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null 2>&1 && new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "none at all")
    say "Terrasmith needs Python 3.11 or newer; found here: $found."
    say "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python) and try again."
    exit 1
}

make_environment() {
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        say "This $("$python" --version) cannot make virtual environments: its venv or ensurepip module is missing."
        say "Debian and Ubuntu keep them apart: apt-get install python3-venv, then try again."
        exit 1
    fi
    rm -rf .venv
    "$python" -m venv .venv
}

# A stamp for each lock, named by the contents of the lock and of pyproject.toml (our own entry points stand there).
stamp() { .venv/bin/python -c '
import hashlib, pathlib, sys
digest = hashlib.sha256()
for name in sys.argv[2:]:
    digest.update(pathlib.Path(name).read_bytes())
print(f".venv/terrasmith-{sys.argv[1]}-{digest.hexdigest()[:16]}")' "$1" "requirements-$1.lock" pyproject.toml; }

if ! { [ -x .venv/bin/python ] && new_enough .venv/bin/python; }; then
    make_environment
fi
# Everything that the demo needs is in the developers' lock too, in the same versions (tests/architecture/test_locks.py).
for ready in "$want" dev; do
    if [ -e "$(stamp "$ready")" ]; then
        exit 0
    fi
done

say "Installing what requirements-$want.lock names into .venv (once; a minute or so) …"
pip() { .venv/bin/python -m pip -qq --disable-pip-version-check --no-input "$@"; }
# The lock is the whole list, so pip resolves nothing; `check` has the last word.
pip install --require-hashes --no-deps --no-build-isolation --requirement "requirements-$want.lock"
pip install --no-deps --no-build-isolation --no-index --editable .
pip check
rm -f .venv/terrasmith-"$want"-*
touch "$(stamp "$want")"
