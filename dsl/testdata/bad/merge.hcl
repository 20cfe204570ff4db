# Models that are means of policies.

dataset "rows" {
  format = "jsonl"
  source = "rows.jsonl"
}

model "base" { source = "folder" }

train "reward" {
  base      = model.base
  data      = dataset.rows.train
  objective = { kind = "reward" }
}

model "alone" { merge = [model.base] }
model "twice" { merge = [model.base, model.base] }
model "rated" { merge = [model.base, train.reward] }
model "data" { merge = [model.base, dataset.rows] }

model "both" {
  source = "folder"
  merge  = [model.base, model.base]
}

model "none" {}
