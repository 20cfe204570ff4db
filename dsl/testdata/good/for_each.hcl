# Every form of for_each, and the order of instances.

include "../base.hcl" {}

user_model "sizes" {
  for_each = { for k in [10, 2] : "K = ${k}" => k }
  kind     = "cluster"
  clusters = each.value
}

user_model "one" {
  kind   = "individualized"
  tokens = 3
}

objective "p_dpo" {
  kind = "dpo"
  beta = 0.5
}

variable "workers" { default = { top10 = 10, top4 = 4, all = 12 } }

locals {
  variants = {
    zeta  = merge(user_model.one, { tokens = 1 })
    alpha = merge(user_model.one, { shared = false })
  }
}

dataset "by_variable" {
  for_each = var.workers
  format   = "tldr"
  source   = synthetic.posts
  split    = { seen_top = each.value, train = 0.5, by = "row", seed = 3 }
}

train "blocks" {
  for_each   = [user_model.one, user_model.sizes]
  base       = train.sft
  data       = dataset.by_variable["top10"].train
  user_model = each.value
  objective  = objective.p_dpo
}

train "merged" {
  for_each   = merge(local.variants, { m = null })
  base       = train.sft
  data       = [dataset.posts.train, dataset.by_variable["all"].train]
  user_model = each.value
  objective  = merge(objective.p_dpo, { alpha = objective.p_dpo.beta * 2 })
}

train "numbers" {
  for_each  = [20, 3, 100]
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "sft" }
  steps     = each.value
}

accuracy "all" {
  for_each = [train.sft, train.blocks, train.numbers["20"]]
  policy   = each.value
  data     = dataset.posts.test
}

accuracy "less" {
  for_each = without(train.merged, ["m"])
  policy   = each.value
  data     = without(dataset.posts.test, sample(dataset.posts.test, 5, 7))
}

accuracy "same_rows" {
  for_each = train.blocks
  policy   = each.value
  data     = each.value.data
}

claim "order" {
  for_each = accuracy.less
  text     = "${each.key} is better than ${each.value.paper == null ? "nothing" : "the paper"}"
  that     = each.value.average.low > 0.5
}

claim "splat" { that = alltrue([for key, a in accuracy.all : a.top.mean > 0.5]) && max([for a in accuracy.less : a.top.mean]...) < 1 }
