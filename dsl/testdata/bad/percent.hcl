# A share compared with a number in percent.

include "../base.hcl" {}

claim "a" { that = accuracy.test["vanilla"].average.mean > 50 }
claim "b" { that = 60 >= accuracy.test["vanilla"].groups.minority.low }
claim "fine" { that = generate.summaries["vanilla"].words.average.mean > 50 }

claim "each" {
  for_each = accuracy.test
  that     = each.value.top.mean < -1
}
