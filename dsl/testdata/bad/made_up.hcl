# Sizes of made-up data that its format does not have.

synthetic "souls" {
  format = "psoups"
  users  = 7
  votes  = 2
}

synthetic "many" {
  format  = "psoups"
  prompts = 1000
}

synthetic "talks" {
  format      = "prism"
  users       = 50
  comparisons = 20
  cyclic      = true
}

synthetic "questions" {
  format      = "prompts"
  users       = 3
  comparisons = 10
  prompts     = 300
}

synthetic "poems" { format = "responses" }

synthetic "fine" { format = "psoups" }

dataset "wrong" {
  format = "prism"
  source = synthetic.fine
}

dataset "six" {
  format = "psoups"
  source = synthetic.fine
}

model "base" { source = "folder" }

train "clusters" {
  base       = model.base
  data       = dataset.six.train
  user_model = { kind = "cluster", clusters = 7 }
  objective  = { kind = "dpo" }
}
