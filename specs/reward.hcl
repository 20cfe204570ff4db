# Personalised reward models (Appendix F.2 of the paper) and the first way to use one: best of N.

include "parts/posts.hcl" {}

train "reward" {
  for_each = {
    vanilla     = null
    soft_prompt = { kind = "individualized", tokens = 4 }
    linear_head = { kind = "individualized", as = "linear_head", start = "zeros" }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "reward" }
  steps      = 200
  optimizer  = { lr = 1e-3, user_lr = 3e-3 }
}

accuracy "reward" {
  for_each = train.reward
  reward   = each.value
  data     = dataset.posts.test
}

locals { prompts = sample(dataset.posts.test.prompts, 20) }

generate "drawn" { # one text each, for comparison
  for_each = train.reward
  policy   = train.sft
  reward   = each.value
  prompts  = local.prompts
  users    = [dataset.posts.users, generic_user]
  sampling = { temperature = 1 }
}

generate "best_of_16" {
  for_each = train.reward
  policy   = train.sft # takes no account of the user: 16 texts per prompt are drawn once and ranked for each user
  reward   = each.value
  best_of  = 16
  prompts  = local.prompts
  users    = [dataset.posts.users, generic_user]
  sampling = { temperature = 1 }
}

judge "simulated" { kind = "rule" } # what each worker was made to like

win_rate "against_one" {
  for_each  = generate.best_of_16
  candidate = each.value
  baseline  = generate.drawn[each.key]
  judge     = judge.simulated
}

claim "vanilla_reward_fails_the_minority" {
  that = accuracy.reward["vanilla"].groups.minority.mean < 0.5
}

claim "personal_rewards_serve_both_groups" {
  for_each = [accuracy.reward["soft_prompt"], accuracy.reward["linear_head"]]
  that     = each.value.groups.majority.mean > 0.9 && each.value.groups.minority.mean > 0.9
}

claim "best_of_16_gives_each_group_its_length" {
  for_each = ["soft_prompt", "linear_head"]
  text     = "The best of 16 texts is longer than a text drawn alone for the majority, and shorter for the minority"
  that     = generate.best_of_16[each.key].words.groups.majority.mean > generate.drawn[each.key].words.groups.majority.mean && generate.best_of_16[each.key].words.groups.minority.mean < generate.drawn[each.key].words.groups.minority.mean
}

claim "best_of_16_wins" {
  for_each = ["soft_prompt", "linear_head"]
  text     = "Each group prefers the best of 16 to a text drawn alone"
  that     = win_rate.against_one[each.key].groups.majority.mean > 0.5 && win_rate.against_one[each.key].groups.minority.mean > 0.5
}

report "reward" {
  title = "Personalised reward models"

  section "Accuracy" { show = [accuracy.reward, train.reward] }
  section "Best of 16 of the SFT model's texts" { show = [win_rate.against_one, generate.best_of_16, generate.drawn] }
}
