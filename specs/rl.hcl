# Policy optimisation against a personalised reward: RLOO, GRPO and PPO (design.md section 2; equation 3 of the paper).
# The groups are of one size: with a minority of three in ten the shared weights learn the majority's length first, and
# then no short text is drawn any more that could be rewarded (docs/log.md has those runs).

include "parts/posts.hcl" { majority = 0.5 }

train "reward" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 4 }
  objective  = { kind = "reward" }
  steps      = 200
  optimizer  = { lr = 1e-3, user_lr = 3e-3 }
}

train "policy" {
  for_each = {
    rloo = { kind = "rloo", passes = 1 }
    grpo = { kind = "grpo", passes = 2 }
    ppo  = { kind = "ppo", passes = 2 }
  }

  base       = train.sft
  data       = dataset.posts.train # its prompts, each for its own user
  user_model = { kind = "individualized", tokens = 4 }
  objective  = merge(each.value, { reward = train.reward, beta = 0.05, alpha = 1, samples = 4, sampling = { temperature = 1, max_new_tokens = 48 } })
  steps      = 200
  batch_size = 32
  optimizer  = { lr = 3e-4, user_lr = 5e-2 }
}

locals { prompts = sample(dataset.posts.test.prompts, 20) }

generate "texts" {
  for_each = [train.sft, train.policy]
  policy   = each.value
  reward   = train.reward
  prompts  = local.prompts
  users    = dataset.posts.users
  sampling = { temperature = 1, max_new_tokens = 48 }
}

claim "rewards_of_each_group_rise" {
  for_each = train.policy
  text     = "Policy optimisation raises the personalised reward of each group"
  that     = generate.texts[each.key].reward.groups.majority.mean > generate.texts["sft"].reward.groups.majority.mean && generate.texts[each.key].reward.groups.minority.mean > generate.texts["sft"].reward.groups.minority.mean
}

report "rl" {
  title = "Optimising a policy against a personalised reward"

  section "Rewards and texts" { show = generate.texts }
  section "Reward, KL, entropy and length over steps" { show = train.policy }
}
