"""The loss of a personalised reward model and its gradients, for comparison with ours.

Reads one JSON object from standard input:
  model   folder of a sequence classifier: a network with a score head
  users   user_model.safetensors of an individualized user model with a shared part
  head    true: e_u is the head, and the score head is not used; false: e_u is a soft prompt
  alpha   weight of the users' own loss
  bos     id that begins every sequence
  rows    [{"user": u, "prompt": ids, "responses": [chosen, rejected]}]
  code    folder prlhf of Personalization-Benchmark's baselines/Personalized_RLHF, or ""
and writes [{"name", "loss", "user_norm", "head_norm", "norm"}]: the loss and the gradient norms of the users' vectors, of
the score head, and of all together. "formula" is the paper's F.2, computed here from its text with transformers' networks;
"UserRMTrainer" is that repository's own trainer and Llama reward model, where code names them.
"""
import json
import sys
import types
import warnings

warnings.filterwarnings("ignore")
import torch
import transformers
from safetensors.torch import load_file
from torch.nn.functional import logsigmoid
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def user_vectors(job):
    return load_file(job["users"])["user_embedding"]  # [1 + m, T_u, d]: e_0, then o_i


def formula(job):
    model = AutoModelForSequenceClassification.from_pretrained(job["model"], dtype=torch.float32)
    users = user_vectors(job).requires_grad_()

    def reward(row, user, y):
        e = users[0] if user == 0 else users[0] + users[user]
        x = model.get_input_embeddings()(torch.tensor([[job["bos"]] + row["prompt"] + y]))
        if not job["head"]:
            x = torch.cat([x[:, :1], e[None], x[:, 1:]], 1)
        last = model.base_model(inputs_embeds=x).last_hidden_state[0, -1]
        return (last @ e.T if job["head"] else model.score(last)).squeeze()

    def loss(user_of):
        return -torch.stack([logsigmoid(reward(r, user_of(r), r["responses"][0]) - reward(r, user_of(r), r["responses"][1])) for r in job["rows"]]).mean()

    value = job["alpha"] * loss(lambda row: row["user"]) + (1 - job["alpha"]) * loss(lambda row: 0)
    value.backward()
    return answer("formula", value, users, model.score.weight, model.parameters())


def answer(name, loss, users, head, parameters):
    norm = lambda tensors: torch.stack([t.grad.norm() for t in tensors if t.grad is not None] or [torch.zeros(())]).norm().item()
    return {"name": name, "loss": loss.item(), "user_norm": norm([users]), "head_norm": norm([head]), "norm": norm([users, *parameters])}


def benchmark(job):
    """The repository's trainer on one batch that holds each row and its copy for user 0, as its loader makes them.

    Three things are as its code has them and not as its scripts run it: the head is ours, not left random; all rows are in
    one batch, not one row in each; no PEFT. Its forward pass keeps the separator, so job's prompts begin with it.
    """
    sys.path.insert(0, job["code"])
    import train_personalized_rm
    from tokenizers import Tokenizer, models, pre_tokenizers
    from user_rm_trainer import UserRMTrainer

    words = {f"t{i}": i for i in range(30)} | {"USER:": 30, "0": 31, "1": 32, "2": 33, "||": job["rows"][0]["prompt"][0]}
    raw = Tokenizer(models.WordLevel(words, unk_token="t2"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="t1", pad_token="t1", sep_token="||")
    users = user_vectors(job)
    train_personalized_rm.UserLlamaForRewardModel.all_tied_weights_keys = {}  # transformers 5 asks for it, the code is of 4
    model = train_personalized_rm.UserLlamaForRewardModel.from_pretrained(
        job["model"], user_model_type="individual", tokenizer=tokenizer, n_users=len(users) - 1, n_user_tokens=users.shape[1], sep="||", dtype=torch.float32)
    table = model.user_model.user_embedding.weight
    table.data = users.flatten(0, 1).clone()
    model.v_head.weight.data = AutoModelForSequenceClassification.from_pretrained(job["model"], dtype=torch.float32).score.weight.data
    model.v_head.bias.data.zero_()

    class OneBatch(UserRMTrainer):
        """Its methods, without what transformers' Trainer sets up around them."""

        def __init__(self, **fields):
            self.__dict__ |= fields

    gather = types.SimpleNamespace(gather_for_metrics=lambda x: x, is_main_process=False)
    trainer = OneBatch(alpha=job["alpha"], sep_id=tokenizer.sep_token_id, tokenizer=tokenizer, accelerator=gather)
    sequences = {"chosen": [], "rejected": []}
    for row in job["rows"]:
        for user in (row["user"], 0):
            for side, y in zip(sequences, row["responses"]):
                sequences[side].append([job["bos"], words["USER:"], words[str(user)]] + row["prompt"] + y)
    collate = train_personalized_rm.PairwiseDataCollator(tokenizer)
    batch = collate([{f"{side}_{kind}": ids if kind == "input_ids" else [1] * len(ids) for side, ids in zip(sequences, pair) for kind in ("input_ids", "attention_mask")}
                     for pair in zip(*sequences.values())])
    loss = trainer.compute_loss(model, batch)
    loss.backward()
    return answer("UserRMTrainer", loss, table, model.v_head.weight, [p for p in model.parameters() if p is not table and p is not model.v_head.bias])


def main():
    torch.set_num_threads(1)
    job, out = json.load(sys.stdin), sys.stdout
    sys.stdout = sys.stderr
    peers = [formula] + ([benchmark] if job["code"] else [])
    json.dump([peer(job) for peer in peers], out)


main()
