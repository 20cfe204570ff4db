"""Writes length_controlled.json: simulated annotations and what alpaca_eval's length_controlled_minimal makes of them.

    pip install alpaca_eval==0.6.6 scikit-learn==1.9.1 numpy==2.4.6 pandas==3.1.1
    python judges/testdata/length_controlled.py > judges/testdata/length_controlled.json

The metric downloads two tables that length_controlled_minimal does not read; here they are stand-ins.
"""

import json
import os
import sys
import tempfile
import warnings

import huggingface_hub
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
LARGEST = 4000
folder = tempfile.mkdtemp()


def stand_in(filename, **_):
    path = os.path.join(folder, filename)
    table = pd.DataFrame({"index": range(LARGEST), "instruction_difficulty": 0.0})
    if filename == "df_gamed.csv":
        table.insert(0, "model", "none")
        table.to_csv(path, index=False)
    else:
        table.set_index("index").to_csv(path)
    return path


huggingface_hub.hf_hub_download = stand_in
from alpaca_eval.metrics.glm_winrate import get_length_controlled_winrate  # noqa: E402

# name: items, log-odds at equal length, weight of tanh(d), mean and spread of the candidate's surplus in characters,
# share of ties
SHAPES = {
    "even": (400, 0.0, 0.0, 0, 300, 0.0),
    "better at equal length": (400, 0.8, 0.0, 0, 300, 0.0),
    "only longer": (400, 0.0, 1.5, 250, 300, 0.0),
    "better and longer": (805, 0.6, 1.0, 200, 400, 0.1),
    "better and shorter": (300, 0.7, 1.2, -180, 200, 0.05),
    "worse and longer": (250, -0.9, 2.0, 300, 250, 0.0),
    "nearly always won": (200, 3.0, 0.5, 50, 300, 0.0),
    "many ties": (500, 0.4, 0.8, 100, 200, 0.5),
    "the paper's n": (76, 0.5, 0.5, 60, 200, 0.1),
    "small": (40, -0.4, 1.0, 0, 100, 0.0),
    "everything won": (60, 50.0, 0.0, 0, 100, 0.0),
    "heavy tails": (600, 0.3, 1.0, 0, 0, 0.0),
    "large": (4000, 0.1, 0.4, 80, 300, 0.02),
}


def simulate(seed, n, theta, phi, surplus, spread, ties):
    random = np.random.default_rng(seed)
    baseline = random.integers(50, 1500, n)
    delta = np.round(random.standard_t(1.5, n) * 100 if spread == 0 else random.normal(surplus, spread, n)).astype(int)
    candidate = np.maximum(0, baseline + delta)
    delta = candidate - baseline
    p = 1 / (1 + np.exp(-(theta + phi * np.tanh(delta / delta.std(ddof=1)))))
    won = (random.random(n) < p).astype(float)
    won[random.random(n) < ties] = 0.5
    return baseline, candidate, won


cases = []
for seed, (name, shape) in enumerate(SHAPES.items()):
    baseline, candidate, won = simulate(seed, *shape)
    annotations = pd.DataFrame({
        "index": range(len(won)), "generator_1": "baseline", "generator_2": "candidate", "annotator": "simulated",
        "output_1": ["x" * k for k in baseline], "output_2": ["x" * k for k in candidate], "preference": won + 1,
    })
    metrics = get_length_controlled_winrate(annotations, glm_name="length_controlled_minimal", save_weights_dir=None,
                                            is_add_glm_preference_inplace=False)
    cases.append({
        "name": name, "win_rate": round(float(metrics["win_rate"]), 4),
        "length_controlled": round(float(metrics["length_controlled_winrate"]), 4),
        "surplus": (candidate - baseline).tolist(), "outcomes": "".join("lTw"[int(2 * w)] for w in won),
    })
json.dump({"made_by": "judges/testdata/length_controlled.py, alpaca_eval 0.6.6", "cases": cases}, sys.stdout, separators=(",", ":"))
print()
