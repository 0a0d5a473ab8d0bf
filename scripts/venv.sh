#!/bin/sh
# Makes .venv with one lock file installed, unless that is done already: scripts/venv.sh requirements.txt
# The locks are supersets of each other (tests/test_locks.py), so a larger one also counts as the smaller ones.
set -eu
cd "$(dirname "$0")/.."

case "${1-}" in
    requirements.txt) covers="requirements.txt" ;;
    requirements-test.txt) covers="requirements.txt requirements-test.txt" ;;
    requirements-dev.txt) covers="requirements.txt requirements-test.txt requirements-dev.txt" ;;
    *) echo "Usage: scripts/venv.sh requirements.txt | requirements-test.txt | requirements-dev.txt" >&2; exit 2 ;;
esac
lock=$1

fail() {
    echo "$1" >&2
    exit 2
}

# A version manager leaves commands on the path that do not run, so each candidate is tried, not looked up.
# Prints two lines: the interpreter outside any virtual environment, and what a .venv made by it depends on.
ask='
import sys
if sys.version_info < (3, 11):
    sys.exit(1)
print(getattr(sys, "_base_executable", sys.executable))
print(sys.version.split()[0], sys.base_prefix)
'
answer=""
for candidate in python3 python3.13 python3.12 python3.11; do
    if answer=$("$candidate" -c "$ask" 2>/dev/null); then
        break
    fi
    answer=""
done
[ -n "$answer" ] || fail "Python 3.11 or newer is needed and was not found. On Debian and Ubuntu: sudo apt install python3 python3-venv"
python=$(echo "$answer" | sed -n 1p)
made_with="$(echo "$answer" | sed -n 2p) $PWD"

digest() {
    "$python" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"
}

recorded() {
    [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# A moved folder, another Python, or a .venv that was never finished: begin anew. The last test catches a Python that was removed.
if ! recorded .venv/.made-with "$made_with" || ! .venv/bin/python -c "" 2>/dev/null; then
    rm -rf .venv
    if ! said=$("$python" -m venv .venv 2>&1); then
        rm -rf .venv # venv leaves bin/python behind even when it fails
        if "$python" -c "import ensurepip; ensurepip.version()" 2>/dev/null; then
            fail "The virtual environment could not be made:
$said"
        fi
        # Debian keeps ensurepip in python3-venv; a pip that is already on the machine can do its work from outside.
        "$python" -m pip --version >/dev/null 2>&1 ||
            fail "Python's venv module is not complete on this machine. Install it with: sudo apt install python3-venv"
        if ! said=$("$python" -m venv --without-pip .venv 2>&1); then
            rm -rf .venv
            fail "The virtual environment could not be made. Try: sudo apt install python3-venv
$said"
        fi
    fi
    echo "$made_with" >.venv/.made-with
fi

if recorded ".venv/.installed-$lock" "$(digest "$lock")"; then
    exit 0
fi

pip() {
    if .venv/bin/python -c "import pip" 2>/dev/null; then
        .venv/bin/python -m pip "$@"
    else
        "$python" -m pip --python .venv/bin/python "$@"
    fi
}

echo "Installing $lock into .venv …"
rm -f .venv/.installed-*
if ! said=$(pip install --quiet --no-input --disable-pip-version-check --require-hashes -r "$lock" 2>&1); then
    fail "The packages of $lock could not be installed:
$said"
fi
# Written last, so that an interrupted installation is taken up again.
for covered in $covers; do
    digest "$covered" >".venv/.installed-$covered"
done
