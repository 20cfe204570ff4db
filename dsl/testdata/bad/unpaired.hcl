# Rows with one response where two are compared.

include "../base.hcl" {}

dataset "likes" {
  format  = "jsonl"
  source  = "likes.jsonl"
  columns = { response = "answer" }
}

dataset "both" {
  format  = "jsonl"
  source  = "likes.jsonl"
  columns = { label = "liked", chosen = "better" }
}

dataset "simulated" {
  format   = "jsonl"
  source   = "likes.jsonl"
  columns  = { label = "liked" }
  simulate = { all = { share = 1, prefers = "longer" } }
}

train "compares" {
  for_each  = { dpo = "dpo", ipo = "ipo", orpo = "orpo" }
  base      = model.tiny
  data      = [dataset.posts.train, dataset.likes.train]
  objective = { kind = each.value }
}

train "unlabelled" {
  base      = model.tiny
  data      = dataset.likes.train.responses
  objective = { kind = "kto", lambda_chosen = -1, lambda = 2 }
}

train "curve" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  evaluate  = { data = dataset.likes.test }
}

# The rows are those of posts, whose users are among the likes.
train "of_pairs" {
  base      = model.tiny
  data      = of_users(dataset.posts.train, dataset.likes.users)
  objective = { kind = "dpo" }
}

accuracy "likes" {
  policy = train.sft
  data   = dataset.likes.test
}

agreement "likes" {
  judge = { kind = "rule", prefers = "longer" }
  data  = dataset.likes.test
}

adapt "likes" {
  policy = train.dpo["individual"]
  fit    = dataset.likes.train
  data   = dataset.likes.test
}

claim "pairs_have_no_likes" { that = dataset.posts.statistics.liked.all > 0 }
