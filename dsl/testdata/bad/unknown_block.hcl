# A block that there is not.

include "../base.hcl" {}

accuracy "a" {
  policy = train.stf
  data   = dataset.posts.test
}

accuracy "b" {
  policy = train.dpo["vanilla"]
  data   = datasets.posts.test
}

accuracy "c" {
  policy = train.tiny
  data   = dataset.posts.tset
}
