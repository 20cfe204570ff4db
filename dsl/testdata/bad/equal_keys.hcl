# Two instances with one key.

include "../base.hcl" {}

generate "sft" {
  policy  = train.sft
  prompts = dataset.posts.test.prompts
}

accuracy "a" {
  for_each = [train.sft, generate.sft]
  policy   = each.value
  data     = dataset.posts.test
}

accuracy "b" {
  for_each = train.sft
  policy   = each.value
  data     = dataset.posts.test
}

accuracy "c" {
  for_each = [{ x = 1 }]
  policy   = train.sft
  data     = dataset.posts.test
}

claim "silent" { that = accuracy.a["sft"].top.mean > 0 }
