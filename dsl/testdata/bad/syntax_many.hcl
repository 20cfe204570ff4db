# Syntax errors do not hide the mistakes of other blocks, nor are references to a broken block mistakes.

include "../base.hcl" {}

train "expression" {
  base = 
  data = dataset.posts.train
}

train "other" {
  base      = train.expression
  data      = dataset.posts.train
  objective = { kind = "dpo", alpha = 50 }
}

claim "unknown" { that = accuracy.nobody.top.mean > 0.5 }

train "unclosed" {
  base      = model.tiny
  objective = { kind = "dpo" }

accuracy "unclosed" {
  policy = train.unclosed
  data   = dataset.posts.tset
}

train "quote" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo }
}

}

accuracy "last" {
  policy = train.quote
  dta    = dataset.posts.test
}
