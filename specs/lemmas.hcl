# Lemma 3.2: an ordinary reward model is a majority vote. Lemma 3.3: the larger the majority, the further that vote is
# from the minority. One pair per prompt, each judged by ten workers, so that there is a vote to compare with.

include "parts/posts.hcl" {}

synthetic "votes" {
  format      = "tldr"
  users       = 10
  votes       = 10 # workers who judge each pair; the recorded shares are spread over 0.1 ... 0.9
  prompts     = 20
  comparisons = 200
}

synthetic "cycles" {
  format      = "tldr"
  users       = 10
  votes       = 10
  prompts     = 10
  comparisons = 300
  cyclic      = true # three answers per prompt, a over b, b over c, c over a
}

dataset "recorded" {
  for_each = { one_pair = synthetic.votes, cyclic = synthetic.cycles }
  format   = "tldr"
  source   = each.value
}

dataset "groups" {
  for_each = [0.5, 0.6, 0.7, 0.8, 0.9]
  format   = "tldr"
  source   = synthetic.votes

  simulate = {
    majority = { share = each.value, prefers = "longer" }
    minority = { share = 1 - each.value, prefers = "shorter" }
  }
}

train "reward" {
  for_each   = [dataset.recorded, dataset.groups]
  base       = train.sft
  data       = each.value.train
  objective  = { kind = "reward" }
  lora       = null
  steps      = 2000
  batch_size = 300 # all rows: conflicting votes leave no small gradient in a part of them
  optimizer  = { lr = 1e-3, stop_norm = 1e-3 }
}

# The lemmas speak of the pairs that were trained on.
accuracy "votes" {
  for_each = [train.reward["one_pair"], train.reward["cyclic"]]
  reward   = each.value
  data     = each.value.data
}

accuracy "groups" {
  for_each = without(train.reward, ["one_pair", "cyclic"])
  reward   = each.value
  data     = each.value.data
}

claim "lemma_3_2" {
  text = "The probability that the reward model gives a pair is the share of the votes for it"
  that = accuracy.votes["one_pair"].vote_gap.top.mean < 0.02
}

claim "lemma_3_2_needs_free_rewards" {
  text = "Cyclic votes over three answers have no such reward"
  that = accuracy.votes["cyclic"].vote_gap.top.mean > 0.02
}

claim "lemma_3_3" {
  for_each = accuracy.groups
  text     = "A group is as far from the common preference as the other group is large"
  that     = abs(each.value.vote_gap.groups.minority.mean - tonumber(each.key)) < 0.02 && abs(each.value.vote_gap.groups.majority.mean - 1 + tonumber(each.key)) < 0.02
}

report "lemmas" {
  title = "Why one reward for everybody fails the minority"

  section "Lemma 3.2: majority voting" { show = accuracy.votes }
  section "Lemma 3.3: deviation by size of the majority" { show = accuracy.groups } # number keys: drawn as a curve
  section "Training until the gradient is small" { show = train.reward }
}
