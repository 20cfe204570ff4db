# A block where an attribute is meant.

include "../base.hcl" {}

train "a" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  optimizer { lr = 1e-3 }
}

train "b" {
  base = model.tiny
  data = dataset.posts.train

  objective {
    kind = "dpo"
    beta = 0.3
  }
}
