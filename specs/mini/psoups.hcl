# The P-SOUPS experiment on a CPU in minutes: the same blocks, a model from nothing, data made in the real format with six
# styles that a rule can tell apart.

include "../psoups.hcl" {
  model          = train.sft
  data           = synthetic.psoups
  prompts        = synthetic.questions
  published_data = false
  judge          = judge.simulated
  precision      = "fp32"
  epochs         = 6
  optimizer      = { lr = 5e-4, user_lr = 3e-3 }
  max_new_tokens = 48
}

synthetic "psoups" {
  format      = "psoups"
  comparisons = 3000
}

synthetic "questions" {
  format  = "prompts"
  prompts = 40
}

model "tiny" { init = { texts = dataset.psoups.train } }

train "sft" {
  base      = model.tiny
  data      = dataset.psoups.train.responses
  objective = { kind = "sft" }
  steps     = 400
  optimizer = { lr = 3e-3 }
}

judge "simulated" { kind = "rule" } # what each synthetic user was made to like

claim "each_user_is_served" {
  text = "P-DPO serves every one of the six users better than vanilla DPO does"
  that = alltrue([
    for id, user in accuracy.validation["individual"].users : user.mean > accuracy.validation["vanilla"].users[id].mean
  ])
}

# Verdicts that were recorded once and are read ever after: how an experiment with a judge behind a server is run again without
# asking it. These are the readability rule's, on texts of the data, which are the same on every machine.
judge "recorded" {
  kind     = "replay"
  verdicts = "psoups_verdicts.jsonl"
}

agreement "recorded" {
  judge = judge.recorded
  data  = sample(dataset.psoups.test, 20)
}

claim "recorded_verdicts_are_found" {
  text = "Each of 20 comparisons has its recorded verdict, in both orders, on every machine"
  that = agreement.recorded.verdicts.judged == 20 && agreement.recorded.verdicts.failed == 0
}
