# The blocks that the reference of the language is read from (reference.go): each with its objects there and empty, and each
# kind of a block that is read differently. What a value is by default and may be is told by the readers as they go.

synthetic "posts" { format = "tldr" }

dataset "file" {
  format  = "csv"
  source  = "comparisons.csv"
  columns = {}
  split   = {}
  expect  = {}
}

dataset "made_up" {
  format   = "tldr"
  source   = synthetic.posts
  split    = {}
  simulate = { GROUP = { share = 1, prefers = "longer" } }
}

dataset "prism" {
  format = "prism"
  source = "prism"
  split  = {}
}

model "folder" {
  source = "folder"
  expect = {}
}

model "mean" { merge = [train.pairs, train.sft] }
model "nothing" { init = { texts = dataset.file.train } }

user_model "prompt" { kind = "individualized" }

user_model "head" {
  kind = "individualized"
  as   = "linear_head"
}

objective "pairs" { kind = "dpo" }
objective "texts" { kind = "sft" }
objective "ranking" { kind = "reward" }

objective "policy" {
  kind     = "rloo"
  reward   = train.reward
  sampling = {}
}

train "pairs" {
  base       = model.folder
  data       = dataset.file.train
  user_model = user_model.prompt
  objective  = objective.pairs
  optimizer  = {}
  lora       = {}
  evaluate   = { data = dataset.file.test }
}

train "sft" {
  base      = model.folder
  data      = dataset.file.train
  objective = objective.texts
}

train "reward" {
  base       = model.folder
  data       = dataset.file.train
  user_model = user_model.prompt
  objective  = objective.ranking
}

train "policy" {
  base      = model.folder
  data      = dataset.file.train.prompts
  objective = objective.policy
}

adapt "people" {
  policy = train.pairs
  fit    = dataset.file.train
  data   = dataset.file.test
}

accuracy "policy" {
  policy = train.pairs
  data   = dataset.file.test
}

accuracy "reward" {
  reward = train.reward
  data   = dataset.file.test
}

generate "texts" {
  policy   = train.pairs
  prompts  = dataset.file.prompts
  reward   = train.reward
  sampling = {}
}

judge "server" {
  kind   = "openai"
  model  = "name"
  price  = {}
  budget = {}
  limits = {}
}

judge "worded" {
  kind          = "openai"
  model         = "name"
  template_file = "question.txt"
}

judge "rule" { kind = "rule" }

judge "pattern" {
  kind    = "rule"
  pattern = "please"
}

judge "reward" {
  kind   = "reward"
  reward = train.reward
}

judge "replay" {
  kind     = "replay"
  verdicts = "verdicts.jsonl"
}

judge "panel" {
  kind    = "panel"
  members = [judge.rule, judge.pattern]
}

win_rate "texts" {
  candidate = generate.texts
  baseline  = dataset.file.test.chosen
  judge     = judge.rule
}

agreement "rule" {
  judge = judge.rule
  data  = dataset.file.test
}

claim "top" { that = accuracy.policy.top.mean > 0.5 }

report "number" {
  title = "A tolerance for everything"
  show  = accuracy.policy
}

report "all" {
  title     = "All"
  tolerance = {}

  section "Accuracy" { show = accuracy.policy }
  section "Methods" { methods = { P-DPO = accuracy.policy } }
}
