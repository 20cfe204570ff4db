package runner

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/internal/golden"
)

// seedsLab is the small spec with these seeds for train.dpo; sft has the one that it had.
func seedsLab(t *testing.T, seeds string) *lab {
	t.Helper()
	l := newLab(t, smallSpec)
	l.edit("  steps      = 4\n", "  steps      = 4\n  seeds      = "+seeds+"\n")
	return l
}

// resultsOf reads what a lab's blocks found.
func (l *lab) resultsOf() found {
	l.t.Helper()
	plan := l.plan(l.store())
	e, ok := (&compiler{st: l.store()}).stored(slices.DeleteFunc(slices.Clone(plan.Nodes), func(n *Node) bool { return n.Kind == kindReport }))
	if !ok {
		l.t.Fatal("not everything is in the store")
	}
	f, err := gather(plan.Spec, plan.results, plan.meetings, e)
	if err != nil {
		l.t.Fatal(err)
	}
	return f
}

// TestSeedsAreRunsOfTheirOwn: with three seeds every estimate is the mean of what each seed gives in a spec of its own, with
// the sample standard deviation of the three, and runs.json has exactly those three results.
func TestSeedsAreRunsOfTheirOwn(t *testing.T) {
	t.Parallel()
	together := seedsLab(t, "[1, 2, 3]")
	together.apply()
	joined := together.resultsOf()
	var alone []found
	for seed := 1; seed <= 3; seed++ {
		l := seedsLab(t, fmt.Sprintf("[%d]", seed))
		l.apply()
		alone = append(alone, l.resultsOf())
	}
	different := false
	for _, addr := range []string{`accuracy.test["vanilla"]`, `accuracy.test["individual"]`, `generate.summaries["individual"]`, `train.dpo["individual"]`} {
		for k, run := range joined.runs[addr] {
			if got, want := fmt.Sprintf("%v", run), fmt.Sprintf("%v", alone[k].results[addr]); got != want {
				t.Errorf("%s, seed %d:\n%s\nalone:\n%s", addr, k+1, got, want)
			}
		}
		if len(joined.runs[addr]) != 3 {
			t.Errorf("%s: %d runs", addr, len(joined.runs[addr]))
		}
	}
	for _, path := range [][]string{{"top"}, {"average"}, {"groups", "minority"}, {"control", "swapped"}} {
		var x [3]float64
		for k := range x {
			x[k] = at(alone[k].results[`accuracy.test["individual"]`], path...).(dsl.Estimate).Mean
		}
		mean := (x[0] + x[1] + x[2]) / 3
		sd := math.Sqrt(((x[0]-mean)*(x[0]-mean) + (x[1]-mean)*(x[1]-mean) + (x[2]-mean)*(x[2]-mean)) / 2)
		got := at(joined.results[`accuracy.test["individual"]`], path...).(dsl.Estimate)
		if math.Abs(got.Mean-mean) > 1e-12 || math.Abs(got.SDRuns-sd) > 1e-12 {
			t.Errorf("%v: mean %g, sd over runs %g; want %g, %g", path, got.Mean, got.SDRuns, mean, sd)
		}
		different = different || sd > 0
	}
	if !different {
		t.Error("the seeds give the same numbers, so this test shows nothing")
	}
}

// TestSeedIsTrainedOnce: a seed that stands in another list is not trained again.
func TestSeedIsTrainedOnce(t *testing.T) {
	t.Parallel()
	l := seedsLab(t, "[1, 2]")
	l.apply()
	l.edit("[1, 2]", "[2, 5]")
	if got := kinds(l.apply().of(Finished)); got["train"] != 2 || got["score"] != 2 || got["generate"] != 2 {
		t.Errorf("ran %v; expected the trainings, scores and texts of seed 5 for two policies", got)
	}
}

// TestAdaptOfSeveralSeeds: what is adapted once for each seed is scored once for each, and kept apart.
func TestAdaptOfSeveralSeeds(t *testing.T) {
	t.Parallel()
	spec := func(seeds string) *lab {
		l := rewardLab(t)
		l.edit("  steps      = 4\n", "  steps      = 4\n  seeds      = "+seeds+"\n")
		return l
	}
	together := spec("[1, 2]")
	claims := together.apply().result.Claims
	for _, c := range claims {
		if c.Addr == "claim.rewards_are_numbers" && (c.Seeds != 2 || c.SeedsHold != 2) {
			t.Errorf("%s was checked on %d seeds and holds on %d", c.Addr, c.Seeds, c.SeedsHold)
		}
	}
	joined := together.resultsOf()
	for k, run := range joined.runs["adapt.late"] {
		l := spec(fmt.Sprintf("[%d]", k+1))
		l.apply()
		if got, want := fmt.Sprintf("%v", run), fmt.Sprintf("%v", l.resultsOf().results["adapt.late"]); got != want {
			t.Errorf("seed %d:\n%s\nalone:\n%s", k+1, got, want)
		}
	}
	if len(joined.runs["adapt.late"]) != 2 {
		t.Errorf("%d runs", len(joined.runs["adapt.late"]))
	}
}

// TestClaimsBySeed: three seeds and hand-made results. Block a has accuracies 0.9, 0.6, 0.6 (mean 0.7), b one of 0.65.
func TestClaimsBySeed(t *testing.T) {
	const spec = `
synthetic "s" { format = "tldr" }

dataset "d" {
  format = "tldr"
  source = synthetic.s
}

model "m" { init = { texts = dataset.d.train } }

train "a" {
  base      = model.m
  data      = dataset.d.train
  objective = { kind = "dpo" }
  seeds     = [1, 2, 3]
}

accuracy "a" {
  policy = train.a
  data   = dataset.d.test
}

accuracy "b" {
  policy = model.m
  data   = dataset.d.test
}

claim "ahead" { that = accuracy.a.top.mean > accuracy.b.top.mean }
claim "behind" { that = accuracy.a.top.mean < accuracy.b.top.mean }
claim "all" { that = accuracy.a.top.mean > 0.5 }
claim "none" { that = accuracy.a.top.mean > 0.95 }
claim "one_seed" { that = accuracy.b.top.mean > 0.5 }
claim "spread" { that = accuracy.a.top.sd_runs < 0.2 }
`
	top := func(mean float64) dsl.Value {
		return map[string]dsl.Value{"top": dsl.Estimate{Mean: mean, SE: 0.01, SDRuns: math.NaN(), N: 10}}
	}
	runs := []dsl.Value{top(0.9), top(0.6), top(0.6)}
	f := found{results: dsl.Results{"accuracy.a": overRuns(runs), "accuracy.b": top(0.65)}, runs: map[string][]dsl.Value{"accuracy.a": runs}}
	want := map[string]ClaimOutcome{
		"claim.ahead":    {Holds: true, Seeds: 3, SeedsHold: 1},
		"claim.behind":   {Holds: false, Seeds: 3, SeedsHold: 2},
		"claim.all":      {Holds: true, Seeds: 3, SeedsHold: 3},
		"claim.none":     {Holds: false, Seeds: 3, SeedsHold: 0},
		"claim.one_seed": {Holds: true},
		"claim.spread":   {Holds: true}, // about all seeds at once
	}
	texts := map[string]string{"claim.ahead": "holds for 1 of 3 seeds: inside their noise", "claim.behind": "holds for 2 of 3 seeds: inside their noise",
		"claim.none": "holds for 0 of 3 seeds"}
	l := newLab(t, spec)
	outcomes := checkClaims(l.load().Claims, f, nil)
	if len(outcomes) != len(want) {
		t.Fatalf("%d claims", len(outcomes))
	}
	for _, o := range outcomes {
		w := want[o.Addr]
		if o.Holds != w.Holds || o.Seeds != w.Seeds || o.SeedsHold != w.SeedsHold || o.Err != "" {
			t.Errorf("%s: %+v; want %+v", o.Addr, o, w)
		}
		if o.SeedsText() != texts[o.Addr] {
			t.Errorf("%s says %q; want %q", o.Addr, o.SeedsText(), texts[o.Addr])
		}
	}
}

// TestUnequalSeeds: where two blocks have different numbers of seeds no run of one belongs to one of the other: plan says so,
// and the claim is checked on means only.
func TestUnequalSeeds(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.edit("  steps     = 3\n", "  steps     = 3\n  seeds     = [1, 2]\n")
	l.edit("  steps      = 4\n", "  steps      = 4\n  seeds      = [1, 2, 3]\n")
	l.edit("claim \"nothing_is_perfect\"", `claim "unlike" {
  that = generate.summaries["sft"].words.average.mean <= 2 * generate.summaries["individual"].words.average.mean
}

claim "nothing_is_perfect"`)
	_, diags := Compile(l.load(), nil, l.opts)
	var said []string
	for _, d := range diags {
		said = append(said, fmt.Sprintf("%s: %s: %s", d.Subject, d.Summary, d.Detail))
	}
	want := []string{
		`One of several seeds: train.sft was trained with 2 seeds; this goes on from the first.`,
		`Seeds that do not pair: generate.summaries["sft"] has 2 seeds and generate.summaries["individual"] has 3, so the claim is checked on their means only, not seed by seed.`,
	}
	if len(said) != len(want) || !strings.HasSuffix(said[0], want[0]) || !strings.HasSuffix(said[1], want[1]) {
		t.Fatalf("said %q; want %q", said, want)
	}
	for _, c := range l.apply().result.Claims {
		if c.Addr == "claim.unlike" && c.Seeds != 0 || c.Addr == "claim.texts_are_short" && c.Seeds != 3 {
			t.Errorf("%s was checked on %d seeds", c.Addr, c.Seeds)
		}
	}
}

// TestReportOverSeeds: means with their standard deviation over runs, claims by seed, the checkpoint of each seed, and the
// first seed's texts.
func TestReportOverSeeds(t *testing.T) {
	t.Parallel()
	l := seedsLab(t, "[1, 2, 3]")
	l.edit("every = 2 }", "every = 2 }\n  keep       = \"best\"")
	l.apply()
	data, err := os.ReadFile(filepath.Join(l.opts.Out, "small", "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/seeds.md.golden", data)
}

// TestCurvesOverSeeds: the mean at the steps that all seeds have, and the band around it.
func TestCurvesOverSeeds(t *testing.T) {
	curve := func(values ...float64) []arrowio.Point {
		var points []arrowio.Point
		for i, v := range values {
			points = append(points, arrowio.Point{Step: int64(i + 1), Name: "loss", Value: v}, arrowio.Point{Step: int64(i + 1), Name: "lr", Value: 7})
		}
		return points
	}
	s := overSeeds("a", "loss", [][]arrowio.Point{curve(1, 2, 3, 4), curve(3, math.NaN(), 7), curve(2, 5, 5, 9, 9)})
	if !slices.Equal(s.X, []float64{1, 3}) || !slices.Equal(s.Y, []float64{2, 5}) || !slices.Equal(s.Low, []float64{1, 3}) || !slices.Equal(s.High, []float64{3, 7}) {
		t.Errorf("%+v", s)
	}
	if one := overSeeds("a", "loss", [][]arrowio.Point{curve(1, 2)}); one.Low != nil || !slices.Equal(one.Y, []float64{1, 2}) {
		t.Errorf("one seed: %+v", one)
	}
	long := make([]float64, 3*curvePoints)
	for i := range long {
		long[i] = float64(i)
	}
	if s := overSeeds("a", "loss", [][]arrowio.Point{curve(long...), curve(long[:2*curvePoints]...)}); len(s.X) != curvePoints || s.X[0] != 2 || s.Y[0] != 0.5 || s.Low[0] != s.High[0] {
		t.Errorf("a long curve beside a shorter one has %d points, the first %g at step %g", len(s.X), s.Y[0], s.X[0])
	}
}
