# More clusters than users.

include "../base.hcl" {}

user_model "many" {
  kind     = "cluster"
  clusters = 100
}

train "a" {
  base       = model.tiny
  data       = dataset.posts.train
  objective  = { kind = "dpo" }
  user_model = user_model.many
}

train "b" {
  for_each   = { ten = 10, eleven = 11 }
  base       = model.tiny
  data       = dataset.posts.train
  objective  = { kind = "dpo" }
  user_model = { kind = "cluster", clusters = each.value }
}
