//go:build libtorch

package lm

import (
	"math"
	"testing"
)

// Frequencies worked out by hand from Su et al. 2021 and the definition of each scaling.
func TestFrequencies(t *testing.T) {
	llama3 := &RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, OriginalContext: 32}
	smooth := (32*0.25/(2*math.Pi) - 1) / 3 // a wavelength of 25.1 lies between 32/4 and 32/1
	for _, c := range []struct {
		name    string
		theta   float64
		rotary  int
		scaling *RopeScaling
		want    []float64
	}{
		{"plain", 10000, 4, nil, []float64{1, 0.01}},
		{"plain, wider", 256, 8, nil, []float64{1, 0.25, 0.0625, 0.015625}},
		{"linear", 10000, 4, &RopeScaling{Type: "linear", Factor: 4}, []float64{0.25, 0.0025}},
		{"llama3: a short and a long wavelength", 10000, 4, llama3, []float64{1, 0.01 / 8}},
		{"llama3: one between", 16, 4, llama3, []float64{1, (1-smooth)*0.25/8 + smooth*0.25}},
	} {
		got := Config{Rotary: c.rotary, RopeTheta: c.theta, RopeScaling: c.scaling}.frequencies()
		for i, want := range c.want {
			if len(got) != len(c.want) || math.Abs(got[i]-want) > 1e-12 {
				t.Errorf("%s: %v; want %v", c.name, got, c.want)
				break
			}
		}
	}
}
