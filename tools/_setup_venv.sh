#!/usr/bin/env bash
# Makes the virtual environment of a profile, unless it is up to date, and
# prints the path of its Python (all other output goes to stderr):
#     python=$(bash tools/_setup_venv.sh [current|legacy|text|gradio])
# PYTHON names the interpreter to start from.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${1:-current}
case $profile in
    current) venv=.venv versions='3.11 3.12 3.13' ;;
    legacy) venv=.venv-legacy versions=3.11 ;;
    # The current one and text encoders, with which every start takes seconds
    # longer, or the page to try a model, which needs an older Pillow.
    text | gradio) venv=.venv-$profile \
        PYTHON=$(bash tools/_setup_venv.sh current) \
        versions='3.11 3.12 3.13' ;;
    *) echo "Unknown profile '$profile': use current or legacy." >&2; exit 2 ;;
esac
constraints=requirements/constraints-${profile/text/current}.txt
stamp=$venv/.requirements
python=$PWD/$venv/bin/python

state() {
    cat requirements/{runtime,mminstall,cpu,tests,deploy,mmdeploy,text,gradio}.txt "$constraints" \
        setup.py pyproject.toml tools/_setup_venv.sh | cksum
    pwd
}

if [ "$(cat "$stamp" 2>/dev/null)" = "$(state)" ]; then
    echo "$python"
    exit
fi

candidates=${PYTHON:-python3 ${versions//3./python3.}}
base=
for candidate in $candidates; do
    if "$candidate" -c "import ensurepip, sys, venv
sys.exit('%d.%d' % sys.version_info[:2] not in '$versions'.split())" \
        2>/dev/null; then
        base=$candidate
        break
    fi
done
if [ -z "$base" ]; then
    echo "The $profile profile needs Python, one of $versions, with venv;" \
        "tried: $candidates. Name another by PYTHON=..." >&2
    exit 1
fi

{
    echo "Installing the $profile profile into $venv (some minutes, 7 GB)."
    "$base" -m venv "$venv"
    packages=(torch torchvision setuptools -e '.[mim,cpu,tests,deploy]')
    if [ -e "requirements/$profile.txt" ]; then
        packages=(-r "requirements/$profile.txt")
        below=$("$base" -c 'import site; print(site.getsitepackages()[0])')
        echo "import site; site.addsitedir('$below')" \
            > "$(echo "$venv"/lib/python3.*/site-packages)/below.pth"
    fi
    "$python" -m pip install --quiet --disable-pip-version-check \
        -c "$constraints" "${packages[@]}"
    if [ ! -e "requirements/$profile.txt" ]; then
        # Both demand older versions of packages that they work with; of the
        # client, the tests need the schema of the server's files alone.
        "$python" -m pip install --quiet --disable-pip-version-check \
            -c "$constraints" --no-deps \
            -r requirements/mmdeploy.txt tritonclient
    fi
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
