#!/bin/sh
# Prints the first Python on PATH that is 3.10 or newer and can make virtual environments; fails with the way out.
for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10 python; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        command -v "$name"
        exit 0
    fi
done
echo "Python 3.10 or newer with its venv module is needed (Debian: apt install python3-venv)." >&2
echo "If it is installed under another name: make PYTHON=/path/to/python ..." >&2
exit 1
