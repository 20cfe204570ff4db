# Prompts that nobody judged, and responses that nobody chose.

dataset "koala" {
  format            = "prompts"
  source            = "koala.json"
  max_prompt_tokens = 200
}

dataset "gpt4" {
  format  = "responses"
  source  = "gpt4.jsonl"
  columns = { prompt = "question", response = "answer", user = "who" }
}

model "base" { source = "folder" }

train "sft" {
  base      = model.base
  data      = dataset.gpt4.responses
  objective = { kind = "sft" }
}

generate "texts" {
  policy  = train.sft
  prompts = sample([dataset.koala.prompts, dataset.gpt4.prompts], 5)
}

win_rate "against" {
  candidate = generate.texts
  baseline  = dataset.gpt4.responses
  judge     = { kind = "rule", prefers = "longer" }
}
