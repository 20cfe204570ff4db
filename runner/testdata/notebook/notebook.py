"""Writes notebook.json: made-up verdicts, and the win rates that the paper authors' own notebook makes of them.

    python runner/testdata/notebook/notebook.py CHECKOUT > runner/testdata/notebook/notebook.json

CHECKOUT is HumainLab/Personalized_RLHF at ae1f81b. Two cells of its evaluate/winrate_gpt_evaluation.ipynb are run as they
stand: the one that draws which output a judge sees first, and the one that computes the win rates. Between them stands a
made-up judge, in the place of their calls of a server. It needs numpy.

A case has one letter for each item: what the judge said of the outputs in the order shown (1 or 2: that one is better, T: a
tie, -: nothing that could be read, =: equal texts, for which AlpacaFarm writes 0 without asking), and in `turned` a 1 where
the candidate was shown second.
"""

import contextlib
import io
import json
import os
import random
import sys
import tempfile

import numpy as np

NOTEBOOK = "evaluate/winrate_gpt_evaluation.ipynb"
HEADER = {"prism": "<|start_header_id|>assistant<|end_header_id|>\n\n", "psoups": "<|assistant|>\n"}
PREFERENCE = {"1": 1, "2": 2, "T": 3, "=": 0}

# A user's shares of win, loss, tie, nothing read, equal texts, and how many items they have. Users of PRISM are seen or not.
SHAPES = {
    "prism": {
        "several users": [("seen", [5, 3, 3, 1, 0], n) for n in (4, 9, 6, 12)] + [("unseen", [3, 5, 2, 1, 0], n) for n in (5, 3, 8, 7)],
        "as many as in Table 2": [("seen", [5, 3, 1, 0, 0], n) for n in (4, 4, 4, 4, 4, 4, 4, 3, 3, 4)] + [("unseen", [5, 4, 1, 0, 0], n) for n in (4, 4, 4, 4, 4, 4, 4, 3, 3, 4)],
        "won as often as lost": [("seen", [1, 1, 0, 0, 0], 2) for _ in range(8)] + [("unseen", [1, 1, 1, 0, 0], 4) for _ in range(6)],
        "nothing but ties": [("seen", [0, 0, 1, 0, 0], 3), ("unseen", [0, 0, 1, 0, 0], 2)],
        "many failed": [("seen", [3, 3, 1, 6, 0], 14), ("seen", [3, 3, 1, 6, 0], 11), ("unseen", [2, 2, 2, 7, 0], 16)],
        "a user of whom every verdict failed": [("seen", [2, 1, 1, 0, 0], 6), ("unseen", [0, 0, 0, 1, 0], 3), ("unseen", [1, 2, 0, 0, 0], 5)],
        "equal texts": [("seen", [3, 2, 1, 0, 3], 10), ("unseen", [2, 2, 1, 0, 2], 10)],
    },
    "psoups": {
        "as many as in Table 1": [("", shares, 50) for shares in ([44, 4, 2, 0, 0], [38, 6, 6, 0, 0], [1, 0, 0, 0, 0], [28, 19, 3, 0, 0], [48, 2, 0, 0, 0], [1, 0, 0, 0, 0])],
        "unequal counts, ties and failures": [("", [4, 3, 2, 1, 0], n) for n in (50, 21, 7, 33, 2, 12)],
        "equal texts": [("", [4, 3, 2, 0, 2], 12) for _ in range(6)],
        "a user of whom every verdict failed": [("", [4, 3, 2, 0, 0], 9), ("", [0, 0, 0, 1, 0], 4)],
    },
}


def cells(checkout):
    with open(os.path.join(checkout, NOTEBOOK)) as f:
        sources = ["".join(c["source"]) for c in json.load(f)["cells"]]
    order = [s for s in sources if "def to_annotate_format" in s]
    rates = [s for s in sources if s.startswith("# win-rate")]
    assert len(order) == len(rates) == 1, f"{NOTEBOOK} has no longer the two cells that this script runs"
    return order[0], rates[0]


def shown(order_cell, dataset, prompt_ids, equal):
    """What their cell shows a judge first: {prompt id: entry}, with their label."""
    folder = tempfile.mkdtemp()
    for name in ("candidate", "baseline"):
        outputs = {p: {"prompt": "", "input_text": HEADER[dataset], "output_text": HEADER[dataset] + ("equal" if p in equal else name)} for p in prompt_ids}
        with open(os.path.join(folder, name), "w") as f:
            json.dump(outputs, f)
    turns = {}
    for p in prompt_ids:
        if dataset == "prism":
            turns.setdefault(p.split("_")[1], {"turns": {}})["turns"][p.split("_")[2]] = {"history": ""}
    space = {"os": os, "json": json, "np": np, "output_dir": folder, "selected_examples": turns}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(order_cell, space)
        return space["to_annotate_format"]("candidate", "baseline", dataset=dataset)


def rates(cell, dataset, to_annotate):
    """The numbers that their cell prints."""
    said = {}

    def note(*words):
        said.setdefault(str(words[0]).strip(": "), []).append(words[1:])

    try:
        exec(cell, {"np": np, "dataset": dataset, "to_annotate": to_annotate, "print": note})
    except ZeroDivisionError:
        return {"stopped": "ZeroDivisionError"}
    if dataset == "prism":
        (counts, per_sample), (per_user,) = said["per sample winrate"][0], said["per user winrate"][0]
        return {"counts": counts, "per_sample": per_sample, "per_user": per_user}
    return {"users": {user: rate for user, _, rate in said["user"]}, "average": said["user winrate avg"][0][0],
            "standard_error": float(said["standard error"][0][0])}


def case(dataset, name, users, order_cell, rates_cell):
    draw = random.Random(name)
    outcomes = {}  # by prompt id; who is seen
    seen = {}
    for number, (side, shares, n) in enumerate(users, 1):
        for k in range(n):
            p = f"{number}_{k % 4}{number}_{k}" if dataset == "prism" else f"{number}_{k}"
            outcomes[p] = draw.choices("wlT-=", shares)[0]
            seen[str(number)] = side == "seen"
    if dataset == "psoups":
        outcomes["0_0"] = "w"  # the generic user, whom they leave out
    entries = shown(order_cell, dataset, list(outcomes), {p for p, o in outcomes.items() if o == "="})
    items, verdicts, turned = [], "", ""
    for p, o in outcomes.items():
        entry = entries[p]["comparisons"][0]
        second = entry["output_2"] == "candidate" if o != "=" else entries[p]["label"] == 2
        verdict = {"w": "12"[second], "l": "21"[second]}.get(o, o)
        entries[p]["annotation"] = [{"preference": PREFERENCE[verdict]}] if verdict in PREFERENCE else []
        items, verdicts, turned = items + [p.split("_")[0]], verdicts + verdict, turned + "01"[second]
    out = {"name": name, "dataset": dataset, "users": " ".join(items), "verdicts": verdicts, "turned": turned,
           "all": rates(rates_cell, dataset, entries)}
    if dataset == "prism":
        out["seen_users"] = " ".join(u for u in seen if seen[u])
        for word, side in ("seen", True), ("unseen", False):
            out[word] = rates(rates_cell, dataset, {p: e for p, e in entries.items() if seen[p.split("_")[0]] == side})
    else:
        out["seen_users"] = " ".join(seen)
    return out


if len(sys.argv) != 2:
    sys.exit(__doc__)
order_cell, rates_cell = cells(sys.argv[1])
cases = [case(d, name, users, order_cell, rates_cell) for d, shapes in SHAPES.items() for name, users in shapes.items()]
print(json.dumps({"made_by": "runner/testdata/notebook/notebook.py, HumainLab/Personalized_RLHF at ae1f81b", "cases": cases}, indent=1))
