"""Answers a prompt as a user of this policy: python serve.py USER PROMPT

USER is an id of user_model.json, or "" for the generic user. A user's vectors stand among the input embeddings behind BOS, and
all of it goes in as inputs_embeds. README.md says in what form the policy was trained on prompts.
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

here = Path(__file__).resolve().parent
note = json.loads((here / "user_model.json").read_text())
tokenizer = AutoTokenizer.from_pretrained(here)
chat = (here / "chat_template.jinja").exists()
no_clock = "26 Jul 2024"  # the date that Llama 3.1's template has without a clock, as in training
tensors = load_file(here / "user_model.safetensors") if note["tokens"] else {}


def load(dtype="auto"):
    """The merged model, or the model below with its adapter."""
    below = here / note["base"]  # a path of its own stays one
    model = AutoModelForCausalLM.from_pretrained(below, dtype=dtype)
    if (here / "adapter_config.json").exists():
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, here)
    return model.eval()


def soft_prompt(user):
    """The vectors of a user: [T_u, d]. Whoever is not known is the generic user, index 0."""
    index = note["users"].index(user) if user and user in note["users"] else 0
    if note["kind"] == "cluster":
        weights = tensors["user_weight"][index]
        if note["weights"] not in ("free", "given"):
            weights = weights.softmax(-1)
        return torch.tensordot(weights, tensors["cluster_embedding"], 1)
    table = tensors["user_embedding"]
    if note["kind"] == "uniform" or index == 0:
        return table[0]
    return table[0] + table[index] if note["shared"] else table[index]


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


def ids(prompt):
    """BOS and the prompt."""
    bos = [] if note["bos_token_id"] is None else [note["bos_token_id"]]
    return bos, asked(prompt)


def embed(model, user, tokens, bos):
    """BOS, the user's vectors, the tokens: [1, N, d]."""
    layer = model.get_input_embeddings()
    at = lambda x: layer(torch.tensor([x], dtype=torch.long, device=model.device))
    if not note["tokens"]:
        return at(bos + tokens)
    own = at(tokens)
    soft = soft_prompt(user).to(own.device, own.dtype)[None]
    return torch.cat(([at(bos)] if bos else []) + [soft, own], 1)


def answer(model, user, prompt, **sampling):
    bos, tokens = ids(prompt)
    x = embed(model, user, tokens, bos)
    out = model.generate(inputs_embeds=x, attention_mask=torch.ones(x.shape[:2], dtype=torch.long, device=x.device), **sampling)
    return tokenizer.decode(out[0], skip_special_tokens=True)


if __name__ == "__main__":
    with torch.no_grad():
        print(answer(load(), sys.argv[1], sys.argv[2], do_sample=False, max_new_tokens=128))
