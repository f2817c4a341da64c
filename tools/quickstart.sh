#!/usr/bin/env bash
# SRDL from nothing to attention pictures, on a CPU, in five to eight minutes:
# installs into .venv, renders a data set, trains, tests, predicts, draws and
# exports.
#     bash tools/quickstart.sh [arguments of tools/train.py]
# PYTHON names an interpreter: used as it is if it has MMPretrain, otherwise
# to make .venv. QUICKSTART_ROOT and QUICKSTART_WORK_DIR are other folders than
# data/quickstart and work_dirs/quickstart, QUICKSTART_RENDER holds arguments
# of tools/dataset_converters/make_synthetic_voc.py.
set -euo pipefail
cd "$(dirname "$0")/.."

config=configs/quickstart/srdl_quickstart.py
export QUICKSTART_ROOT=${QUICKSTART_ROOT:-data/quickstart}
work_dir=${QUICKSTART_WORK_DIR:-work_dirs/quickstart}

if "${PYTHON:-false}" -c 'import sys
from importlib.util import find_spec
sys.exit(not find_spec("mmpretrain"))' 2>/dev/null; then
    python=$PYTHON
else
    python=$(bash tools/_setup_venv.sh)
fi
# The tensors are small: more threads cost more than they save, and threads
# that spin while they wait take the cores from each other.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} GOMP_SPINCOUNT=1000
export PYTHONPATH=.${PYTHONPATH:+:$PYTHONPATH}

step() { printf '\n== %s\n' "$1"; }

step "Rendering $QUICKSTART_ROOT"
# shellcheck disable=SC2086  # several arguments
"$python" tools/dataset_converters/make_synthetic_voc.py "$QUICKSTART_ROOT" \
    ${QUICKSTART_RENDER:-}

step "Training $config"
rm -rf "$work_dir/attention"
SECONDS=0
"$python" tools/train.py "$config" --work-dir "$work_dir" "$@"
train_seconds=$SECONDS
checkpoint=$(cat "$work_dir/last_checkpoint")

step "Testing $checkpoint"
"$python" tools/test.py "$config" "$checkpoint" --work-dir "$work_dir/test" \
    --out "$work_dir/metrics.json" --out-item metrics

step 'Predicting the labels of eight test images'
images=()
while read -r name; do
    images+=("$QUICKSTART_ROOT/JPEGImages/$name.jpg")
done < <(head -n 8 "$QUICKSTART_ROOT/ImageSets/Main/test.txt")
"$python" tools/predict.py "${images[@]}" --config "$config" \
    --checkpoint "$checkpoint" --out "$work_dir/predictions.json"

step 'Drawing and measuring the attention'
"$python" tools/analysis_tools/quickstart_report.py "$config" "$checkpoint" \
    "$work_dir" --train-seconds "$train_seconds"

made=("$checkpoint")
if "$python" -c 'import onnx, onnxruntime' 2>/dev/null; then
    step 'Exporting to ONNX'
    "$python" tools/deploy.py configs/deploy/multilabel_onnxruntime_dynamic.py \
        "$config" "$checkpoint" "${images[0]}" --driver mmsrdl \
        --work-dir "$work_dir/deployed"
    mv "$work_dir/deployed/end2end.onnx" "$work_dir/model.onnx"
    rmdir "$work_dir/deployed"
    made+=("$work_dir/model.onnx")
fi

printf '\nWrote\n'
ls -d "$work_dir"/{metrics.json,curves.png,predictions.json,attention/*.png} \
    "${made[@]}"
