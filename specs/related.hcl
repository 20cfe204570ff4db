# What else people do about users who disagree, beside P-DPO, on the same data with the same steps: one policy for all;
# group-robust DPO (Ramesh et al. 2024); telling the model in words what the user wants, or showing it what they chose; a policy
# for each group, and the mean of their weights (Personalized Soups, Jang et al. 2023). Who wins against the SFT model stands beside what was trained.

include "parts/posts.hcl" {}

# The same rows, and a text of each worker that says what they like: more than any of the others is told.
dataset "told" {
  format    = "tldr"
  source    = synthetic.posts
  split     = { seen_top = var.seen }
  user_text = user.group == "minority" ? "I like short summaries.\n" : "I like long summaries.\n"

  simulate = {
    majority = { share = var.majority, prefers = "longer" }
    minority = { share = 1 - var.majority, prefers = "shorter" }
  }
}

objective "dpo" {
  kind = "dpo"
  beta = 0.3
}

locals { optimizer = { lr = 7e-4, user_lr = 3e-3 } } # the quickstart's

train "policy" {
  for_each = {
    "one policy"  = { data = dataset.posts.train, user_model = null, objective = objective.dpo }
    "worst group" = { data = dataset.posts.train, user_model = null, objective = merge(objective.dpo, { worst_group = 0.1 }) }
    "told"        = { data = dataset.told.train, user_model = { kind = "uniform", tokens = 0, explicit = true }, objective = objective.dpo }
    "P-DPO"       = { data = dataset.posts.train, user_model = { kind = "individualized", tokens = 4 }, objective = objective.dpo }
  }

  base       = train.sft
  data       = each.value.data
  user_model = each.value.user_model
  objective  = each.value.objective
  steps      = 300
  optimizer  = local.optimizer
}

train "group" {
  for_each = {
    majority = dataset.posts.groups.majority
    minority = dataset.posts.groups.minority
  }

  base      = train.sft
  data      = of_users(dataset.posts.train, each.value)
  objective = objective.dpo
  steps     = 150 # each: together the steps of the others
  optimizer = local.optimizer
}

# The SFT model, shown two of the user's choices before the post.
model "few_shot" {
  source = train.sft
  prompt = "${join("", [for i, c in user.choices : "${c.prompt}${c.chosen}\n\n" if i < 2])}${prompt}"
}

model "soup" { merge = train.group } # serves both wishes at once, or neither

accuracy "policy" {
  for_each = train.policy
  policy   = each.value
  data     = each.key == "told" ? dataset.told.test : dataset.posts.test
}

accuracy "group" {
  for_each = train.group
  policy   = each.value
  data     = of_users(dataset.posts.test, dataset.posts.groups[each.key])
}

locals { prompts = sample(dataset.posts.test.prompts, 20) }

generate "sft" {
  policy  = train.sft
  prompts = local.prompts
}

generate "text" {
  for_each = [train.policy, model.soup, model.few_shot]
  policy   = each.value
  prompts  = local.prompts
  users    = each.key == "told" ? dataset.told.users : dataset.posts.users
}

generate "own" {
  for_each = train.group
  policy   = each.value
  prompts  = local.prompts
  users    = dataset.posts.groups[each.key]
}

judge "simulated" { kind = "rule" } # what each worker was made to like

win_rate "against_sft" {
  for_each  = [generate.text, generate.own]
  candidate = each.value
  baseline  = generate.sft
  judge     = judge.simulated
}

claim "one_policy_fails_the_minority" { that = accuracy.policy["one policy"].groups.minority.mean < 0.5 }

claim "worst_group_helps_the_minority" {
  text = "Weighing the worse group up serves the minority better than one policy does, at the majority's cost"
  that = accuracy.policy["worst group"].groups.minority.mean > accuracy.policy["one policy"].groups.minority.mean && accuracy.policy["worst group"].groups.majority.mean < accuracy.policy["one policy"].groups.majority.mean
}

claim "no_policy_for_all_serves_both" {
  for_each = [accuracy.policy["one policy"], accuracy.policy["worst group"]]
  text     = "No policy that cannot tell users apart ranks right for both groups"
  that     = min(each.value.groups.majority.mean, each.value.groups.minority.mean) < 0.6
}

claim "telling_users_apart_serves_both" {
  for_each = [accuracy.policy["told"], accuracy.policy["P-DPO"]]
  that     = each.value.groups.majority.mean > 0.9 && each.value.groups.minority.mean > 0.9
}

claim "a_policy_per_group_serves_its_group" {
  for_each = accuracy.group
  that     = each.value.top.mean > 0.9
}

claim "learned_is_as_good_as_told" {
  text = "P-DPO, which is told nothing, writes what each group likes about as often as the policy that is told"
  that = abs(win_rate.against_sft["P-DPO"].average.mean - win_rate.against_sft["told"].average.mean) < 0.1
}

claim "personal_writing_beats_one_policy" {
  text = "P-DPO writes what its readers like more often than one policy for all does, on the same prompts against the same texts"
  that = (
    win_rate.against_sft.paired["P-DPO"]["one policy"].against["sft"].difference.low > 0 &&
    win_rate.against_sft.paired["P-DPO"]["one policy"].against["sft"].holm < 0.05
  )
}

report "related" {
  title = "Other ways to serve users who disagree"

  section "What is written: win rates against the SFT model" { show = [win_rate.against_sft, generate.text, generate.own, generate.sft] }
  section "What is ranked right, and what was trained" { show = [accuracy.policy, accuracy.group, train.policy, train.group] }
}
