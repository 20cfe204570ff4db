"""bench_trl.py of ../shared/bench (the folder in $BENCH_PEERS) with one pair in each micro-batch and the step's pairs
accumulated: the same steps in less memory, which on a CPU is TRL's faster way. Its result lines say "micro_pairs": 1."""

import os
import runpy
import sys

sys.path.insert(0, os.environ["BENCH_PEERS"])
import measure
import trl

config, report = trl.DPOConfig, measure.report


def accumulated(**settings):
    pairs = settings["per_device_train_batch_size"]
    return config(**{**settings, "per_device_train_batch_size": 1, "gradient_accumulation_steps": pairs})


trl.DPOConfig = accumulated
measure.report = lambda *args, **values: report(*args, micro_pairs=1, **values)
runpy.run_path(os.path.join(os.environ["BENCH_PEERS"], "bench_trl.py"), run_name="__main__")
