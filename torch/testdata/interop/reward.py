"""Gives the rewards of reward models with transformers and peft, for comparison with our own forward pass.

Reads one JSON object from standard input:
  models  list of
    model    Hugging Face folder: a sequence classifier's, or with an adapter the language model's that it belongs to
    adapter  PEFT folder, or ""
  bos     id that begins every sequence
  rows    [{"prompt": ids, "response": ids}]
and writes a list of rewards per model as JSON. Nothing but from_pretrained and a forward pass: this is all that a reward
model takes in Python, for the generic user and without a soft prompt.
"""
import json
import sys

import torch
from transformers import AutoModelForSequenceClassification

job = json.load(sys.stdin)


def load(folder, adapter):
    if not adapter:
        model, info = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        wrong = {k: sorted(map(str, v)) for k, v in info.items() if v}
        assert not wrong, wrong  # every weight is there, and none is left over
        return model.eval()
    from peft import PeftModel

    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=1)
    return PeftModel.from_pretrained(model, adapter).eval()


def rewards(m):
    model = load(m["model"], m["adapter"])
    return [model(torch.tensor([[job["bos"]] + r["prompt"] + r["response"]])).logits[0, 0].item() for r in job["rows"]]


with torch.no_grad():
    json.dump([rewards(m) for m in job["models"]], sys.stdout)
