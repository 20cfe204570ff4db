# Blocks that need each other.

include "../base.hcl" {}

train "a" {
  base      = train.b
  data      = dataset.posts.train
  objective = { kind = "dpo" }
}

train "b" {
  base      = train.a
  data      = dataset.posts.train
  objective = { kind = "dpo" }
}

locals {
  x = local.y + 1
  y = local.x
}

train "c" {
  for_each  = train.c
  base      = train.sft
  data      = dataset.posts.train
  objective = { kind = "dpo" }
}

accuracy "silent" {
  policy = train.b
  data   = train.a.data
}
