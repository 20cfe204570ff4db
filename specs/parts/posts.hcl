# Simulated workers with opposite tastes in length, and a small model that can write summaries. The specs beside this
# folder include it and find dataset.posts and train.sft here; the store shares them.

variable "workers" {
  default     = 12
  description = "simulated workers in all"
}

variable "seen" {
  default     = 10
  description = "workers who are trained on; the others are unseen"
}

variable "majority" {
  default     = 0.7
  description = "share of the workers who prefer longer summaries"
}

synthetic "posts" {
  format = "tldr"
  users  = var.workers
}

dataset "posts" {
  format = "tldr"
  source = synthetic.posts
  split  = { seen_top = var.seen }

  simulate = {
    majority = { share = var.majority, prefers = "longer" }
    minority = { share = 1 - var.majority, prefers = "shorter" }
  }
}

model "tiny" { init = { texts = dataset.posts.train } }

train "sft" {
  base      = model.tiny
  data      = dataset.posts.train.responses
  objective = { kind = "sft" }
  steps     = 400
  optimizer = { lr = 3e-3 }
}
