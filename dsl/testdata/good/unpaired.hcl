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

claim "liked" {
  that = dataset.likes.statistics.liked.all + dataset.likes.statistics.not_liked.all == dataset.likes.statistics.comparisons.all && dataset.groups.statistics.liked.seen_old > 0
}
