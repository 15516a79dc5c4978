#!/usr/bin/env bash
# One training on a Slurm cluster that goes on where the job was preempted or ran out of time.
# Run: sbatch deploy/slurm.sh spec.yaml [more options of kerascnn train]
#SBATCH --job-name=kerascnn
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --gres=gpu:1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
# Five minutes before the end: enough for a checkpoint.
#SBATCH --signal=B:TERM@300
set -u

# The queue of this job's own folder knows the training after the first start; later starts go on with it.
runs="runs/slurm-${SLURM_JOB_ID}"
training="" stop=""
trap 'stop=1; [ -z "$training" ] || kill -TERM "$training"' TERM
if [ -d "$runs/queue" ]; then
    kerascnn worker --runs "$runs" &
else
    kerascnn train "$@" --jobs 1 --runs "$runs" &
fi
training=$!
[ -z "$stop" ] || kill -TERM "$training"
wait $training
code=$?
# A signal that the trap took ends the first wait before the training has ended.
if kill -0 $training 2>/dev/null; then
    wait $training
    code=$?
fi
# 75: stopped by SIGTERM with a checkpoint. It asks for the rest of its time.
if [ $code -eq 75 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
