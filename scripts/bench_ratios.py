"""Prints how prlhf compares with the Python stacks: bench_ratios.py RESULTS RECORDED, files of JSON lines. RESULTS are of
this run; a line of RECORDED stands in where this run has none of its name for the model, and is marked."""

import json
import sys

PAIRS, TOKENS, MEMORY, CPU = "preference_pairs_per_second", "tokens_per_second", "peak_rss_mib", "tokens_per_cpu_second"


def read(path):
    return [json.loads(line) for line in open(path) if line.startswith("{")]


run, recorded = read(sys.argv[1]), read(sys.argv[2])


def best(model, name, value):
    """The best value of all results of a name, and whether this run measured it; None without any."""
    for lines, measured in [(run, True), (recorded, False)]:
        found = [r[value] for r in lines if r["model"] == model and r["name"].startswith(name) and value in r]
        if found:
            return (min if value == MEMORY else max)(found), measured


def compare(model, what, ours, peer, value, wanted=0.0):
    a, b = best(model, ours, value), best(model, peer, value)
    if not a or not a[1]:
        return  # not asked for
    if not b:
        print(f"{model:12} {what}: no result to compare {a[0]} with")
        return
    ratio = b[0] / a[0] if value == MEMORY else a[0] / b[0]
    note = "" if b[1] else " (recorded, not measured in this run)"
    print(f"{model:12} {what}: {a[0]} against {b[0]}{note}: {ratio:.1f} times{'' if ratio >= wanted else f', MISSED: {wanted:g} times are wanted'}")


for r in run:  # what is independent of what else the machine does
    if "cpu_seconds" in r:
        r[CPU] = round(r["new_tokens"] / r["cpu_seconds"], 2)

for model in dict.fromkeys(r["model"] for r in run):
    compare(model, "P-DPO, pairs/s, authors' best", "prlhf P-DPO train", "authors P-DPO train", PAIRS)
    compare(model, "P-DPO, peak MiB (less is better), authors' best", "prlhf P-DPO train", "authors P-DPO train", MEMORY)
    compare(model, "DPO, pairs/s, TRL's best", "prlhf DPO train", "trl DPO train", PAIRS)
    compare(model, "DPO, peak MiB (less is better), TRL's best", "prlhf DPO train", "trl DPO train", MEMORY)
    compare(model, "generation, tokens/s, authors", "prlhf generate", "authors generate", TOKENS)
    compare(model, "generation, tokens/s, transformers", "prlhf generate", "transformers cached generate", TOKENS)
    for value, unit in [(TOKENS, "tokens/s"), (CPU, "tokens per CPU second")]:
        what = f"64 texts of 16 to 256 tokens, {unit}"
        for size in [16, 64]:
            compare(model, f"{what}, batch {size}, transformers' better order", f"prlhf greedy by limits, batch {size}", f"transformers greedy by limits, batch {size}", value, 1.5)
        compare(model, f"{what}, transformers' best of all", "prlhf greedy by limits", "transformers greedy by limits", value, 1.5)
        compare(model, f"{what}, authors", "prlhf greedy by limits", "authors greedy by limits", value, 20)
        compare(model, f"8 samples of a prompt, {unit}, computing it for each", "prlhf 8 samples of a prompt", "prlhf 8 prompts that are equal", value)
    for r in run:
        if r["model"] == model and "equal_texts" in r:
            print(f"{model:12} greedy ids, {r['name']}: {r['equal_texts']} of {r['texts']} texts are ours, ties within {r['widest_tie']:.1g}")
        if r["model"] == model and "differing_tokens" in r:
            print(f"{model:12} {r['name']}: {r['differing_tokens']} of {r['sampled_tokens']} tokens differ")
