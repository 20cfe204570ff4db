# What scripts/gpu-rehearsal runs on the CPU and on the pretended GPU: a block of each kind that computes, a few steps each.

variable "precision" {
  type    = string
  default = "fp32"
}

synthetic "posts" {
  format      = "tldr"
  users       = 6
  comparisons = 150
  prompts     = 20
}

dataset "posts" {
  format     = "tldr"
  source     = synthetic.posts
  split      = { seen_top = 4 }
  max_tokens = 120

  simulate = {
    majority = { share = 0.5, prefers = "longer" }
    minority = { share = 0.5, prefers = "shorter" }
  }
}

model "tiny" {
  init      = { layers = 2, width = 24, heads = 2, vocabulary = 300, context = 256, texts = dataset.posts.train }
  precision = var.precision
}

train "sft" {
  base       = model.tiny
  data       = dataset.posts.train.responses
  objective  = { kind = "sft" }
  steps      = 40
  batch_size = 8
  optimizer  = { lr = 3e-3 }
}

train "dpo" {
  for_each = {
    vanilla    = null
    individual = { kind = "individualized", tokens = 2 }
    cluster    = { kind = "cluster", tokens = 2, clusters = 2 }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "dpo", beta = 0.3 }
  steps      = 6
  batch_size = 8
  evaluate   = { data = sample(dataset.posts.test, 10), every = 3 }
}

train "kto" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "kto" }
  steps      = 4
  batch_size = 8
}

train "reward" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "reward" }
  steps      = 4
  batch_size = 8
}

train "rloo" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "rloo", reward = train.reward, samples = 2, sampling = { temperature = 1, max_new_tokens = 8 } }
  steps      = 2
  batch_size = 4
}

adapt "newcomers" {
  policy      = train.dpo["cluster"]
  fit         = per_user(of_users(dataset.posts.test, dataset.posts.unseen_users), 4)
  data        = without(of_users(dataset.posts.test, dataset.posts.unseen_users), per_user(of_users(dataset.posts.test, dataset.posts.unseen_users), 4))
  comparisons = [0, 4]
}

accuracy "test" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.posts.test
}

generate "summaries" {
  for_each = [train.sft, train.dpo, train.rloo]
  policy   = each.value
  reward   = train.reward
  prompts  = sample(dataset.posts.test.prompts, 3)
  users    = [dataset.posts.users, generic_user]
  sampling = { max_new_tokens = 12 }
}

report "rehearsal" {
  title = "A rehearsal of the GPU path"
  show  = [accuracy.test, generate.summaries, adapt.newcomers, train.dpo, train.kto, train.reward, train.rloo]
}
