# Keys and attributes that there are not.

include "../base.hcl" {}

train "a" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo", betta = 0.1 }
  optimizer = { learning_rate = 1e-3 }
  epoch     = 1
}

acuracy "b" {
  policy = train.sft
}

lr = 3

report "r" {
  title = "x"

  chapter "One" { show = accuracy.test }
}

report "s" {
  title     = "y"
  tolerance = { acuracy = 0.1 }
}
