# Every setting that is built, away from its default; published values; row expressions; null.

variable "model" {
  type    = path
  default = "../models/gptj"
}

variable "users" {
  type    = list(number)
  default = [1, 2]
}

locals { greeting = "For" }

synthetic "posts" {
  format      = "tldr"
  users       = 6
  comparisons = 450
  prompts     = 50
  votes       = 3
  seed        = 4
}

dataset "own" {
  format            = "jsonl"
  source            = "data/file.jsonl"
  columns           = { user = "worker", user_text = "about", prompt = "question" }
  split             = { seen_share = 0.5 }
  max_prompt_tokens = 100
  max_tokens        = 200
  group_by          = "group ${user.text}"
  overlong          = "drop"
  bad_rows          = "drop"
  shuffle_users     = true
  draw              = "numpy"
  seed              = 3456
  paper             = { users = { majority = 7 }, train = { all = 23299, by_user = [1, 2, 3] }, test = { all = 10 } }
}

dataset "made_up" {
  format   = "tldr"
  source   = synthetic.posts
  expect   = { train = 5, response_tokens = 20 }
  simulate = { z = { share = 0.5, prefers = "longer", noise = 0.1 }, a = { share = 0.5, prefers = "shorter" } }
}

model "folder" {
  source    = var.model
  precision = "bf16"
  expect    = { family = "gptj", layers = 28, width = 4096, heads = 16, vocabulary = 50400, context = 2048 }
  prompt    = "${local.greeting} ${user.group}: ${prompt}"
}

train "dpo" {
  base       = model.folder
  data       = dataset.own.train
  user_model = { kind = "cluster", tokens = 1, clusters = 3, weights = "free", start = "text", start_text = "Hi", explicit = true }
  objective  = { kind = "dpo", alpha = 1, beta = 0.2, label_smoothing = 0.1, robust = true, reference_user_text = true, generic_keeps_text = false }
  epochs     = 0.5
  batch_size = 8
  optimizer  = { lr = 1e-4, schedule = "linear", warmup_steps = 5, weight_decay = 0.1, max_grad_norm = 2, user_lr = 1e-2, user_weight_decay = 0.2, stop_norm = 1e-3 }
  lora       = { rank = 4, alpha = 32, dropout = 0.1, targets = ["q", "fc_in", "embedding"] }
  evaluate   = { data = sample(dataset.own.test, 100), every = 10 }
  keep       = "best"
  seeds      = [7, 1, -3]
}

train "default_adapter" {
  base      = model.folder
  data      = [dataset.own.train, per_user(dataset.own.test, 2)]
  objective = { kind = "dpo" }
}

train "all_weights" {
  base       = model.folder
  data       = dataset.own.train.chosen
  objective  = { kind = "sft" }
  lora       = null
  user_model = null
}

model "from_train" {
  source        = train.all_weights
  chat_template = "none"
}

generate "texts" {
  policy   = model.from_train
  prompts  = of_users(dataset.own.test, [dataset.own.users, dataset.own.groups.short])
  samples  = 2
  seed     = 9
  sampling = { temperature = 0.6, top_p = 0.9, top_k = 5, min_p = 0.1, min_new_tokens = 1, max_new_tokens = 50, repetition_penalty = 1.15, no_repeat_ngram = 3, stop = ["\n"] }
  paper    = { words = { average = percent(2000, 50) } }
}

accuracy "test" {
  policy = train.dpo
  data   = dataset.own.test
  paper  = { top = percent(91.04), groups = { majority = percent(89.26, 0.57) }, users = percent([91.67, 86.36]), ties = 0.1 }
}

claim "as_published" {
  note = "a note"
  that = abs(accuracy.test.top.mean - accuracy.test.paper.top.mean) < 0.02 && dataset.own.statistics.train.minority == dataset.own.paper.train.all
}

claim "curve" { that = train.dpo.curves.top[0] < 1 || increasing(train.dpo.curves.average) || train.dpo.parameters.user_model < train.dpo.parameters.adapter / 10 }

report "settings" {
  title      = "All settings"
  show       = [accuracy.test, generate.texts]
  samples    = 1
  users      = "id"
  user_texts = true
  tolerance  = { accuracy = 0.01, generate = 2 }

  section "Data" {
    show = dataset.own
    text = "What ${length(var.users)} people said."
  }

  section "Training" { show = [train.dpo, train.all_weights] }
}
