# Rows with one response, liked or not.

dataset "likes" {
  format  = "jsonl"
  source  = "likes.jsonl"
  columns = { response = "answer", label = "label" }
}

dataset "groups" {
  format   = "jsonl"
  source   = "likes.jsonl"
  columns  = { label = "liked" }
  group_by = user.text
}

model "base" { source = "folder" }

train "sft" {
  for_each  = { rows = dataset.likes.train, liked = dataset.groups.train.chosen }
  base      = model.base
  data      = each.value
  objective = { kind = "sft" }
}

objective "kto" {
  kind            = "kto"
  lambda_rejected = 1.5
}

train "kto" {
  base      = model.base
  data      = [dataset.likes.train, dataset.groups.train]
  objective = merge(objective.kto, { beta = objective.kto.lambda_rejected / 10, lambda_chosen = objective.kto.lambda_chosen + 1 })
}

claim "liked" {
  that = dataset.likes.statistics.liked.all + dataset.likes.statistics.not_liked.all == dataset.likes.statistics.comparisons.all && dataset.groups.statistics.liked.seen_old > 0
}
