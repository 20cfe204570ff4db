# What the specs in bad/ begin with: data, a model and three policies.

synthetic "posts" {
  format = "tldr"
  users  = 12
}

dataset "posts" {
  format = "tldr"
  source = synthetic.posts
  split  = { seen_top = 10 }

  simulate = {
    majority = { share = 0.7, prefers = "longer" }
    minority = { share = 0.3, prefers = "shorter" }
  }
}

model "tiny" { init = { texts = dataset.posts.train } }

train "sft" {
  base      = model.tiny
  data      = dataset.posts.train.responses
  objective = { kind = "sft" }
}

train "dpo" {
  for_each = {
    vanilla    = null
    individual = { kind = "individualized", tokens = 4 }
    cluster    = { kind = "cluster", tokens = 4, clusters = 2 }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "dpo", beta = 0.3 }
}

accuracy "test" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.posts.test
}

generate "summaries" {
  for_each = train.dpo
  policy   = each.value
  prompts  = sample(dataset.posts.test.prompts, 20)
  users    = dataset.posts.users
}
