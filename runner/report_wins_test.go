package runner

import (
	"slices"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// TestComparedNotes: judge and tie rule are said once after all comparisons, or with each where they are not the same.
func TestComparedNotes(t *testing.T) {
	d := &drawing{stage: &reportStage{spec: &dsl.Report{}}, people: map[string]arrowio.User{}}
	win := func(name, prefers string) instance {
		of := func(name string) *dsl.Set {
			return &dsl.Set{Kind: dsl.ResponseSet, Op: dsl.SetGenerated, Generate: &dsl.Generate{Block: dsl.Block{Addr: dsl.Addr{Type: "generate", Name: name}}}}
		}
		return instance{name: name, item: &dsl.WinRate{Candidate: of(name), Baseline: of("sft"),
			Judge: &dsl.Judge{Kind: "rule", Prefers: prefers, Order: "both"}, Ties: "half"}}
	}
	tie := "A tie counts half: (w + t/2) / (w + l + t)."
	for _, c := range []struct {
		items []instance
		want  []string
	}{
		{[]instance{win("a", "longer"), win("b", "longer")}, []string{"a: generate.a against generate.sft.", "b: generate.b against generate.sft.", "Judge: the rule longer, each pair in both orders.", tie}},
		{[]instance{win("a", "longer"), win("b", "shorter")}, []string{"a: generate.a against generate.sft. Judge: the rule longer, each pair in both orders. " + tie,
			"b: generate.b against generate.sft. Judge: the rule shorter, each pair in both orders. " + tie}},
	} {
		if got := d.comparedNotes(c.items); !slices.Equal(got, c.want) {
			t.Errorf("%q; want %q", got, c.want)
		}
	}
}
