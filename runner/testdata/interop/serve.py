"""Asks the serve.py of exported folders, for comparison with our own forward pass.

Reads a JSON list from standard input, of objects
  export  the folder
  reward  whether it is a reward model
  ask     [{"User": id, "Prompt": text, "Response": text, "ids": response ids with the end token}]
  end     the end token
and writes a list of {"sums": summed log-prob of each response, or its reward; "greedy": ids of a greedy text of up to 12
tokens}. A folder whose users are tokens is asked by plain text, with and without the suppression in its
generation_config.json.
"""
import importlib.util
import json
import sys
from pathlib import Path

import torch


class Served:
    def __init__(self, job):
        self.job = job
        here = Path(job["export"])
        spec = importlib.util.spec_from_file_location("serve", here / "serve.py")
        self.serve = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.serve)
        self.model = self.serve.load(torch.float32)
        self.tokens = (here / "users.json").exists()

    def input(self, q):
        """What the model is given, response included, and how much of it comes before the response."""
        if not self.tokens:
            bos, prompt = self.serve.ids(q["Prompt"])
            x = self.serve.embed(self.model, q["User"], prompt + q["ids"], bos)
            return {"inputs_embeds": x}, x.shape[1] - len(q["ids"])
        ids = self.serve.ids(q["User"], q["Prompt"])
        text = self.serve.tokenizer(self.serve.text(q["User"], q["Prompt"]), add_special_tokens=False).input_ids
        named = "<s>" in q["Prompt"]  # then the text has a token where the policy reads letters: who serves that sends ids
        assert (text == ids) != named, (text, ids)
        return {"input_ids": torch.tensor([ids + q["ids"]])}, len(ids)

    def score(self, q):
        x, n = self.input(q)
        logps = self.model(**x).logits[0].log_softmax(-1)
        return sum(logps[n - 1 + i, token].item() for i, token in enumerate(q["ids"]))

    def greedy(self, q):
        x, n = self.input(q)
        x = {name: value[:, :n] for name, value in x.items()}
        mask, end = torch.ones((1, n), dtype=torch.long), self.job["end"]

        def write(**more):
            return self.model.generate(**x, attention_mask=mask, do_sample=False, max_new_tokens=12, pad_token_id=end, **more)[0].tolist()

        out = write()
        if self.tokens:
            assert write(suppress_tokens=None) == out
            out = out[n:]
        return out[: out.index(end)] if end in out else out

    def answers(self):
        ask = self.job["ask"]
        if self.job["reward"]:
            return {"sums": [self.serve.reward(self.model, q["User"], q["Prompt"], q["Response"]) for q in ask]}
        return {"sums": [self.score(q) for q in ask], "greedy": [self.greedy(q) for q in ask]}


with torch.no_grad():
    json.dump([Served(job).answers() for job in json.load(sys.stdin)], sys.stdout)
