# Numbers out of range, words that there are not, values of the wrong type.

include "../base.hcl" {}

train "a" {
  base       = model.tiny
  data       = dataset.posts.train
  objective  = { kind = "dpo", alpha = 50, beta = 0, label_smoothing = 0.6 }
  user_model = { kind = "cluster", tokens = -1, clusters = 0 }
  steps      = 2.5
  batch_size = "many"
  optimizer  = { lr = -1, schedule = "cosin", warmup_steps = 1.5, stop_norm = 0 }
  lora       = { rank = 4, dropout = 1 }
  keep       = "best"
}

train "b" {
  base       = model.tiny
  data       = dataset.posts.train
  objective  = { kind = "dpoo" }
  user_model = { kind = "cluster", shared = false }
}

train "c" {
  base       = model.tiny
  data       = dataset.posts.train
  objective  = { kind = "sft", label_smoothing = 0.1 }
  user_model = { kind = "uniform", clusters = 3, start_text = "hello" }
  epochs     = 0
}

generate "g" {
  policy   = train.sft
  prompts  = dataset.posts.test.prompts
  sampling = { top_p = 0, min_new_tokens = 9, max_new_tokens = 8, stop = "x" }
}

synthetic "s" {
  format = "tldr"
  users  = 3
  votes  = 4
}

dataset "d" {
  format            = "tldr"
  source            = synthetic.s
  split             = { train = 1.5, seen_top = 9, by = "words" }
  simulate          = { a = { share = 0.5, prefers = "longer" }, b = { share = 0.4, prefers = "longest" } }
  max_prompt_tokens = 700
  max_tokens        = 600
}

model "m" { init = { texts = dataset.posts.train, width = 97, layers = 0 } }

report "t" {
  title     = "Tolerance"
  tolerance = { accuracy = 0.01, generate = -1 }
}
