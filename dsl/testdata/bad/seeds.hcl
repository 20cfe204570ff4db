# Seeds that make no list of runs, and one that the loop makes twice.

include "../base.hcl" {}

train "twice" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seeds     = [1, 2, 1]
}

train "one" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seeds     = 7
}

train "none" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seeds     = []
}

train "text" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seeds     = [1, "two"]
}

train "part" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seeds     = [1, 2.5]
}

train "hole" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seeds     = [1, null]
}

train "loop" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seeds     = [for k in [1, 2, 3] : max(k, 2)]
}

train "both" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  seed      = 1
  seeds     = [1, 2]
}
