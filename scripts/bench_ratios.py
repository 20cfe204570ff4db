"""Prints how prlhf compares with the Python stacks: bench_ratios.py FILE of JSON lines, as scripts/bench collects them."""

import json
import sys

lines = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]


def of(model, name, value, best=max):
    """The best value among the results of that name, with whether it was measured in this run; None without any."""
    found = [r for r in lines if r["model"] == model and r["name"].startswith(name) and value in r]
    return best(found, key=lambda r: r[value]) if found else None


def compare(model, what, ours, peers, value, more_is_better=True):
    if not ours or not peers:
        print(f"{model:12} {what}: no result to compare")
        return
    ratio = ours[value] / peers[value] if more_is_better else peers[value] / ours[value]
    recorded = "" if peers.get("measured_in_this_run", True) else " (recorded, not measured in this run)"
    print(f"{model:12} {what}: {ours[value]} against {peers[value]}{recorded}: {ratio:.1f} times")


for model in ["bench-gptj", "bench-llama"]:
    speed, memory = "preference_pairs_per_second", "peak_rss_mib"
    pdpo, authors = of(model, "prlhf P-DPO train", speed), of(model, "authors P-DPO train", speed)
    compare(model, "P-DPO, pairs/s, authors", pdpo, authors, speed)
    compare(model, "P-DPO, peak MiB, authors (less is better)", pdpo, authors, memory, more_is_better=False)
    compare(model, "DPO, pairs/s, TRL's best", of(model, "prlhf DPO train", speed), of(model, "trl DPO train", speed), speed)
