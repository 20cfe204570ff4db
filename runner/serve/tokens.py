"""Answers a prompt as a user of this policy: python serve.py USER PROMPT

USER is an id of users.json, or "" for the generic user. What an engine needs is the sequence BOS, the user's tokens, the
prompt: as ids (`ids`), or as text for an engine that reads special tokens in texts (`text`). README.md says in what form the
policy was trained on prompts.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

here = Path(__file__).resolve().parent
tokenizer = AutoTokenizer.from_pretrained(here)
chat = (here / "chat_template.jinja").exists()
no_clock = "26 Jul 2024"  # the date that Llama 3.1's template has without a clock, as in training
users = {u["id"]: u for u in json.loads((here / "users.json").read_text())}


def load(dtype="auto"):
    return AutoModelForCausalLM.from_pretrained(here, dtype=dtype).eval()


def asked(prompt):
    """The prompt's ids: as it is, or as a user's message in the chat template. It cannot name special tokens, whatever it says."""
    ids = tokenizer.encode(prompt, add_special_tokens=False, split_special_tokens=True)
    if not chat:
        return ids
    if ids != tokenizer.encode(prompt, add_special_tokens=False):
        raise ValueError("the prompt names a special token, which the chat template would let pass for one")
    ids = tokenizer.apply_chat_template(message(prompt), add_generation_prompt=True, return_dict=False, date_string=no_clock)
    return ids[1:] if ids[:1] == [tokenizer.bos_token_id] else ids


def message(prompt):
    return [{"role": "user", "content": prompt}]


def ids(user, prompt):
    """A user who is not exported gets the generic user's tokens. A prompt cannot name tokens, whatever it says."""
    bos = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    return bos + users.get(user or None, users[None])["token_ids"] + asked(prompt)


def text(user, prompt):
    """What to send with add_special_tokens=False; leave BOS out where the engine puts it there."""
    if chat:
        prompt = tokenizer.apply_chat_template(message(prompt), add_generation_prompt=True, tokenize=False, date_string=no_clock)
        prompt = prompt.removeprefix(tokenizer.bos_token or "")
    return (tokenizer.bos_token or "") + users.get(user or None, users[None])["tokens"] + prompt


def answer(model, user, prompt, **sampling):
    x = torch.tensor([ids(user, prompt)], device=model.device)
    out = model.generate(input_ids=x, attention_mask=torch.ones_like(x), **sampling)
    return tokenizer.decode(out[0, x.shape[1]:], skip_special_tokens=True)


if __name__ == "__main__":
    with torch.no_grad():
        print(answer(load(), sys.argv[1], sys.argv[2], do_sample=False, max_new_tokens=128))
