# One kind of thing where another is needed.

include "../base.hcl" {}

accuracy "a" {
  policy = dataset.posts.train
  data   = dataset.posts
}

accuracy "b" {
  policy = train.sft
  data   = dataset.posts.test.prompts
}

accuracy "c" {
  policy = 3
  data   = [dataset.posts.test, dataset.posts.users]
}

train "d" {
  base       = model.tiny
  data       = dataset.posts.train.chosen
  objective  = { kind = "dpo" }
  user_model = train.sft
}

accuracy "e" {
  policy = train.sft
  data   = of_users(dataset.posts.test, dataset.posts.train)
}

accuracy "f" {
  policy = train.sft
  data   = sample(dataset.posts.test)
}

model "m" {
  source = train.dpo
  prompt = "${prompt} for ${user.age} ${train.sft}"
}

dataset "d" {
  format   = "tldr"
  source   = model.tiny
  group_by = prompt
}

claim "g" { that = samples(dataset.posts.test, 1) }
