# The rows of the paper's Tables 4 and 5 (Appendix C.3, C.4) on simulated workers and a tiny model: what T_u, alpha, the
# shared part e_0 and the number of clusters do. The paper's values stand beside ours; they are of GPT-J 6B on TL;DR, so
# directions can be compared and heights cannot.

include "parts/posts.hcl" {}

variable "seeds" {
  default     = [1, 2, 3]
  description = "each row is a mean over runs with these seeds"
}

locals {
  individual = { kind = "individualized", tokens = 10 }
  cluster    = { kind = "cluster", tokens = 10, clusters = 5 }
  p_dpo      = { kind = "dpo", alpha = 0.5, beta = 0.3 }

  # Tables 4 and 5, %: Accuracy-top, Accuracy-generic, Accuracy-average (mean, standard error) of both groups.
  paper = {
    vanilla     = { top = percent(58.91), generic = percent(55.37), groups = { majority = percent(74.82, 1.22), minority = percent(25.10, 1.09) } }
    individual  = { top = percent(91.04), generic = percent(55.34), groups = { majority = percent(89.26, 0.57), minority = percent(94.35, 0.28) } }
    "K = 5"     = { top = percent(91.12), generic = percent(54.55), groups = { majority = percent(89.24, 0.74), minority = percent(94.78, 0.18) } }
    "T_u = 1"   = { top = percent(88.78), generic = percent(54.92), groups = { majority = percent(85.92, 0.57), minority = percent(94.15, 0.11) } }
    "alpha = 1" = { top = percent(93.54), generic = percent(54.87), groups = { majority = percent(92.37, 0.51), minority = percent(95.23, 0.08) } }
    "no e_0"    = { top = percent(88.88), generic = percent(54.77), groups = { majority = percent(87.13, 0.97), minority = percent(91.96, 0.65) } }
    "K = 2"     = { top = percent(72.79), generic = percent(55.01), groups = { majority = percent(82.32, 2.02), minority = percent(51.24, 9.30) } }
  }
}

train "dpo" {
  for_each = {
    vanilla     = { user_model = null, objective = local.p_dpo }
    individual  = { user_model = local.individual, objective = local.p_dpo }
    "K = 5"     = { user_model = local.cluster, objective = local.p_dpo }
    "T_u = 1"   = { user_model = merge(local.individual, { tokens = 1 }), objective = local.p_dpo }
    "alpha = 1" = { user_model = local.individual, objective = merge(local.p_dpo, { alpha = 1 }) }
    "no e_0"    = { user_model = merge(local.individual, { shared = false }), objective = local.p_dpo }
    "K = 2"     = { user_model = merge(local.cluster, { clusters = 2 }), objective = local.p_dpo }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value.user_model
  objective  = each.value.objective
  steps      = 150
  optimizer  = { lr = 7e-4, user_lr = 3e-3 }
  seeds      = var.seeds
}

accuracy "tables_4_and_5" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.posts.test
  paper    = local.paper[each.key]
}

locals { result = accuracy.tables_4_and_5 }

claim "personal_policies_beat_vanilla" {
  for_each = ["individual", "K = 5", "T_u = 1", "alpha = 1", "no e_0"]
  text     = "Accuracy-top is well above that of vanilla DPO (Table 4, Table 5)"
  that     = local.result[each.key].top.mean > local.result["vanilla"].top.mean + 0.1
}

claim "one_token_is_nearly_enough" {
  text = "T_u = 1 is within 5 points of T_u = 10 (89 % against 91 % in the paper)"
  that = local.result["T_u = 1"].top.mean > local.result["individual"].top.mean - 0.05
}

claim "two_clusters_are_between" {
  text = "K = 2 is worse than K = 5 and better than vanilla (Appendix C.4)"
  that = increasing([local.result["vanilla"].top.mean, local.result["K = 2"].top.mean, local.result["K = 5"].top.mean])
}

report "ablations" {
  title = "Ablations: what each part of the user model does"

  section "Tables 4 and 5" { show = local.result }
  section "Training" { show = train.dpo }
}
