# A reference in quotes.

include "../base.hcl" {}

accuracy "a" {
  policy = "train.dpo"
  data   = dataset.posts.test
}

accuracy "b" {
  policy = "the best one"
  data   = "dataset.posts.test"
}
