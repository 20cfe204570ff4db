# Data without comparisons has no rows and no users.

dataset "koala" {
  format  = "prompts"
  source  = "koala.json"
  columns = { prompt = "instruction" }
  split   = { train = 0.5 }
  pairs   = "all"
}

dataset "asked" {
  format = "prompts"
  source = "koala.json"
}

dataset "answers" {
  format   = "responses"
  source   = "gpt4.json"
  columns  = { prompt = "instruction", response = "output" }
  group_by = user.id
}

dataset "said" {
  format = "responses"
  source = "gpt4.json"
}

model "base" { source = "folder" }

train "rows" {
  base      = model.base
  data      = dataset.asked.train
  objective = { kind = "dpo" }
}

train "answers" {
  base      = model.base
  data      = dataset.said.test
  objective = { kind = "sft" }
}

train "kind" {
  base      = model.base
  data      = dataset.said.responses
  objective = { kind = "dpo" }
}

generate "texts" {
  policy  = model.base
  prompts = dataset.asked.prompts
  users   = dataset.asked.users
}

generate "more" {
  policy  = model.base
  prompts = dataset.asked.responses.prompts
}

claim "many" { that = dataset.asked.statistics.prompts.all > 10 }
