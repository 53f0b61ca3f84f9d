#!/bin/sh
# Makes the virtual environment $1 with a Python this project supports, or says what is missing.
# PYTHON names one; otherwise the first that fits is taken.
set -eu
venv=$1
fits='import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

if [ -x "$venv/bin/python" ]; then
    "$venv/bin/python" -c "$fits" && exit 0
    echo "$venv has a Python this project does not support (3.11 to 3.13): run 'make clean' first." >&2
    exit 1
fi

found=
for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    if "$candidate" -c "$fits" 2>/dev/null; then
        found=$candidate
        break
    fi
done

if [ -z "$found" ]; then
    echo "No Python 3.11, 3.12 or 3.13 here${PYTHON:+ (PYTHON=$PYTHON is none)}." >&2
    echo "Install one, or say where it is: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
fi
if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$("$found" --version) has no ensurepip, so it cannot make a virtual environment." >&2
    echo "On Debian and Ubuntu: apt install python3-venv. Or use another: make setup PYTHON=..." >&2
    exit 1
fi
exec "$found" -m venv "$venv"
