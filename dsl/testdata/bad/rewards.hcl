# Reward models, policy optimisation and adapt: what does not fit together.

synthetic "posts" { format = "tldr" }

dataset "posts" {
  format = "tldr"
  source = synthetic.posts
}

model "tiny" {
  init = { texts = dataset.posts.train }
}

train "sft" {
  base      = model.tiny
  data      = dataset.posts.train.responses
  objective = { kind = "sft" }
}

train "reward" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", as = "linear_head", tokens = 4 }
  objective  = { kind = "reward" }
}

train "pairs_of_responses" {
  base      = train.sft
  data      = dataset.posts.train.responses
  objective = { kind = "reward" }
}

train "head_without_reward" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "uniform", as = "linear_head" }
  objective  = { kind = "dpo" }
}

train "no_reward" {
  base      = train.sft
  data      = dataset.posts.train.prompts
  objective = { kind = "rloo" }
}

train "one_sample" {
  base      = train.sft
  data      = dataset.posts.train.prompts
  objective = { kind = "grpo", reward = train.reward, samples = 1, sampling = { temperature = 0 } }
}

train "wrong_reward" {
  base      = train.sft
  data      = dataset.posts.train.prompts
  objective = { kind = "ppo", reward = train.sft, clip = 0, lambda_chosen = 2 }
}

train "from_reward" {
  base      = train.reward
  data      = dataset.posts.train
  objective = { kind = "dpo", samples = 4 }
}

accuracy "both" {
  policy = train.sft
  reward = train.reward
  data   = dataset.posts.test
}

accuracy "as_policy" {
  policy = train.reward
  data   = dataset.posts.test
}

generate "greedy" {
  policy  = train.sft
  reward  = train.reward
  best_of = 8
  prompts = dataset.posts.test.prompts
}

generate "unranked" {
  policy   = train.sft
  best_of  = 8
  prompts  = dataset.posts.test.prompts
  sampling = { temperature = 1 }
}

adapt "nobody" {
  policy = train.sft
  fit    = dataset.posts.test
  data   = dataset.posts.train
}

adapt "same_rows" {
  policy      = train.reward
  fit         = dataset.posts.test
  data        = dataset.posts.test
  comparisons = [0, 5, 5]
}

claim "after" {
  that = adapt.same_rows.after[3].top.mean > 0.5
}

train "evaluated" {
  base      = train.sft
  data      = dataset.posts.train.prompts
  objective = { kind = "rloo", reward = train.reward }
  evaluate  = { data = dataset.posts.test }
  optimizer = { stop_norm = 1e-3 }
}
