#!/usr/bin/env bash
# Runs the tests in the virtual environment of a profile, made if need be:
#     bash tools/run_tests.sh [current|legacy] [pytest arguments]
# on all cores, a file of tests on each at a time; -n 0 takes one process.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${MMSRDL_PROFILE:-current}
case ${1:-} in
    current | legacy) profile=$1; shift ;;
esac
python=$(bash tools/_setup_venv.sh "$profile")
# Neither threads of OpenMP nor of ONNX Runtime's reports: tests fork.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} ORT_DISABLE_TELEMETRY=1
"$python" -m pytest -n auto --dist loadfile "$@"
if [ "$profile" = current ] && [ $# = 0 ]; then
    python=$(bash tools/_setup_venv.sh text)
    "$python" -m pytest tests/test_structures/test_text_encoder.py \
        tests/test_tools/test_label_graph.py::test_text
    python=$(bash tools/_setup_venv.sh gradio)
    "$python" -m pytest tests/test_projects/test_gradio_demo.py
fi
