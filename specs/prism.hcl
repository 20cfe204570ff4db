# PRISM: 1,500 real people, their conversations and what they say about themselves (paper: Section 5.3, Appendix E).
# Every policy reads the user's text; P-DPO also learns from who chose what. Table 2, and samples as in Table 10.
# A comment says where a constant is from; docs/reproduction.md where the authors' code differs. mini/prism.hcl is the
# same experiment on a tiny model and made-up data.

variable "max_new_tokens" { default = 500 } # the code's; the paper gives none
variable "min_new_tokens" { default = 0 }   # 32 in the code

variable "model" {
  type    = path
  default = "../models/llama-3-8b-instruct"
}

variable "data" {
  type        = path
  default     = "../data/prism"
  description = "folder with survey.jsonl and conversations.jsonl"
}

variable "judge" { default = judge.gpt4o }
variable "precision" { default = "bf16" }
variable "epochs" { default = 2 }                                                         # E.1; 1 in the code
variable "optimizer" { default = { lr = 5e-5, schedule = "cosine", warmup_steps = 150 } } # E.1
variable "clusters" { default = [10, 100] }
variable "judged" { default = { seen = 10, unseen = 10, samples = 76 } }

locals {
  # The paper's 76 samples cannot be recovered: a seed of ours.
  judged_users = [sample(dataset.prism.users, var.judged.seen, 123), sample(dataset.prism.unseen_users, var.judged.unseen, 123)]
  judged_rows  = sample(of_users(dataset.prism.test, local.judged_users), var.judged.samples, 123)

  # Table 2, %
  table2 = {
    vs_vanilla = {
      individual = { per_sample = percent(64.47), per_user = percent(60.00) }
      "K = 10"   = { per_sample = percent(61.84), per_user = percent(60.00) }
      "K = 100"  = { per_sample = percent(65.79), per_user = percent(65.00) }
    }
    vs_chosen = {
      vanilla    = { per_sample = percent(42.11), per_user = percent(25.00) }
      individual = { per_sample = percent(60.52), per_user = percent(55.00) }
      "K = 10"   = { per_sample = percent(61.84), per_user = percent(70.00) }
      "K = 100"  = { per_sample = percent(60.52), per_user = percent(60.00) }
    }
  }
}

dataset "prism" {
  format     = "prism"
  source     = var.data
  split      = { seen_share = 0.9, train = 0.7, by = "conversation", seed = 123 } # 0.7: the paper gives the counts only
  pairs      = "turn"                                                             # one comparison per turn, as the paper has it; the code takes all
  max_tokens = 800                                                                # E.1; 770 in the code, 470 of them for the prompt
  user_text  = "User textual information: preference: ${join(", ", user.stated_preferences)}; self_description: ${user.self_description}; ${user.demographics}\n"
  paper      = { train = { all = 6431 }, test = { all = 3982 } } # E.1; in which unit it does not say: no claim

  expect = { users = 1234, prompt_tokens = 350, response_tokens = 150 } # 1,234 of the 1,396 users are seen in the code
  get    = "hf download HannahRoseKirk/prism-alignment survey.jsonl conversations.jsonl --repo-type dataset --local-dir data/prism (docs/formats.md)"
}

model "llama" {
  source    = var.model
  precision = var.precision

  expect = { family = "llama", layers = 32, width = 4096, heads = 32, kv_heads = 8, inner = 14336, vocabulary = 128256, context = 8192 }
  get    = "hf download meta-llama/Meta-Llama-3-8B-Instruct --local-dir models/llama-3-8b-instruct, once Meta has granted access"
}

user_model "vanilla" {
  kind     = "uniform"
  tokens   = 0
  explicit = true
}

user_model "individual" {
  kind     = "individualized"
  tokens   = 10
  explicit = true
}

user_model "cluster" {
  for_each = { for k in var.clusters : "K = ${k}" => k }
  kind     = "cluster"
  tokens   = 10
  clusters = each.value
  explicit = true
}

train "dpo" {
  for_each   = [user_model.vanilla, user_model.individual, user_model.cluster]
  base       = model.llama
  data       = dataset.prism.train
  user_model = each.value
  objective  = { kind = "dpo", alpha = 0.5, beta = 0.1 } # E.1; beta is 0.5 in the code
  epochs     = var.epochs
  batch_size = 32 # E.1
  optimizer  = var.optimizer
  lora       = { rank = 8, alpha = 32, dropout = 0.1, targets = ["q", "k", "v"] } # E.1; targets: what the code's list matches in LLaMA
}

accuracy "test" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.prism.test
}

generate "answers" {
  for_each = train.dpo
  policy   = each.value
  prompts  = local.judged_rows # each prompt for the user who wrote it
  sampling = { temperature = 0.6, top_p = 0.9, min_new_tokens = var.min_new_tokens, max_new_tokens = var.max_new_tokens, no_repeat_ngram = 3, repetition_penalty = 1.15 }
}

judge "gpt4o" {
  kind     = "openai"
  model    = "gpt-4o"
  template = "role_play"
  order    = "random"
  price    = { input = 2.5, output = 10 }
}

win_rate "vs_vanilla" {
  for_each  = without(generate.answers, ["vanilla"])
  candidate = each.value
  baseline  = generate.answers["vanilla"]
  judge     = var.judge
  ties      = "both"
  paper     = lookup(local.table2.vs_vanilla, each.key, null)
}

win_rate "vs_chosen" {
  for_each  = generate.answers
  candidate = each.value
  baseline  = local.judged_rows.chosen
  judge     = var.judge
  ties      = "both"
  paper     = lookup(local.table2.vs_chosen, each.key, null)
}

claim "personal_beats_vanilla" {
  for_each = win_rate.vs_vanilla
  text     = "P-DPO beats vanilla DPO, although both read the user's text (Table 2)"
  that     = each.value.per_sample.low - each.value.ties / 2 > 0.5
  note     = "Table 2 counts a tie as won for both sides, so two equal methods have more than 50 %: half of the ties is taken off."
}

claim "user_model_is_light" {
  for_each = [train.dpo["K = ${var.clusters[0]}"]]
  text     = "The smaller cluster model has under a tenth of the parameters that are trained in the LLM (Section 5.3)"
  that     = each.value.parameters.user_model < each.value.parameters.adapter / 10
}

report "prism" {
  title     = "PRISM: a large and diverse user base"
  tolerance = { accuracy = 0.05, generate = 4, win_rate = 0.15, train = 0.1 } # of golden reports from another machine

  section "The data" { show = dataset.prism }
  section "Table 2: win rates" { show = [win_rate.vs_vanilla, win_rate.vs_chosen] }
  section "Accuracy, seen and unseen users" { show = accuracy.test }
  section "Table 10: answers, side by side" { show = [generate.answers, local.judged_rows.chosen] }
}
