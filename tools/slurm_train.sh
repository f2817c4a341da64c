#!/usr/bin/env bash
# Trains on a Slurm cluster:
#     bash tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [arguments]
# GPUS, GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS ask for resources.
set -euo pipefail
if [ $# -lt 4 ]; then
    echo "Usage: $0 PARTITION JOB CONFIG WORK_DIR [arguments]" >&2
    exit 2
fi
tools=$(dirname "$0")
per_node=${GPUS_PER_NODE:-8}
read -ra srun_args <<< "${SRUN_ARGS:-}"

PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}" \
exec srun -p "$1" \
    --job-name="$2" \
    --gres="gpu:$per_node" \
    --ntasks="${GPUS:-8}" \
    --ntasks-per-node="$per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${srun_args[@]+"${srun_args[@]}"} \
    python -u "$tools/train.py" "$3" --work-dir="$4" \
    --launcher=slurm "${@:5}"
