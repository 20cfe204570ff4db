package runner

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/prlhf/prlhf/dsl"
)

// TestResultsComeBackExactly, NaN included.
func TestResultsComeBackExactly(t *testing.T) {
	nan := math.NaN()
	v := map[string]dsl.Value{
		"share":  1. / 3,
		"none":   nan,
		"top":    dsl.Estimate{Mean: 0.1, SE: nan, Low: 1e-300, High: 0.2, Median: nan, SDRuns: nan, N: 7},
		"curve":  []dsl.Value{1., 0.5, nan},
		"groups": map[string]dsl.Value{"estimate": 2., "mean": dsl.Estimate{N: 3}},
		"empty":  []dsl.Value{},
	}
	path := filepath.Join(t.TempDir(), "result.json")
	if err := writeResult(path, v); err != nil {
		t.Fatal(err)
	}
	got, err := readResult(path)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", v) { // NaN prints as itself
		t.Errorf("came back as %#v; expected %#v", got, v)
	}
}

func TestOverRuns(t *testing.T) {
	run := func(mean float64) dsl.Value {
		return map[string]dsl.Value{"top": dsl.Estimate{Mean: mean, SE: 0.1, N: 5}, "ties": mean, "curve": []dsl.Value{mean, 1.}}
	}
	longer := run(0.6).(map[string]dsl.Value)
	longer["curve"] = append(longer["curve"].([]dsl.Value), 7.) // a run that ended later
	v := overRuns([]dsl.Value{run(0.4), longer})
	top := at(v, "top").(dsl.Estimate)
	if top.Mean != 0.5 || math.Abs(top.SDRuns-math.Sqrt(0.02)) > 1e-12 || top.N != 5 {
		t.Errorf("top over two seeds is %+v", top)
	}
	if curve := at(v, "curve").([]dsl.Value); at(v, "ties") != 0.5 || len(curve) != 2 || curve[0] != 0.5 {
		t.Errorf("numbers over two seeds: %v", v)
	}
}
