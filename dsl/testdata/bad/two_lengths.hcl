# Two ways to say how long.

include "../base.hcl" {}

train "a" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  steps     = 10
  epochs    = 1
}
