# What is expected of absent files, and weights of groups.

dataset "rows" {
  format = "jsonl"
  source = "rows.jsonl"
  expect = { prompts = 50 }
}

dataset "asked" {
  format = "prompts"
  source = "asked.json"
  expect = { train = 50, prompts = 50 }
}

model "shared" {
  source = "folder"
  expect = { layers = 2, width = 64, heads = 4, kv_heads = 3, vocabulary = 100 }
}

model "gpt" {
  source = "folder"
  expect = { family = "gptj", layers = 2, width = 64, heads = 4, kv_heads = 2, inner = 100, vocabulary = 100 }
}

objective "texts" {
  kind        = "sft"
  worst_group = 0.1
}

objective "down" {
  kind        = "dpo"
  worst_group = -0.1
}
