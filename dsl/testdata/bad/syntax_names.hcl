# Where a broken block may declare names, what refers to anything is not judged; what a block says by itself is.

locals {
  steps = 3 +
}

train "a" {
  base       = model.tiny
  data       = dataset.posts.train
  objective  = { kind = "dpo" }
  steps      = local.steps
  batch_sise = 4
}

acuracy "b" {
  policy = train.a
}
