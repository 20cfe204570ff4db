# A block with for_each where one instance is needed.

include "../base.hcl" {}

accuracy "a" {
  policy = train.dpo
  data   = dataset.posts.test
}

accuracy "b" {
  policy = train.dpo.vanilla
  data   = dataset.posts.test
}

claim "c" { that = accuracy.test.top.mean > 0.5 }

accuracy "d" {
  policy = train.sft["vanilla"]
  data   = dataset.posts.test
}
