"""Answers a prompt as a user of this policy: python serve.py USER PROMPT

USER is an id of users.json, or "" for the generic user. What an engine needs is the sequence BOS, the user's tokens, the
prompt: as ids (`ids`), or as text for an engine that reads special tokens in texts (`text`). The policy was trained on prompts
as they are, so there is no chat template.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

here = Path(__file__).resolve().parent
tokenizer = AutoTokenizer.from_pretrained(here)
users = {u["id"]: u for u in json.loads((here / "users.json").read_text())}


def load(dtype="auto"):
    return AutoModelForCausalLM.from_pretrained(here, dtype=dtype).eval()


def ids(user, prompt):
    """A user who is not exported gets the generic user's tokens. A prompt cannot name tokens, whatever it says."""
    bos = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    text = tokenizer.encode(prompt, add_special_tokens=False, split_special_tokens=True)
    return bos + users.get(user or None, users[None])["token_ids"] + text


def text(user, prompt):
    """What to send with add_special_tokens=False; leave BOS out where the engine puts it there."""
    return (tokenizer.bos_token or "") + users.get(user or None, users[None])["tokens"] + prompt


def answer(model, user, prompt, **sampling):
    x = torch.tensor([ids(user, prompt)], device=model.device)
    out = model.generate(input_ids=x, attention_mask=torch.ones_like(x), **sampling)
    return tokenizer.decode(out[0, x.shape[1]:], skip_special_tokens=True)


if __name__ == "__main__":
    with torch.no_grad():
        print(answer(load(), sys.argv[1], sys.argv[2], do_sample=False, max_new_tokens=128))
