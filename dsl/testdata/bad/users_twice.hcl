# Prompts that belong to users, and users.

include "../base.hcl" {}

generate "g" {
  policy  = train.sft
  prompts = dataset.posts.test
  users   = dataset.posts.users
}
