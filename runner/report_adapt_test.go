package runner

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/internal/golden"
	"github.com/prlhf/prlhf/reports"
)

// adaptedItems are two adapt blocks with made-up accuracies: average is 0.5 + n/50, or 0.6 + n/100, over four users, half of
// them of each group.
func adaptedItems() []instance {
	estimate := func(mean, se float64, n int) dsl.Value {
		nan := math.NaN()
		return dsl.Estimate{Mean: mean, SE: se, Low: mean - 2*se, High: mean + 2*se, Median: nan, SDRuns: nan, N: n}
	}
	policy := func(key string, u *dsl.UserModel) *dsl.Train {
		return &dsl.Train{Block: dsl.Block{Addr: dsl.Addr{Type: "train", Name: "dpo", Key: key, HasKey: true}}, Objective: dsl.Objective{Kind: "dpo", Alpha: 0.5, Beta: 0.1}, UserModel: u}
	}
	var items []instance
	for k, name := range []string{"individual", "cluster"} {
		after := map[string]dsl.Value{}
		for _, n := range []int{0, 1, 2, 5, 10, 20} {
			average := 0.5 + float64(n)/50 + float64(k)*(0.1-float64(n)/100)
			after[fmt.Sprint(n)] = map[string]dsl.Value{
				"top": estimate(average+0.01, 0.02, 40), "generic": dsl.Estimate{Mean: math.NaN()}, "average": estimate(average, 0.05, 4), "notes": map[string]dsl.Value{"ties": estimate(0.02, 0.01, 40)},
				"longer":  map[string]dsl.Value{"top": estimate(0.6, 0.02, 40), "average": estimate(0.55, 0.05, 4), "ties": estimate(0.1, 0.01, 40)},
				"groups":  map[string]dsl.Value{"majority": estimate(average+0.1, 0.03, 2), "minority": estimate(average-0.1, 0.03, 2)},
				"control": map[string]dsl.Value{"swapped": estimate(0.3, 0.1, 40), "shuffled": estimate(0.5, 0.1, 40), "generic": estimate(0.55, 0.1, 40)},
			}
		}
		u := []*dsl.UserModel{{Kind: "individualized", Tokens: 2, Shared: true}, {Kind: "cluster", Tokens: 2, Clusters: 2}}[k]
		a := &dsl.Adapt{Block: dsl.Block{Addr: dsl.Addr{Type: "adapt", Name: "late", Key: name, HasKey: true}}, Policy: policy(name, u)}
		items = append(items, instance{item: a, name: name, value: map[string]dsl.Value{"after": after}})
	}
	items[0].paper = map[string]dsl.Value{"after": map[string]dsl.Value{"20": map[string]dsl.Value{"average": dsl.Estimate{Mean: 0.88, SE: math.NaN()}}}}
	return items
}

func TestAdaptedInReports(t *testing.T) {
	d := &drawing{}
	blocks := d.adapted("adapt.late", adaptedItems())
	var out bytes.Buffer
	if err := reports.Markdown(&out, &reports.Report{Title: "New users", Sections: []reports.Section{{Heading: "By number of comparisons", Blocks: blocks}}}); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/adapt.md.golden", out.Bytes())
	p := blocks[1].(*reports.Plot)
	if !slices.Equal(p.Series[0].X, []float64{0, 1, 2, 5, 10, 20}) || math.Abs(p.Series[0].Y[5]-0.9) > 1e-12 || math.Abs(p.Series[1].Low[4]-0.65) > 1e-12 {
		t.Errorf("curve %+v", p.Series)
	}
	if p := blocks[2].(*reports.Plot); len(p.Series) != 4 || p.Series[3].Name != "cluster, minority" || math.Abs(p.Series[3].Y[0]-0.5) > 1e-12 {
		t.Errorf("curves by group %+v", p.Series)
	}
}

// TestFrameworkReport: a report shows adapted policies, and policy optimisation with a picture for each of its curves and
// its guards.
func TestFrameworkReport(t *testing.T) {
	t.Parallel()
	l := rewardLab(t)
	l.spec += `
report "more" {
  title = "More"
  show  = [adapt.late, train.rloo, train.reward, accuracy.reward]
}
`
	l.edit("samples = 2 }\n  steps      = 2", "samples = 2, kl_target = 3, sampling = { temperature = 1, max_new_tokens = 9 } }\n  steps      = 2")
	l.apply()
	data, err := os.ReadFile(filepath.Join(l.opts.Out, "more", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := reports.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	plots, tables := map[string]*reports.Plot{}, map[string]*reports.Table{}
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			switch b := b.(type) {
			case *reports.Plot:
				plots[b.Name] = b
			case *reports.Table:
				tables[b.Name] = b
			}
		}
	}
	for i, name := range []string{"reward", "kl", "entropy", "length", "clipped"} {
		p := plots["train.rloo."+name]
		if p == nil || len(p.Series) != 1 || !slices.Equal(p.Series[0].Y, []float64{1 / float64(i+2), 2 / float64(i+2)}) || p.Percent != (name == "clipped") {
			t.Errorf("%s: %+v", name, p)
			continue
		}
		switch {
		case name == "kl" && (p.Rule == nil || *p.Rule != 3 || p.RuleName != "kl_target"), name == "length" && (p.Rule == nil || *p.Rule != 9 || p.RuleName != "max_new_tokens"):
			t.Errorf("%s has the line %v, %s", name, p.Rule, p.RuleName)
		case name != "kl" && name != "length" && p.Rule != nil:
			t.Errorf("%s has a line at %g", name, *p.Rule)
		}
	}
	if plots["train.reward.reward"] != nil || plots["train.rloo.beta"] != nil {
		t.Error("a picture without a curve")
	}
	if rows := tables["adapt.late"].Rows; len(rows) != 4 || rows[3].Name != theLongerText || rows[2].Cells[0].Value.Mean != 3 || rows[2].Cells[1].Value.N != 2 {
		t.Errorf("adapted: %+v", rows)
	}
	if p := plots["adapt.late.after"]; p == nil || !slices.Equal(p.Series[0].X, []float64{0, 2, 3}) {
		t.Errorf("curve by comparisons: %+v", p)
	}
	for _, name := range []string{"adapt.late.control", "accuracy.reward.control"} {
		if tables[name] == nil || len(tables[name].Rows) == 0 {
			t.Errorf("no table %s", name)
		}
	}
	if plots["train.reward.users.linear_head"] == nil || tables["train.reward.groups.linear_head"] == nil || tables["train.reward.groups"] == nil {
		t.Error("no map of the users of a linear head")
	}
}

// TestGuard: a line is drawn where all policies have the same limit.
func TestGuard(t *testing.T) {
	with := func(kl float64) instance {
		return instance{item: &dsl.Train{Objective: dsl.Objective{RL: &dsl.RL{KLTarget: kl}}}}
	}
	plain := instance{item: &dsl.Train{}}
	for _, test := range []struct {
		items []instance
		want  float64 // 0: no line
	}{
		{[]instance{with(3)}, 3}, {[]instance{with(3), plain, with(3)}, 3}, {[]instance{with(3), with(4)}, 0}, {[]instance{with(0)}, 0}, {[]instance{plain}, 0},
	} {
		limit, _ := guard("kl", test.items)
		if (limit != nil) != (test.want > 0) || limit != nil && *limit != test.want {
			t.Errorf("%d policies: %v; want %g", len(test.items), limit, test.want)
		}
	}
	if limit, _ := guard("loss", []instance{with(3)}); limit != nil {
		t.Error("a limit of the loss")
	}
}
