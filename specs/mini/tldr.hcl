# The TL;DR experiment on a CPU in minutes: the same blocks, a model from nothing, data made in the real format.

include "../tldr.hcl" {
  model          = train.sft
  data           = synthetic.tldr
  published_data = false
  workers        = { top10 = 10, top40 = 14 }
  precision      = "fp32"
  epochs         = 2
  batch_size     = 16
  optimizer      = { lr = 1e-3, user_lr = 3e-3 }
  evaluate_every = 100
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

claim "minority_gets_shorter_texts" {
  text = "Workers who prefer shorter summaries get shorter ones; the intervals do not touch"
  that = generate.summaries["individual"].words.groups.minority.high < generate.summaries["individual"].words.groups.majority.low
}

claim "vanilla_fails_the_minority" { that = accuracy.table4["vanilla"].groups.minority.mean < 0.5 }

claim "both_groups_are_served" {
  that = accuracy.table4["individual"].groups.majority.mean > 0.9 && accuracy.table4["individual"].groups.minority.mean > 0.9
}

claim "clusters_serve_the_minority" {
  that = accuracy.table4["cluster"].groups.minority.mean > accuracy.table4["vanilla"].groups.minority.mean + 0.5
}
