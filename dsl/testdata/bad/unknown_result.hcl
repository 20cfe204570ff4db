# Results that there are not.

include "../base.hcl" {}

claim "a" { that = accuracy.test["vanilla"].groups.minorty.mean < 0.5 }
claim "b" { that = accuracy.test["vanilla"].topp.mean < 0.5 }
claim "c" { that = accuracy.test["vanilla"].top.maen < 0.5 }

claim "d" {
  for_each = accuracy.test
  that     = alltrue([for id, user in each.value.users : user.meen > 0.5])
}

claim "e" { that = generate.summaries["vanilla"].word.generic.mean > 1 }
claim "f" { that = train.dpo["vanilla"].curves.top[0] > 0 }

accuracy "g" {
  policy = train.sft
  data   = of_users(dataset.posts.test, dataset.posts.groups.minorities)
}
