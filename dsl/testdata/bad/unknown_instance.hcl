# An instance that there is not.

include "../base.hcl" {}

accuracy "a" {
  policy = train.dpo["personal"]
  data   = dataset.posts.test
}
