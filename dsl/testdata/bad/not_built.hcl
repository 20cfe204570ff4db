# What this version has not.

include "../base.hcl" {}

judge "gpt4" { kind = "openai" }

adapt "new" { policy = train.sft }

win_rate "w" {
  candidate = generate.summaries["vanilla"]
  judge     = judge.gpt4
}

agreement "a" { judge = judge.gpt4 }

train "a" {
  base       = model.tiny
  data       = dataset.posts.train
  objective  = { kind = "kto" }
  user_model = { kind = "cluster", clusters = 2, weights = "given", as = "linear_head", sparse = true }
  seeds      = [1, 2]
}

model "chat" {
  source        = "folder"
  chat_template = "tulu"
}

dataset "d" {
  format = "psoups"
  source = "folder"
  split  = { by = "conversation" }
}

accuracy "r" {
  reward = train.a
  data   = dataset.posts.test
}

generate "g" {
  policy  = train.sft
  prompts = dataset.posts.test.prompts
  best_of = 4
}

claim "silent" { that = win_rate.w.average.mean > 0.5 }

report "r" {
  title = "x"
  show  = [win_rate.w, dataset.posts.test.chosen, model.tiny]
}

report "s" {
  title = "y"
  show  = [sample(generate.summaries["vanilla"], 2), model.tiny, accuracy.test]
}
