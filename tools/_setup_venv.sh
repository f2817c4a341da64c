#!/usr/bin/env bash
# Makes the virtual environment of a profile, unless it is up to date, and
# prints the path of its Python (all other output goes to stderr):
#     python=$(bash tools/_setup_venv.sh [current|legacy])
# PYTHON names the interpreter to start from.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${1:-current}
case $profile in
    current) venv=.venv candidates='python3 python3.11 python3.12 python3.13'
        accepted='(3, 11) <= v < (3, 14)' ;;
    legacy) venv=.venv-legacy candidates='python3 python3.11 python3.10'
        accepted='(3, 10) <= v < (3, 12)' ;;
    *) echo "Unknown profile '$profile': use current or legacy." >&2; exit 2 ;;
esac
constraints=requirements/constraints-$profile.txt
stamp=$venv/.requirements
python=$PWD/$venv/bin/python

state() {
    cat requirements/{runtime,mminstall,tests,deploy}.txt "$constraints" \
        setup.py pyproject.toml "$0" | cksum
    pwd
}

if [ "$(cat "$stamp" 2>/dev/null)" = "$(state)" ]; then
    echo "$python"
    exit
fi

base=
for candidate in ${PYTHON:-$candidates}; do
    if "$candidate" -c "import sys, venv; v = sys.version_info
sys.exit(not $accepted)" 2>/dev/null; then
        base=$candidate
        break
    fi
done
if [ -z "$base" ]; then
    echo "The $profile profile needs a Python with $accepted and the venv" \
        "module; tried: ${PYTHON:-$candidates}. Name one by PYTHON=..." >&2
    exit 1
fi

{
    echo "Installing the $profile profile into $venv (some minutes, 7 GB)."
    "$base" -m venv "$venv"
    "$python" -m pip install --quiet --disable-pip-version-check \
        -c "$constraints" torch torchvision setuptools \
        -e '.[mim,tests,deploy]'
    if ! "$python" -c 'import cv2' 2>/dev/null; then
        # Slim systems lack the display libraries that opencv-python links.
        version=$(sed -n 's/^opencv-python==//p' "$constraints")
        "$python" -m pip install --quiet --disable-pip-version-check \
            --no-deps --force-reinstall "opencv-python-headless==$version"
        "$python" -c 'import cv2'
    fi
    state > "$stamp"
} >&2
echo "$python"
