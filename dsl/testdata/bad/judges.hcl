# Judges and win rates: what does not fit together.

include "../base.hcl" {}

judge "no_model" { kind = "openai" }

judge "key" {
  kind    = "openai"
  model   = "gpt-4o"
  key_env = "sk-1234-abcd"
  budget  = { usd = 5 }
  limits  = { per_minute = 3 }
  prefers = "longer"
}

judge "no_server" {
  kind     = "openai"
  model    = "m"
  base_url = "localhost:8000/v1"
}

judge "password" {
  kind     = "openai"
  model    = "m"
  base_url = "https://me:sk-1234-abcd@example.org/v1"
}

judge "query" {
  kind     = "openai"
  model    = "m"
  base_url = "https://example.org/v1?api-key=sk-1234-abcd"
}

judge "rule" {
  kind    = "rule"
  prefers = "better"
  model   = "gpt-4o"
}

judge "pattern" {
  kind    = "rule"
  pattern = "(["
}

judge "recorded" { kind = "replay" }

judge "fine" { kind = "rule" }

judge "panel" {
  kind    = "panel"
  members = [judge.fine, judge.fine]
}

judge "of_panels" {
  kind    = "panel"
  members = [judge.fine, train.sft]
}

win_rate "itself" {
  candidate = generate.summaries["vanilla"]
  baseline  = generate.summaries["vanilla"]
  judge     = judge.fine
  ties      = "drop"
}

win_rate "rows" {
  candidate = generate.summaries["vanilla"]
  baseline  = dataset.posts.test
  judge     = train.sft
}

agreement "prompts" {
  judge = { kind = "rule", order = "twice" }
  data  = dataset.posts.test.prompts
}

claim "percent" { that = win_rate.itself.average.mean > 50 }
claim "name" { that = win_rate.itself.per_item.mean > 0.5 }
