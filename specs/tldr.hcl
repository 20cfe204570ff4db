# TL;DR: workers who want long summaries and workers who want short ones (paper: Section 5.1, Appendix C).
# Tables 3 to 6, Figures 3 to 5. A comment says where a constant is from; docs/reproduction.md where the authors' code
# differs. mini/tldr.hcl is the same experiment on a tiny model and made-up data.

variable "model" {
  type    = path
  default = "../models/openai-summarize-tldr-sft"
}

variable "data" {
  type    = path
  default = "../data/summarize-from-feedback/comparisons"
}

variable "published_data" {
  default     = true
  description = "false for other files in the format: the counts of Table 3 are then not claimed"
}

variable "workers" {
  default     = { top10 = 10, top40 = 40 }
  description = "workers who are trained on, those with most comparisons (Sections 5.1 and C.4)"
}

variable "precision" { default = "bf16" }
variable "epochs" { default = 2 }                                                         # C.2
variable "batch_size" { default = 32 }                                                    # C.2, in pairs; 16 is what the authors' code amounts to
variable "optimizer" { default = { lr = 5e-5, schedule = "cosine", warmup_steps = 150 } } # C.2
variable "evaluate_every" { default = 50 }
variable "max_new_tokens" { default = 1024 } # the code's; the paper gives none
variable "min_new_tokens" { default = 0 }    # 32 in the code, where the empty texts of E1 cannot occur

locals {
  table3 = { # counts
    top10 = {
      users = { majority = 7, minority = 3 }
      train = { all = 23299, majority = 16607, minority = 6692 }
      test  = { all = 16294, seen_majority = 3371, seen_minority = 1550, unseen_majority = 7237, unseen_minority = 4136 }
    }
    top40 = {
      users = { majority = 26, minority = 14 }
      train = { all = 38065, majority = 25821, minority = 12244 }
      test  = { all = 16294, seen_majority = 8301, seen_minority = 4759, unseen_majority = 2307, unseen_minority = 927 }
    }
  }

  # Tables 4, 5 and 6, %: Accuracy-top, Accuracy-generic, Accuracy-average (mean, standard error) of both groups.
  table4 = {
    vanilla    = { top = percent(58.91), generic = percent(55.37), groups = { majority = percent(74.82, 1.22), minority = percent(25.10, 1.09) } }
    individual = { top = percent(91.04), generic = percent(55.34), groups = { majority = percent(89.26, 0.57), minority = percent(94.35, 0.28) } }
    cluster    = { top = percent(91.12), generic = percent(54.55), groups = { majority = percent(89.24, 0.74), minority = percent(94.78, 0.18) } }
  }
  table5 = {
    "T_u = 1"   = { top = percent(88.78), generic = percent(54.92), groups = { majority = percent(85.92, 0.57), minority = percent(94.15, 0.11) } }
    "alpha = 1" = { top = percent(93.54), generic = percent(54.87), groups = { majority = percent(92.37, 0.51), minority = percent(95.23, 0.08) } }
    "no e_0"    = { top = percent(88.88), generic = percent(54.77), groups = { majority = percent(87.13, 0.97), minority = percent(91.96, 0.65) } }
    "K = 2"     = { top = percent(72.79), generic = percent(55.01), groups = { majority = percent(82.32, 2.02), minority = percent(51.24, 9.30) } }
  }
  table6 = {
    vanilla    = { top = percent(54.91), generic = percent(57.58), groups = { majority = percent(67.96, 0.92), minority = percent(30.61, 0.98) } }
    individual = { top = percent(92.97), generic = percent(57.85), groups = { majority = percent(91.94, 0.50), minority = percent(95.14, 0.40) } }
    cluster    = { top = percent(91.74), generic = percent(56.77), groups = { majority = percent(90.27, 0.56), minority = percent(94.44, 0.69) } }
  }

  lora     = { rank = 8, alpha = 16, dropout = 0.05, targets = ["q", "k", "v", "o", "mlp", "embedding"] } # C.2; targets: the code's
  evaluate = { data = sample(dataset.tldr["top10"].test, 1000), every = var.evaluate_every }
}

dataset "tldr" {
  for_each          = var.workers
  format            = "tldr"
  source            = var.data
  split             = { seen_top = each.value } # train and validation are the data set's own
  max_prompt_tokens = 550                       # the code's
  max_tokens        = 600                       # the code's
  paper             = local.table3[each.key]

  simulate = {
    majority = { share = 0.7, prefers = "longer" }
    minority = { share = 0.3, prefers = "shorter" }
  }
  draw = "numpy" # the authors' draw, worker by worker
  seed = 3456

  expect = { prompt_tokens = 350, response_tokens = 40 } # about; the counts are Table 3's
  get    = "the comparisons (batch*.json) of openai/summarize-from-feedback; docs/formats.md says where"
}

model "sft" {
  source    = var.model
  precision = var.precision

  expect = { family = "gptj", layers = 28, width = 4096, heads = 16, vocabulary = 50400, context = 2048 } # GPT-J 6B
  get    = "hf download CarperAI/openai_summarize_tldr_sft --local-dir models/openai-summarize-tldr-sft; weights are read from safetensors (docs/reproduction.md)"
}

user_model "individual" {
  kind   = "individualized"
  tokens = 10 # C.3
}

user_model "cluster" {
  kind     = "cluster"
  tokens   = 10 # C.3
  clusters = 5  # C.3
}

objective "p_dpo" {
  kind  = "dpo"
  alpha = 0.5 # C.3
  beta  = 0.5 # C.2
}

train "top10" {
  for_each = {
    vanilla    = null
    individual = user_model.individual
    cluster    = user_model.cluster
  }

  base       = model.sft
  data       = dataset.tldr["top10"].train
  user_model = each.value
  objective  = objective.p_dpo
  epochs     = var.epochs
  batch_size = var.batch_size
  optimizer  = var.optimizer
  lora       = local.lora
  evaluate   = local.evaluate
}

train "ablation" {
  for_each = {
    "T_u = 1"   = { user_model = merge(user_model.individual, { tokens = 1 }), objective = objective.p_dpo }
    "alpha = 1" = { user_model = user_model.individual, objective = merge(objective.p_dpo, { alpha = 1 }) }
    "no e_0"    = { user_model = merge(user_model.individual, { shared = false }), objective = objective.p_dpo }
    "K = 2"     = { user_model = merge(user_model.cluster, { clusters = 2 }), objective = objective.p_dpo }
  }

  base       = model.sft
  data       = dataset.tldr["top10"].train
  user_model = each.value.user_model
  objective  = each.value.objective
  epochs     = var.epochs
  batch_size = var.batch_size
  optimizer  = var.optimizer
  lora       = local.lora
  evaluate   = local.evaluate
}

train "top40" {
  for_each = {
    vanilla    = null
    individual = user_model.individual
    cluster    = user_model.cluster
  }

  base       = model.sft
  data       = dataset.tldr["top40"].train
  user_model = each.value
  objective  = objective.p_dpo
  epochs     = var.epochs
  batch_size = var.batch_size
  optimizer  = var.optimizer
  lora       = local.lora
}

accuracy "table4" {
  for_each = train.top10
  policy   = each.value
  data     = dataset.tldr["top10"].test
  paper    = local.table4[each.key]
}

accuracy "table5" {
  for_each = train.ablation
  policy   = each.value
  data     = dataset.tldr["top10"].test
  paper    = local.table5[each.key]
}

accuracy "table6" {
  for_each = train.top40
  policy   = each.value
  data     = dataset.tldr["top40"].test
  paper    = local.table6[each.key]
}

generate "summaries" {
  for_each = [model.sft, train.top10["vanilla"], train.top10["individual"]]
  policy   = each.value
  prompts  = sample(dataset.tldr["top10"].test.prompts, 50, 123)
  users    = [dataset.tldr["top10"].users, generic_user]
  sampling = { temperature = 1.0, min_new_tokens = var.min_new_tokens, max_new_tokens = var.max_new_tokens, no_repeat_ngram = 3, repetition_penalty = 1.15 }
}

claim "counts" {
  for_each = dataset.tldr
  text     = "The comparisons are those of Table 3 (the unseen groups depend on the order of workers with equal counts: reported only)"
  that = !var.published_data || alltrue([
    each.value.statistics.train.all == each.value.paper.train.all,
    each.value.statistics.train.minority == each.value.paper.train.minority,
    each.value.statistics.test.all == each.value.paper.test.all,
    each.value.statistics.test.seen_minority == each.value.paper.test.seen_minority,
  ])
}

claim "e1_empty_texts_for_the_minority" {
  text = "E1 (Section 5.1): workers who prefer shorter summaries get empty ones"
  that = generate.summaries["individual"].words.groups.minority.mean < 1
}

claim "e2_generic_behaves_as_vanilla" {
  text = "E2 (Section 5.1): for unseen workers P-DPO behaves as vanilla DPO"
  that = abs(accuracy.table4["individual"].generic.mean - accuracy.table4["vanilla"].generic.mean) < 0.02
}

claim "two_clusters_are_too_few" {
  text = "K = 2 is worse than K = 5 and better than vanilla (Appendix C.4)"
  that = increasing([
    accuracy.table4["vanilla"].top.mean, accuracy.table5["K = 2"].top.mean, accuracy.table4["cluster"].top.mean
  ])
}

report "tldr" {
  title     = "TL;DR: generation with conflicting preferences"
  tolerance = { accuracy = 0.05, generate = 4, win_rate = 0.15, train = 0.1 } # of golden reports from another machine

  section "Table 3: the data" { show = dataset.tldr }
  section "Figure 3: words per worker" { show = generate.summaries }
  section "Table 4, Figure 4 (a): top 10 workers" { show = accuracy.table4 }
  section "Table 5, Figure 4 (b): ablations" { show = accuracy.table5 }
  section "Table 6, Figure 4 (c): top 40 workers" { show = accuracy.table6 }
  section "Figure 5: accuracy over training" { show = [train.top10, train.ablation] }
}
