"""Greedy texts of 64 prompts with maximum lengths of 16 to 256 tokens by the peers, on the data and models of
../shared/bench (the folder in $BENCH_PEERS); internal/bench's mode limits is ours.

  bench_limits.py transformers DATA MODEL [--prompts 64] [--ids FILE]   generate with cache, in batches
  bench_limits.py authors DATA MODEL [--prompts 64] [--every 8]         one prompt at a time, without cache

Counted are the tokens up to each text's end or limit. A batch of transformers' runs to the highest limit in it, so the batches
are also taken in the order of the limits, which serves it best. Its ids are compared with those of FILE, a JSON list in the
order of the prompts; where they part, the logits of both tokens must be as good as equal."""

import argparse
import json
import os
import resource
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, os.environ["BENCH_PEERS"])
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

import measure

TIE = 1e-3  # two logits that are nearer than this may be sorted either way by another order of summation


def read(args):
    with open(f"{args.data}/train.jsonl", encoding="utf-8") as f:
        rows = [json.loads(line) for line, _ in zip(f, range(args.prompts))]
    users = {worker: i + 1 for i, worker in enumerate(open(f"{args.data}/users.txt").read().split())}
    return [dict(user=users[r["worker"]], limit=limit_of(i),
                 prompt="SUBREDDIT: r/{subreddit}\nTITLE: {title}\nPOST: {post}\nTL;DR:".format(**r["info"])) for i, r in enumerate(rows)]


def limit_of(i):
    """As in internal/bench/generate.go."""
    return 16 + i * 37 % 64 * 240 // 63


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(name, directory, begin, produced, **values):
    seconds, cpu = time.perf_counter() - begin[0], cpu_seconds() - begin[1]
    measure.report(name, directory, seconds=round(seconds, 2), cpu_seconds=round(cpu, 2), new_tokens=produced,
                   tokens_per_second=round(produced / seconds, 2), **values)


def cut(ids, limit, eos):
    ids = ids[:limit]
    return ids[: ids.index(eos)] if eos in ids else ids


def settings(tok, **values):
    return GenerationConfig(do_sample=False, pad_token_id=tok.pad_token_id, eos_token_id=tok.eos_token_id, **values)


def batches(items, size, by_limit):
    order = sorted(range(len(items)), key=lambda i: items[i]["limit"]) if by_limit else list(range(len(items)))
    return [order[i : i + size] for i in range(0, len(order), size)]


def transformers(args, directory, tok):
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    items, ours = read(args), json.load(open(args.ids)) if args.ids else None
    tok.padding_side = "left"

    def write(which, limits):
        batch = tok([tok.bos_token + items[i]["prompt"] for i in which], return_tensors="pt", padding=True)
        out = model.generate(**batch, generation_config=settings(tok, max_new_tokens=max(limits), use_cache=True))
        new = out[:, batch["input_ids"].shape[1] :].tolist()
        return [cut(ids, limit, tok.eos_token_id) for ids, limit in zip(new, limits)]

    write([0], [4])  # warm
    for size, by_limit in [(64, False), (16, False), (64, True), (32, True), (16, True), (8, True)]:
        texts, begin = [None] * len(items), (time.perf_counter(), cpu_seconds())
        for which in batches(items, size, by_limit):
            for i, ids in zip(which, write(which, [items[i]["limit"] for i in which])):
                texts[i] = ids
        values = {} if ours is None else compare(model, tok, items, texts, ours)
        report(f"transformers greedy by limits, batch {size}" + (", sorted" if by_limit else ""), directory, begin, sum(map(len, texts)), **values)


def compare(model, tok, items, texts, ours):
    """How many texts have the ids of ours, and the largest difference of logits where they part."""
    widest = 0.0
    for i, (a, b) in enumerate(zip(texts, ours, strict=True)):
        if a == b:
            continue
        n = next((k for k, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        ids = tok(tok.bos_token + items[i]["prompt"]).input_ids + a[:n]
        logits = model(torch.tensor([ids])).logits[0, -1]
        x, y = (text[n] if n < len(text) else tok.eos_token_id for text in (a, b))
        gap = abs(float(logits[x] - logits[y]))
        widest = max(widest, gap)
        if gap > TIE:
            sys.exit(f"text {i} differs from ours behind {n} ids: {a[n:n+4]} and {b[n:n+4]}, whose logits are {gap:.2g} apart")
    return dict(texts=len(texts), equal_texts=sum(a == b for a, b in zip(texts, ours)), widest_tie=widest)


def authors(args, directory, tok):
    import bench_reference  # of the peers; it needs REFERENCE_CODE

    tok.add_special_tokens({"sep_token": bench_reference.SEP})
    model = bench_reference.get_peft_model(bench_reference.load_model(directory, tok, False), bench_reference.peft_config()).eval()
    items = read(args)[args.every // 2 :: args.every]
    produced, begin = 0, (time.perf_counter(), cpu_seconds())
    for item in items:
        text = tok.bos_token + f"USER: {item['user']}" + tok.eos_token * bench_reference.T_U + bench_reference.SEP + item["prompt"]
        ids = tok(text, return_tensors="pt").input_ids
        out = model.generate(input_ids=ids, generation_config=settings(tok, max_new_tokens=item["limit"], use_cache=False))
        produced += len(cut(out[0, ids.shape[1] :].tolist(), item["limit"], tok.eos_token_id))
    report("authors greedy by limits", directory, begin, produced, prompts=len(items))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["transformers", "authors"])
    parser.add_argument("data")
    parser.add_argument("model")
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--every", type=int, default=8, help="authors: every nth prompt, to save time; its rate does not depend on how many there are")
    parser.add_argument("--ids", help="our texts, to compare with")
    args = parser.parse_args()
    measure.prepare()
    directory = os.path.join(args.data, args.model)
    tok = AutoTokenizer.from_pretrained(directory)
    tok.pad_token = tok.eos_token
    with torch.no_grad():
        (transformers if args.mode == "transformers" else authors)(args, directory, tok)
