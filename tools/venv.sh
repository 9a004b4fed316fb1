#!/bin/sh
# Makes an environment hold what one lock file says: tools/venv.sh embedded|dev into .venv, tools/venv.sh checkov into
# .venv-checkov, for Checkov and our application want different versions of the same things. Quick when it already does.
# Needs Python 3.11 or newer and nothing else; takes nothing from the caller's environment but where pip finds packages.
set -eu

want=$1
place=.venv
[ "$want" != checkov ] || place=.venv-checkov
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
    rm -rf "$place"
    "$python" -m venv "$place"
}

# A stamp for each lock, named by the contents of the lock and of pyproject.toml (our own entry points stand there).
stamp() { "$place/bin/python" -c '
import hashlib, pathlib, sys
digest = hashlib.sha256()
for name in sys.argv[3:]:
    digest.update(pathlib.Path(name).read_bytes())
print(f"{sys.argv[1]}/terrasmith-{sys.argv[2]}-{digest.hexdigest()[:16]}")' "$place" "$@"; }

ready() {
    if [ "$want" = checkov ]; then
        stamp checkov requirements-checkov.lock
        return
    fi
    # All that the demo needs is in the developers' lock too, in the same versions (tests/architecture/test_locks.py).
    for name in "$want" dev; do
        stamp "$name" "requirements-$name.lock" pyproject.toml
    done
}

if ! { [ -x "$place/bin/python" ] && new_enough "$place/bin/python"; }; then
    make_environment
fi
for one in $(ready); do
    if [ -e "$one" ]; then
        exit 0
    fi
done

say "Installing what requirements-$want.lock names into $place (once; a minute or so) …"
pip() { "$place/bin/python" -m pip -qq --disable-pip-version-check --no-input "$@"; }
# The lock is the whole list, so pip resolves nothing; `check` has the last word.
pip install --require-hashes --no-deps --no-build-isolation --requirement "requirements-$want.lock"
[ "$want" = checkov ] || pip install --no-deps --no-build-isolation --no-index --editable .
pip check
rm -f "$place"/terrasmith-"$want"-*
touch "$(ready | sed -n 1p)"
