//go:build libtorch

package runner

import (
	"context"
	"testing"
)

// countedSpec adds to the small spec reward models of every kind: who trains what on top differs.
const countedSpec = `
train "reward" {
  for_each = {
    nobody  = { user_model = null, lora = null }
    all     = { user_model = { kind = "individualized", tokens = 2 }, lora = null }
    adapter = { user_model = { kind = "individualized", tokens = 2 }, lora = { rank = 2, targets = ["q"] } }
    score   = { user_model = { kind = "individualized", tokens = 2 }, lora = { rank = 0 } }
    heads   = { user_model = { kind = "individualized", as = "linear_head" }, lora = { rank = 2, targets = ["q"] } }
    users   = { user_model = { kind = "cluster", clusters = 2, as = "linear_head" }, lora = { rank = 0 } }
    weights = { user_model = { kind = "individualized", as = "linear_head" }, lora = null }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value.user_model
  objective  = { kind = "reward" }
  lora       = each.value.lora
  steps      = 2
}
`

// TestPlanCountsWhatIsTrained: a plan's trained parameters, in all three columns, are those that the run counts.
func TestPlanCountsWhatIsTrained(t *testing.T) {
	l := newLab(t, smallSpec+countedSpec)
	before := map[string]Estimate{}
	for _, n := range l.plan(nil).Nodes {
		before[n.ID] = n.Estimate
	}
	st := l.store()
	plan := l.plan(st)
	if _, err := Apply(context.Background(), plan, st, l.opts); err != nil {
		t.Fatal(err)
	}
	trained := 0
	for _, n := range plan.Nodes {
		if n.Kind != kindTrain {
			continue
		}
		trained++
		a, ok := st.Get(n.Fingerprint)
		if !ok {
			t.Fatalf("%s is not in the store", n.ID)
		}
		result, err := readResult(a.Path(resultFile))
		if err != nil {
			t.Fatal(err)
		}
		e := before[n.ID]
		for name, planned := range map[string]int64{"user_model": e.UserModel, "adapter": e.Adapter, "base": e.Base} {
			if ran := at(result, "parameters", name); ran != float64(planned) {
				t.Errorf("%s: %v parameters of %s were trained; the plan said %d", n.ID, ran, name, planned)
			}
		}
	}
	if trained != 10 {
		t.Errorf("%d trainings were compared; expected 10", trained)
	}
}
