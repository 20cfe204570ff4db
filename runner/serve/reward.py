"""Gives the reward of a response to a prompt for a user: python serve.py USER PROMPT RESPONSE

USER is an id of users.json or user_model.json, or "" for the generic user. Rewards of different users cannot be compared. The
reward is read at the last token, so the response gets its end token.
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

here = Path(__file__).resolve().parent
tokenizer = AutoTokenizer.from_pretrained(here)
chat = (here / "chat_template.jinja").exists()
no_clock = "26 Jul 2024"  # the date that Llama 3.1's template has without a clock, as in training
as_tokens = (here / "users.json").exists()
users = {u["id"]: u["token_ids"] for u in json.loads((here / "users.json").read_text())} if as_tokens else {}
note = {} if as_tokens else json.loads((here / "user_model.json").read_text())
tensors = load_file(here / "user_model.safetensors") if note.get("tokens") else {}


def load(dtype="auto"):
    """The merged model, or the model below with its adapter or head."""
    model = AutoModelForSequenceClassification.from_pretrained(here / note.get("base", ""), dtype=dtype, num_labels=1)
    if (here / "adapter_config.json").exists():
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, here)
    if (here / "score.safetensors").exists():
        model.score.weight.data = load_file(here / "score.safetensors")["score.weight"].to(model.score.weight.dtype)
    return model.eval()


def vectors(user):
    """The vectors of a user: [T_u, d], or the head, [1, d]. Whoever is not known is the generic user, index 0."""
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


def reward(model, user, prompt, response):
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
    bos = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    rest = asked(prompt) + encode(response) + [tokenizer.eos_token_id]
    layer = model.get_input_embeddings()
    at = lambda x: layer(torch.tensor([x], dtype=torch.long, device=model.device))
    parts = [at(bos)] if bos else []
    heads = note.get("as") == "linear_head"
    if as_tokens:
        parts.append(at(users.get(user or None, users[None])))
    elif note["tokens"] and not heads:
        parts.append(vectors(user).to(model.device, parts[0].dtype if parts else at(rest).dtype)[None])
    x = torch.cat(parts + [at(rest)], 1)
    if not heads:
        return model(inputs_embeds=x).logits[0, -1].item()
    classifier = model.base_model.model if (here / "adapter_config.json").exists() else model
    body = classifier.base_model  # without its head
    return (body(inputs_embeds=x).last_hidden_state[0, -1] * vectors(user)[0].to(x.device, x.dtype)).sum().item()


if __name__ == "__main__":
    with torch.no_grad():
        print(reward(load(), sys.argv[1], sys.argv[2], sys.argv[3]))
