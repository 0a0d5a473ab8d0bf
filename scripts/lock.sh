#!/bin/sh
# Maintainers only: writes the three lock files from pyproject.toml. Needs `uv`; installing from the locks does not.
set -eu
cd "$(dirname "$0")/.."
lock() {
    out=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links "$@" pyproject.toml --output-file "$out"
}
lock requirements.txt
lock requirements-test.txt --extra test --constraint requirements.txt
lock requirements-dev.txt --extra test --extra dev --constraint requirements-test.txt
