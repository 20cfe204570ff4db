package dsl

import (
	"fmt"
	"os"
	"testing"
)

// TestMethods: names keep their order, a block stands for its instances, and a list for all that is in it.
func TestMethods(t *testing.T) {
	base, err := os.ReadFile("testdata/base.hcl")
	if err != nil {
		t.Fatal(err)
	}
	spec := mustLoad(t, string(base)+`
accuracy "own" {
  for_each = { majority = train.dpo["vanilla"], minority = train.dpo["cluster"] }
  policy   = each.value
  data     = of_users(dataset.posts.test, dataset.posts.groups[each.key])
}

report "methods" {
  title = "Methods"

  section "All" {
    methods = {
      vanilla = accuracy.test["vanilla"]
      P-DPO   = [accuracy.test["individual"], generate.summaries["individual"]]
      "each"  = accuracy.own
      left    = null
    }
  }
}
`)
	var got []string
	for _, m := range spec.Reports[0].Sections[0].Methods {
		text := m.Name + ":"
		for _, item := range m.Measured {
			switch item := item.(type) {
			case *Accuracy:
				text += " " + item.Addr.String()
			case *Generate:
				text += " " + item.Addr.String()
			}
		}
		got = append(got, text)
	}
	want := []string{`vanilla: accuracy.test["vanilla"]`, `P-DPO: accuracy.test["individual"] generate.summaries["individual"]`,
		`each: accuracy.own["majority"] accuracy.own["minority"]`}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q; want %q", got, want)
	}
}
