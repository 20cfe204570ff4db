# What a block needs and has not.

include "../base.hcl" {}

variable "data" {
  type        = path
  description = "comparisons of real people"
}

train "a" { base = model.tiny }

accuracy "b" { data = dataset.posts.test }

model "c" { precision = "fp32" }

train "d" {
  base       = null
  data       = dataset.posts.train
  objective  = { alpha = 0.5 }
  user_model = { kind = "cluster" }
}

dataset "e" {
  format = "jsonl"
  source = var.data
}
