include "../base.hcl" {}

generate "ids" {
  policy  = train.sft
  prompts = dataset.posts.test.prompts
  users   = ["worker03", "worker04"]
}

generate "number" {
  policy  = train.sft
  prompts = dataset.posts.test.prompts
  users   = [dataset.posts.users[3], 4]
}

generate "text" {
  policy  = train.sft
  prompts = dataset.posts.test.prompts
  users   = "worker03"
}

generate "name" {
  policy  = train.sft
  prompts = dataset.posts.test.prompts
  users   = dataset.posts.users.worker03
}

generate "twice" {
  policy  = train.sft
  prompts = dataset.posts.test.prompts
  users   = dataset.posts.users["worker03"]["worker04"]
}

generate "rows" {
  policy  = train.sft
  prompts = dataset.posts.test["worker03"]
}
