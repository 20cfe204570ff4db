"""Losses, gradient norms and rewards as TRL's own trainers compute them, for comparison with ours.

Reads a JSON list of jobs from standard input, each an object:
  policy, reward    {"model", "adapter"}: Hugging Face folder of the language model and of the reward model, and the PEFT folder
                    whose weights are trained, or "": all weights are
  reference         Hugging Face folder of the frozen reference model
  bos, pad          ids; pad occurs in no row
  rows              [{"prompt": ids, "responses": [ids, ids], "mismatch": ids}]; responses end in the end token; mismatch is a
                    response of another row, for kto
  cases             objectives as torch/objective.Config names them, in lower case, each with the indices of its rows
  steps             {"lr", "weight_decay"}: losses of AdamW steps on all rows with the first case's objective
and writes a list of answers:
  cases             [{"loss", "norm", "norms": {weight: norm}, "rewards": [[chosen, rejected]], "z0": kto's, else absent}]
  steps             loss before steps 1, 2, 3 and after step 3

Every loss comes out of a trainer's compute_loss. Where TRL defines an objective otherwise than design.md section 2, the
class of that objective converts it, and says what differs; docs/differences.md has the list.
"""
import json
import os
import sys
import tempfile
import warnings

os.environ.update(TRL_EXPERIMENTAL_SILENCE="1", TOKENIZERS_PARALLELISM="false")
warnings.filterwarnings("ignore")
import datasets
import torch
import transformers
from datasets import Dataset
from peft import PeftModel
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.utils.data import SequentialSampler
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
datasets.disable_progress_bars()


def tokenizer(vocabulary, bos, pad):
    """The trainers' constructors want one. Word t5 is id 5; what is measured goes in as ids."""
    words = Tokenizer(models.WordLevel({f"t{i}": i for i in range(vocabulary)}, unk_token="t2"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, bos_token=f"t{bos}", eos_token="t1", pad_token=f"t{pad}")


class Peer:
    """One objective in TRL: a trainer on the policy, and how a batch of rows is given to it."""

    columns = {"prompt": ["t3"], "chosen": ["t4"], "rejected": ["t5"]}  # a row that the constructor is satisfied with
    files = "policy"

    def __init__(self, job, case, **settings):
        self.job, self.case = job, case
        model = self.load(job[self.files]["model"])
        words = tokenizer(model.config.vocab_size, job["bos"], job["pad"])
        if job[self.files]["adapter"]:
            model = PeftModel.from_pretrained(model, job[self.files]["adapter"], is_trainable=True)
        args = self.config(output_dir=job["tmp"], use_cpu=True, bf16=False, report_to="none", gradient_checkpointing=False, max_length=64,
                           disable_tqdm=True, **settings)
        self.trainer = self.make(model, args=args, train_dataset=Dataset.from_dict(self.columns), processing_class=words)
        self.trainer.model.train()

    def load(self, folder):
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def make(self, model, **rest):
        return self.trainer_class(model=model, **rest)

    def loss(self, rows):
        return self.trainer.compute_loss(self.trainer.model, self.batch(rows))

    def rewards(self, row):
        with torch.no_grad():
            return self.rewards_of([row])

    def rewards_of(self, rows):
        """Means over the rows, by the trainer's own metrics."""
        self.loss(rows)
        return [self.metric("rewards/chosen"), self.metric("rewards/rejected")]

    def metric(self, name):
        return self.trainer._metrics["train"][name][-1]


class OneByOne:
    """Batches of one pair, averaged: what TRL would pool over a batch's tokens is pooled over one pair's."""

    def loss(self, rows):
        return sum(super(OneByOne, self).loss([row]) for row in rows) / len(rows)


class DPO(Peer):
    """dpo without smoothing, robust, ipo by length, hinge, exo, nca, sppo, apo_zero, apo_down: no difference."""

    trainer_class, config = DPOTrainer, DPOConfig

    def __init__(self, job, case, kind, **settings):
        settings = {"beta": case["beta"], "label_smoothing": case["label_smoothing"], **settings}
        super().__init__(job, case, loss_type=[kind], **settings)

    def make(self, model, **rest):
        return DPOTrainer(model=model, ref_model=self.load(self.job["reference"]), **rest)

    def batch(self, rows):
        bos = [self.job["bos"]]
        return self.trainer.data_collator([{"prompt_ids": bos + r["prompt"], "chosen_ids": r["responses"][0], "rejected_ids": r["responses"][1]} for r in rows])


class SmoothedDPO(OneByOne, DPO):
    """TRL's sigmoid loss has lost its label smoothing (1.16). Its aot_unpaired still has it: that loss sorts chosen and
    rejected ratios over the batch first, and with one pair in the batch there is nothing to sort."""


class SummedIPO(DPO):
    """TRL divides each log-ratio by its length n. For rows whose responses all have length n, the loss on sums with beta
    is n^2 times TRL's with n beta: (D - 1/(2 beta))^2 = n^2 (D/n - 1/(2 n beta))^2. The rewards are multiples of beta."""

    def __init__(self, job, case, kind):
        lengths = {len(y) for i in case["rows"] for y in job["rows"][i]["responses"]}
        (self.n,) = lengths  # fails when they differ
        super().__init__(job, case, kind, beta=self.n * case["beta"])

    def loss(self, rows):
        return self.n**2 * super().loss(rows)

    def rewards(self, row):
        return [r / self.n for r in super().rewards(row)]


class ThresholdBCO(DPO):
    """TRL's bco_pair (1.16) has no threshold; BCO's is the mean reward of the batch, detached (Jung et al. 2024), which
    trl 0.10 kept as a running mean and the authors' fixtures have with the mean just reset. Raising the reference
    log-probs by threshold / beta subtracts it from every reward."""

    def loss(self, rows):
        batch = self.batch(rows)
        with torch.no_grad():
            threshold = sum(self.rewards_of(rows)) / 2
            references = self.trainer.compute_ref_log_probs(self.trainer.ref_model, batch)
        for name, reference in zip(["ref_chosen_logps", "ref_rejected_logps"], references):
            batch[name] = reference + threshold / self.case["beta"]
        self.trainer.precompute_ref_logps = True  # take them from the batch
        loss = self.trainer.compute_loss(self.trainer.model, batch)
        self.trainer.precompute_ref_logps = False
        return loss

    def rewards_of(self, rows):
        super().loss(rows)
        return [self.metric("rewards/chosen"), self.metric("rewards/rejected")]


class WithoutReference(Peer):
    """TRL's older trainers: labels instead of masks, and their metrics come back with the loss."""

    def batch(self, rows):
        def features(row):
            out = {}
            for name, y in zip(["chosen", "rejected"], row["responses"]):
                x = [self.job["bos"]] + row["prompt"]
                out |= {f"{name}_input_ids": x + y, f"{name}_attention_mask": [1] * len(x + y), f"{name}_labels": [-100] * len(x) + y}
            return out

        return self.trainer.data_collator([features(r) for r in rows])

    def metric(self, name):
        return self.trainer._stored_metrics["train"][name][-1]


class CPO(OneByOne, WithoutReference):
    """TRL takes the NLL over all chosen tokens of the batch, ours over those of each pair, then the mean over pairs: the
    same for batches of one pair. TRL's reward is beta times the summed log-prob, ours the sum itself."""

    trainer_class, config = CPOTrainer, CPOConfig

    def __init__(self, job, case):
        super().__init__(job, case, beta=case["beta"], cpo_alpha=case["lambda"])

    def rewards(self, row):
        return [r / self.case["beta"] for r in super().rewards(row)]


class SimPO(WithoutReference):
    """SimPO is a loss of TRL's CPOTrainer, which adds its NLL unless cpo_alpha is 0."""

    trainer_class, config = CPOTrainer, CPOConfig

    def __init__(self, job, case):
        super().__init__(job, case, beta=case["beta"], loss_type="simpo", simpo_gamma=case["gamma"], cpo_alpha=0.0)


class ORPO(WithoutReference):
    """TRL's beta is lambda. Its NLL counts the prompt's tokens too, over the batch; ours counts the response's, per pair.
    Here the NLL in the trainer's forward pass is replaced by the trainer's own mean log-prob of the chosen
    response. TRL's reward is beta times the mean log-prob, ours the mean itself."""

    trainer_class, config = ORPOTrainer, ORPOConfig

    def __init__(self, job, case):
        super().__init__(job, case, beta=case["lambda"])
        forward = self.trainer.concatenated_forward

        def on_responses(model, batch):
            chosen, rejected, chosen_logits, rejected_logits, _ = forward(model, batch)
            return chosen, rejected, chosen_logits, rejected_logits, -chosen.mean()

        self.trainer.concatenated_forward = on_responses

    def rewards(self, row):
        return [r / self.case["lambda"] for r in super().rewards(row)]


class SFT(Peer):
    """No difference: the mean over the batch's completion tokens. There is no reward."""

    trainer_class, config = SFTTrainer, SFTConfig
    columns = {"prompt": ["t3"], "completion": ["t4"]}

    def batch(self, rows):
        def features(row):
            x, y = [self.job["bos"]] + row["prompt"], row["responses"][0]
            return {"input_ids": x + y, "labels": [-100] * len(x) + y}

        return self.trainer.data_collator([features(r) for r in rows])

    def rewards(self, row):
        return []


class KTO(Peer):
    """No difference in the loss: the mean over single responses, z0 over the batch's mismatched pairs. TRL pairs a prompt with
    the response of the row before it in the file, batch by batch, as it tokenises; here it gets the pairs that we take. A
    comparison is two rows, whose mismatched response is the same one; in the unpaired case row i has its response i mod 2."""

    trainer_class, config = KTOTrainer, KTOConfig
    columns = {"prompt": ["t3"] * 2, "completion": ["t4", "t5"], "label": [True, False]}

    def __init__(self, job, case):
        super().__init__(job, case, beta=case["beta"], desirable_weight=case["lambda_chosen"], undesirable_weight=case["lambda_rejected"])

    def make(self, model, **rest):
        return KTOTrainer(model=model, ref_model=self.load(self.job["reference"]), **rest)

    def batch(self, rows):
        def single(row, j):
            return {"prompt_ids": [self.job["bos"]] + row["prompt"], "completion_ids": row["responses"][j], "KL_completion_ids": row["mismatch"], "label": j == 0}

        def sides(row):
            return [self.job["rows"].index(row) % 2] if self.case["unpaired"] else [0, 1]

        return self.trainer.data_collator([single(row, j) for row in rows for j in sides(row)])

    def rewards_of(self, rows):
        metrics = self.trainer._metrics["train"]
        metrics.clear()
        self.loss(rows)
        return [metrics[name][-1] for name in ("rewards/chosen", "rewards/rejected") if name in metrics]


class Reward(Peer):
    """No difference in the loss. transformers reads the reward behind the last token that is not the padding token, ours
    behind the last one: the same where the padding token is no end token and occurs in no row."""

    trainer_class, config, files = RewardTrainer, RewardConfig, "reward"

    def load(self, folder):
        return AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=1)

    def batch(self, rows):
        x = [[self.job["bos"]] + r["prompt"] for r in rows]
        return self.trainer.data_collator([{"chosen_ids": x + r["responses"][0], "rejected_ids": x + r["responses"][1]} for x, r in zip(x, rows)])

    def rewards_of(self, rows):
        _, outputs = self.trainer.compute_loss(self.trainer.model, self.batch(rows), return_outputs=True)
        return outputs.logits.squeeze(-1).tolist()


def peer(job, case):
    kind = case["kind"]
    if kind == "dpo":
        smoothed = case["label_smoothing"] > 0
        if case["robust"]:
            return DPO(job, case, "robust")
        return SmoothedDPO(job, case, "aot_unpaired") if smoothed else DPO(job, case, "sigmoid")
    if kind == "ipo":
        return DPO(job, case, "ipo") if case["normalize"] == "length" else SummedIPO(job, case, "ipo")
    if kind == "bco":
        return ThresholdBCO(job, case, "bco_pair")
    named = {"hinge": "hinge", "exo": "exo_pair", "nca": "nca_pair", "sppo": "sppo_hard", "apo_zero": "apo_zero", "apo_down": "apo_down"}
    if kind in named:
        return DPO(job, case, named[kind])
    return {"cpo": CPO, "simpo": SimPO, "orpo": ORPO, "sft": SFT, "kto": KTO, "reward": Reward}[kind](job, case)


def measure(job, case):
    p, rows = peer(job, case), [job["rows"][i] for i in case["rows"]]
    loss = p.loss(rows)
    loss.backward()
    norms = {name.replace(".modules_to_save", "").replace(".default", ""): w.grad.norm().item() for name, w in p.trainer.model.named_parameters() if w.grad is not None}
    answer = {"loss": loss.item(), "norm": torch.tensor(list(norms.values())).double().norm().item(), "norms": norms}
    if case["kind"] == "kto":
        answer["z0"] = p.metric("kl")
    return answer | {"rewards": [p.rewards(row) for row in rows]}


def steps(job, case):
    """The trainer's own loop: its batches, its clipping, its AdamW."""
    settings = dict(max_steps=3, per_device_train_batch_size=len(job["rows"]), learning_rate=job["steps"]["lr"], weight_decay=job["steps"]["weight_decay"],
                    lr_scheduler_type="constant", max_grad_norm=1.0, adam_beta1=0.9, adam_beta2=0.99, adam_epsilon=1e-8, save_strategy="no", logging_strategy="no")
    p = DPO(job, case, "sigmoid", **settings)
    t, bos = p.trainer, [job["bos"]]
    t.train_dataset = Dataset.from_list([{"prompt_ids": bos + r["prompt"], "chosen_ids": r["responses"][0], "rejected_ids": r["responses"][1]} for r in job["rows"]])
    t._get_train_sampler = lambda *a, **k: SequentialSampler(t.train_dataset)
    losses, compute = [], t.compute_loss

    def recorded(*args, **kwargs):
        loss = compute(*args, **kwargs)
        losses.append(loss.item())
        return loss

    t.compute_loss = recorded
    t.train()
    with torch.no_grad():
        p.loss(job["rows"])
    return losses


def main():
    torch.set_num_threads(1)
    jobs, out = json.load(sys.stdin), sys.stdout
    sys.stdout = sys.stderr  # trainers print
    answers = []
    with tempfile.TemporaryDirectory() as tmp:
        for job in jobs:
            job["tmp"] = tmp
            answers.append({"cases": [measure(job, case) for case in job["cases"]], "steps": steps(job, job["cases"][0])})
    json.dump(answers, out)


main()
