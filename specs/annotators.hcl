# What real people prefer: comparisons with a user id, by several annotators. Ordinary DPO against P-DPO, on the data's own
# test split where it has one, and a control in which users are dealt to comparisons at random. Where tastes differ little,
# as they do among most annotators, this is a test of doing no harm.
#
#   prlhf apply specs/annotators.hcl -var data=FILE
#
# FILE has a JSON object a line: user, prompt, chosen, rejected; split ("train" or "test") if there is one.

variable "data" {
  type        = path
  description = "JSONL file of comparisons: user, prompt, chosen, rejected, and split if there is one"
}

variable "verdicts" {
  type        = path
  default     = null
  description = "recorded verdicts on the test rows, of any judge (verdicts.jsonl of its artifact): how it does beside the rules"
}

variable "sft_steps" { default = 300 }
variable "dpo_steps" { default = 200 }

dataset "annotators" {
  format     = "jsonl"
  source     = var.data
  max_tokens = 320
  bad_rows   = "drop" # counted in the report
}

# The control: the same texts and choices, but nobody's choices are their own. What P-DPO gains here is chance.
dataset "shuffled" {
  format        = "jsonl"
  source        = var.data
  max_tokens    = 320
  bad_rows      = "drop"
  shuffle_users = true
}

model "small" {
  init = {
    texts      = dataset.annotators.train
    vocabulary = 1024
  }
}

train "sft" {
  base      = model.small
  data      = dataset.annotators.train.responses
  objective = { kind = "sft" }
  steps     = var.sft_steps
  optimizer = { lr = 3e-3, warmup_steps = 20 }
}

locals { individual = { kind = "individualized", tokens = 4 } }

train "dpo" {
  for_each = {
    vanilla    = null # no user model: ordinary DPO
    individual = local.individual
    cluster    = { kind = "cluster", tokens = 4, clusters = 3 }
  }

  base       = train.sft
  data       = dataset.annotators.train
  user_model = each.value
  objective  = { kind = "dpo", beta = 0.1 }
  steps      = var.dpo_steps
  optimizer  = { lr = 1e-3, warmup_steps = 20 }
}

train "control" {
  base       = train.sft
  data       = dataset.shuffled.train
  user_model = local.individual
  objective  = { kind = "dpo", beta = 0.1 }
  steps      = var.dpo_steps
  optimizer  = { lr = 1e-3, warmup_steps = 20 }
}

accuracy "test" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.annotators.test
}

accuracy "control" {
  policy = train.control
  data   = dataset.shuffled.test
}

generate "texts" {
  for_each = [train.dpo["vanilla"], train.dpo["individual"]]
  policy   = each.value
  prompts  = sample(dataset.annotators.test.prompts, 3)
  users    = [dataset.annotators.users, generic_user]
  sampling = { temperature = 0.7, max_new_tokens = 96 }
}

judge "longer" { # how far a rule gets that knows nobody
  kind    = "rule"
  prefers = "longer"
}

judge "plainer" {
  kind    = "rule"
  prefers = "plainer"
}

agreement "rule" {
  for_each = [judge.longer, judge.plainer]
  judge    = each.value
  data     = dataset.annotators.test
}

agreement "recorded" {
  for_each = var.verdicts == null ? {} : { recorded = { kind = "replay", verdicts = var.verdicts } }
  judge    = each.value
  data     = dataset.annotators.test
}

claim "something_is_learned" {
  text = "Ordinary DPO ranks more than half of the held-out comparisons right"
  note = "The model is from nothing and small. It can learn that longer texts are preferred; it cannot judge an argument."
  that = accuracy.test["vanilla"].top.low > 0.5
}

claim "no_harm" {
  for_each = [accuracy.test["individual"], accuracy.test["cluster"]]
  text     = "P-DPO is at most two points below ordinary DPO, on average over users"
  that     = each.value.average.mean > accuracy.test["vanilla"].average.mean - 0.02
}

claim "users_matter" {
  text = "P-DPO is better with a comparison's own user than with another one"
  note = "Look at the intervals in the table of controls: where they overlap, as on the UKP data, this shows nothing, whichever way it falls. The personal part of such data can be smaller than a test of this size can show."
  that = accuracy.test["individual"].top.mean > accuracy.test["individual"].control.swapped.mean
}

claim "control_gains_nothing" {
  text = "With users dealt at random, P-DPO is within three points of ordinary DPO"
  that = abs(accuracy.control.top.mean - accuracy.test["vanilla"].top.mean) < 0.03
}

report "annotators" {
  title = "What do annotators agree on?"

  section "Held-out comparisons" { show = accuracy.test }
  section "Control: users dealt at random" { show = accuracy.control }

  section "The data, and what simple models reach on it" {
    show = dataset.annotators
    text = "On the UKP convincing-arguments data (UKPLab/acl2016-convincing-arguments, commit ca9d24e, CC BY 4.0; Habernal and Gurevych, ACL 2016; 17,627 comparisons by 12 annotators, ties and identical pairs left out), models that know texts by their identity only reach these test accuracies: the longer text 0.700; one score per text, for everybody, 0.780; with a personal term of rank 2 0.810, a gain of 0.029 (standard error 0.006). So there is a personal part, and it is small. For other data these numbers mean nothing."
  }

  section "Judges that know nobody" { show = [agreement.rule, agreement.recorded] }
  section "Training" { show = [train.dpo, train.control] }
  section "Texts" { show = generate.texts }
}
