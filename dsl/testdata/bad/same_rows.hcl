# Trained and scored on the same rows.

include "../base.hcl" {}

train "again" {
  for_each  = { short = 10, long = 100 }
  base      = train.sft
  data      = dataset.posts.test
  objective = { kind = "dpo" }
  steps     = each.value
}

accuracy "again" {
  for_each = train.again
  policy   = each.value
  data     = dataset.posts.test
}

accuracy "trained" {
  policy = train.dpo["vanilla"]
  data   = sample(dataset.posts.train, 100)
}

accuracy "on_purpose" {
  policy = train.dpo["vanilla"]
  data   = train.dpo["vanilla"].data
}
