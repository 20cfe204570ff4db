package runner

import (
	"strings"
	"testing"
)

// TestMerge: a model whose weights are the mean of two policies' is a policy without users; other starts cannot be merged.
func TestMerge(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+`
model "soup" { merge = train.dpo }

accuracy "soup" {
  policy = model.soup
  data   = dataset.posts.test
}
`)
	plan := l.plan(l.store())
	id := `merge model.soup of train.dpo["vanilla"], train.dpo["individual"]`
	for _, n := range plan.Nodes {
		if n.ID != id {
			continue
		}
		inputs := ""
		for _, in := range n.Inputs {
			inputs += in.ID + "\n"
		}
		for _, want := range []string{"init model.tiny\n", "train train.sft\n", "train train.dpo[\"vanilla\"]\n", "train train.dpo[\"individual\"]\n"} {
			if !strings.Contains(inputs, want) {
				t.Errorf("the merge is not made of %q", want)
			}
		}
		id = ""
	}
	if id != "" {
		t.Fatalf("no stage %s", id)
	}
	l.apply()
	l.spec += `
model "other" {
  init = {
    texts = dataset.posts.train
    width = 16
    heads = 2
    seed  = 9
  }
}

model "odd" { merge = [train.sft, model.other] }

accuracy "odd" {
  policy = model.odd
  data   = dataset.posts.test
}
`
	_, diags := Compile(l.load(), nil, l.opts)
	if !diagsSay(diags, "train.sft starts from model.tiny and model.other from model.other; only policies that were trained from one model can be merged.") {
		t.Error(diags)
	}
}
