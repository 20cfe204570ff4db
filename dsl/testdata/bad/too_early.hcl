# Results outside claims.

include "../base.hcl" {}

locals { best = accuracy.test["vanilla"].top.mean }

train "a" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  steps     = accuracy.test["vanilla"].top.mean * 100
}

train "b" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  epochs    = local.best
}

train "c" {
  for_each  = dataset.posts.users
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo", alpha = accuracy.test["vanilla"].top }
}

train "d" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo", alpha = accuracy.test["vanilla"].top }
}

model "e" {
  source = "folder"
  prompt = "${prompt} ${accuracy.test["vanilla"].top.mean}"
}
