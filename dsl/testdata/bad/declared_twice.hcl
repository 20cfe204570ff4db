# Two blocks of one address, and labels that are wrong.

include "../base.hcl" {}

train "sft" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "sft" }
}

model "a" "b" {}

model "1x" { source = "folder" }

locals { x = 1 }
locals { x = 2 }

report "r" {
  for_each = [1]
  title    = "x"
}
