package main

import (
	"math"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/dsl"
)

// TestNothingIsNaN: a number that a result does not have is "none", alone and in a list.
func TestNothingIsNaN(t *testing.T) {
	nan := math.NaN()
	got := valueLines(map[string]dsl.Value{"detectable": nan, "curve": []dsl.Value{nan, 2.5}, "share": dsl.Estimate{Mean: nan, Median: nan, N: 3}})
	want := []string{"curve        2 values, from none to 2.5", "detectable   none", "share        none (n 3)"}
	if !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}
