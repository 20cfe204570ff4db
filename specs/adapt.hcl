# New users: what a handful of comparisons buys someone who was not there when the policy was trained.

include "parts/posts.hcl" {
  workers = 24
  seen    = 14
}

locals {
  newcomers = of_users(dataset.posts.test, dataset.posts.unseen_users)
  fit       = per_user(local.newcomers, 20)
  held_out  = without(local.newcomers, local.fit)
}

train "dpo" {
  for_each = {
    individual = { kind = "individualized", tokens = 4 }
    cluster    = { kind = "cluster", tokens = 4, clusters = 5 }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "dpo", beta = 0.3 }
  steps      = 300
  optimizer  = { lr = 7e-4, user_lr = 3e-3 }
}

train "from_the_start" { # the same users were there from the first step
  for_each   = train.dpo
  base       = train.sft
  data       = [dataset.posts.train, local.fit]
  user_model = each.value.user_model
  objective  = { kind = "dpo", beta = 0.3 }
  steps      = 300
  optimizer  = { lr = 7e-4, user_lr = 3e-3 }
}

adapt "newcomers" {
  for_each    = train.dpo
  policy      = each.value
  fit         = local.fit
  data        = local.held_out
  comparisons = [0, 1, 2, 5, 10, 20]
}

accuracy "from_the_start" {
  for_each = train.from_the_start
  policy   = each.value
  data     = local.held_out
}

generate "summaries" {
  for_each = adapt.newcomers
  policy   = each.value
  prompts  = sample(dataset.posts.test.prompts, 10)
  users    = [dataset.posts.unseen_users, generic_user]
}

claim "a_few_comparisons_help" {
  for_each = adapt.newcomers
  that     = each.value.after[5].average.mean > each.value.after[0].average.mean
}

claim "as_good_as_from_the_start" {
  for_each = adapt.newcomers
  that     = each.value.after[20].average.mean > accuracy.from_the_start[each.key].average.mean - 0.05
}

report "adapt" {
  title = "New users"

  section "Accuracy by number of comparisons" { show = [adapt.newcomers, accuracy.from_the_start] }
  section "What the newcomers are given to read" { show = generate.summaries }
}
