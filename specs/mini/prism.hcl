# The PRISM experiment on a CPU in minutes: the same blocks, a model from nothing, made-up people with texts and
# conversations in the real format.

include "../prism.hcl" {
  model          = train.sft
  data           = synthetic.prism
  judge          = judge.simulated
  precision      = "fp32"
  epochs         = 6
  optimizer      = { lr = 2e-3, user_lr = 1e-2 }
  clusters       = [4]
  judged         = { seen = 10, unseen = 3, samples = 60 }
  max_new_tokens = 48
}

synthetic "prism" {
  format      = "prism"
  users       = 24
  comparisons = 1500
}

model "tiny" { init = { texts = dataset.prism.train, context = 1024 } }

train "sft" {
  base      = model.tiny
  data      = dataset.prism.train.responses
  objective = { kind = "sft" }
  steps     = 400
  optimizer = { lr = 3e-3 }
}

judge "simulated" { kind = "rule" } # what each synthetic person was made to like

claim "implicit_preferences_are_learned" {
  text = "Each person likes a question at the end, or none, which their text does not say: P-DPO ranks more of their comparisons right"
  that = accuracy.test["individual"].top.mean > accuracy.test["vanilla"].top.mean + 0.05
}
