"""Prints how prlhf compares with the Python stacks: bench_ratios.py RESULTS RECORDED, files of JSON lines. RESULTS are of
this run; a line of RECORDED stands in where this run has none of its name for the model, and is marked."""

import json
import sys

PAIRS, TOKENS, MEMORY = "preference_pairs_per_second", "tokens_per_second", "peak_rss_mib"


def read(path):
    return [json.loads(line) for line in open(path) if line.startswith("{")]


run, recorded = read(sys.argv[1]), read(sys.argv[2])


def best(model, name, value):
    """The best value of all results of a name, and whether this run measured it; None without any."""
    for lines, measured in [(run, True), (recorded, False)]:
        found = [r[value] for r in lines if r["model"] == model and r["name"].startswith(name) and value in r]
        if found:
            return (min if value == MEMORY else max)(found), measured


def compare(model, what, ours, peer, value):
    a, b = best(model, ours, value), best(model, peer, value)
    if not a or not b or not a[1]:
        print(f"{model:12} {what}: no result to compare")
        return
    ratio = b[0] / a[0] if value == MEMORY else a[0] / b[0]
    print(f"{model:12} {what}: {a[0]} against {b[0]}{'' if b[1] else ' (recorded, not measured in this run)'}: {ratio:.1f} times")


for model in dict.fromkeys(r["model"] for r in run):
    compare(model, "P-DPO, pairs/s, authors' best", "prlhf P-DPO train", "authors P-DPO train", PAIRS)
    compare(model, "P-DPO, peak MiB (less is better), authors' best", "prlhf P-DPO train", "authors P-DPO train", MEMORY)
    compare(model, "DPO, pairs/s, TRL's best", "prlhf DPO train", "trl DPO train", PAIRS)
    compare(model, "DPO, peak MiB (less is better), TRL's best", "prlhf DPO train", "trl DPO train", MEMORY)
    compare(model, "generation, tokens/s, authors", "prlhf generate", "authors generate", TOKENS)
    compare(model, "generation, tokens/s, transformers", "prlhf generate", "transformers cached generate", TOKENS)
