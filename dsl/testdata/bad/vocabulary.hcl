# A tokenizer from nothing knows every byte.
dataset "rows" {
  format = "jsonl"
  source = "rows.jsonl"
}

model "tiny" {
  init = { vocabulary = 100, texts = dataset.rows.train }
}
