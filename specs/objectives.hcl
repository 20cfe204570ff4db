# Every preference objective, personalised, on the same comparisons of the same workers: alpha l(u) + (1 - alpha) l(u_0)
# (Section 4.3 of the paper; Appendix F.3 for the P-IPO of which it prints the formula).

include "parts/posts.hcl" {}

train "policy" {
  for_each = {
    dpo          = { kind = "dpo", beta = 0.3 }
    conservative = { kind = "dpo", beta = 0.3, label_smoothing = 0.05 }
    robust       = { kind = "dpo", beta = 0.3, label_smoothing = 0.05, robust = true }
    ipo          = { kind = "ipo", beta = 0.1 }
    hinge        = { kind = "hinge", beta = 0.3 }
    simpo        = { kind = "simpo", beta = 2 }
    orpo         = { kind = "orpo", lambda = 1 }
    cpo          = { kind = "cpo", beta = 0.3 }
    kto          = { kind = "kto", beta = 0.3 }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 4 }
  objective  = each.value
  steps      = 200
  optimizer  = { lr = 7e-4, user_lr = 3e-3 }
}

accuracy "test" {
  for_each = train.policy
  policy   = each.value
  data     = dataset.posts.test
}

claim "every_objective_serves_both_groups" {
  for_each = accuracy.test
  that     = each.value.groups.majority.mean > 0.9 && each.value.groups.minority.mean > 0.9
}

report "objectives" {
  title = "One user model, every objective"

  section "Accuracy" {
    show = accuracy.test
    text = "Each policy is ranked by its own implicit reward, so the margins of two rows are not on one scale; the shares are."
  }
  section "Training" { show = train.policy }
}
