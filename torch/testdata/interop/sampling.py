"""What transformers' generate makes of logits before it draws: the probabilities of each case, by its own list of processors."""

import json
import sys

import torch
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=1, vocab_size=16, bos_token_id=0, eos_token_id=0))
answer = []
for case in json.load(sys.stdin):
    config = GenerationConfig(do_sample=True, pad_token_id=case["eos"][0], eos_token_id=case["eos"], max_new_tokens=64, **case["settings"])
    model._prepare_special_tokens(config, device="cpu")
    processors = model._get_logits_processor(generation_config=config, input_ids_seq_length=case["prompt_tokens"], device="cpu")
    scores = processors(torch.tensor([case["history"]]), torch.tensor([case["logits"]]))
    answer.append(torch.softmax(scores[0].double(), 0).tolist())
json.dump(answer, sys.stdout)
