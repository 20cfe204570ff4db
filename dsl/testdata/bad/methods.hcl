# A table of methods: measurements of each, all on one scale.

include "../base.hcl" {}

judge "rule" { kind = "rule" }

win_rate "against_vanilla" {
  candidate = generate.summaries["individual"]
  baseline  = generate.summaries["vanilla"]
  judge     = judge.rule
}

win_rate "against_cluster" {
  candidate = generate.summaries["vanilla"]
  baseline  = generate.summaries["cluster"]
  judge     = judge.rule
}

report "methods" {
  title = "Methods"

  section "Nothing" { text = "Neither blocks nor methods." }
  section "A list" { methods = [accuracy.test] }
  section "A policy" { methods = { vanilla = train.dpo["vanilla"] } }
  section "Text" { methods = { vanilla = "accuracy.test" } }
  section "A set" { methods = { vanilla = [accuracy.test["vanilla"], dataset.posts.test.chosen] } }
  section "Twice" { methods = { both = accuracy.test } }

  section "Two baselines" {
    methods = {
      vanilla    = win_rate.against_vanilla
      individual = win_rate.against_cluster
    }
  }
}
