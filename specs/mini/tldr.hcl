# The TL;DR experiment on a CPU in minutes: the same blocks, a model from nothing, data made in the real format.

include "../tldr.hcl" {
  model          = train.sft
  data           = synthetic.tldr
  published_data = false
  workers        = { top10 = 10, top40 = 14 }
  precision      = "fp32"
  epochs         = 3
  optimizer      = { lr = 3e-3 }
  evaluate_every = 50
  max_new_tokens = 48
}

synthetic "tldr" {
  format      = "tldr"
  users       = 18
  comparisons = 2400
}

model "tiny" { init = { texts = dataset.tldr["top10"].train } }

train "sft" {
  base      = model.tiny
  data      = dataset.tldr["top10"].train.responses
  objective = { kind = "sft" }
  steps     = 400
  optimizer = { lr = 3e-3 }
}
