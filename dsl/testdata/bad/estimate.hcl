# An estimate compared whole.

include "../base.hcl" {}

claim "a" { that = accuracy.test["vanilla"].top > 0.5 }
claim "b" { that = abs(accuracy.test["vanilla"].average) > 0.5 }
claim "c" { that = accuracy.test["vanilla"].groups.minority }
claim "d" { that = accuracy.test["vanilla"].top.mean + 1 }
claim "e" { that = accuracy.test["vanilla"].ties.mean < 0.1 }

claim "h" { that = (accuracy.test["vanilla"].top.mean > 0.9 ? accuracy.test["vanilla"] : accuracy.test["cluster"]).top.mean > 0.8 }
