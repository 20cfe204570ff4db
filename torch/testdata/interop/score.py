"""Scores responses with transformers and peft, for comparison with our own forward pass.

Reads one JSON object from standard input:
  model    Hugging Face folder
  adapter  PEFT folder, or ""
  users    user_model.safetensors of an individualized user model with a shared part, or ""
  bos      id that begins every sequence
  rows     [{"user": u, "prompt": ids, "response": ids}]; u = -1 scores without soft prompt
and writes the summed log-prob of each response as a JSON list. A user's soft prompt goes in as inputs_embeds behind BOS:
this is all that serving a user from Python takes.
"""
import json
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

job = json.load(sys.stdin)
model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)
if job["adapter"]:
    from peft import PeftModel

    model = PeftModel.from_pretrained(model, job["adapter"])
model.eval()
users = load_file(job["users"])["user_embedding"] if job["users"] else None  # [1 + m, T_u, d]


def soft_prompt(user):
    return users[0] if user == 0 else users[0] + users[user]


def score(row):
    before = [job["bos"]] + row["prompt"]
    embed = model.get_input_embeddings()
    x = embed(torch.tensor([before + row["response"]]))
    skipped = 0
    if row["user"] >= 0 and users is not None:
        soft = soft_prompt(row["user"])
        skipped = len(soft)
        x = torch.cat([x[:, :1], soft[None], x[:, 1:]], 1)
    logps = model(inputs_embeds=x).logits[0].log_softmax(-1)
    first = len(before) + skipped - 1
    return sum(logps[first + i, token].item() for i, token in enumerate(row["response"]))


with torch.no_grad():
    json.dump([score(row) for row in job["rows"]], sys.stdout)
