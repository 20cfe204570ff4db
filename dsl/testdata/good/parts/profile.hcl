include "model.hcl" {}

variable "data" {
  type    = path
  default = "big.jsonl"
}

variable "steps" { default = 1000 }

dataset "d" {
  format = "tldr"
  source = var.data
}

train "t" {
  base      = model.m
  data      = dataset.d.train
  objective = { kind = "dpo" }
  steps     = var.steps
}
