package judges

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// Our rate at equal lengths is within 0.5 points of length_controlled_minimal of alpaca_eval on the same annotations.
// testdata/length_controlled.py says how its values were computed.
func TestLengthControlledAsAlpacaEval(t *testing.T) {
	text, err := os.ReadFile("testdata/length_controlled.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct {
		Cases []struct {
			Name             string
			WinRate          float64 `json:"win_rate"`
			LengthControlled float64 `json:"length_controlled"`
			Surplus          []float64
			Outcomes         string
		}
	}
	if err := json.Unmarshal(text, &fixture); err != nil {
		t.Fatal(err)
	}
	if len(fixture.Cases) < 10 {
		t.Fatalf("%d cases", len(fixture.Cases))
	}
	for _, c := range fixture.Cases {
		t.Run(c.Name, func(t *testing.T) {
			items := make([]Item, len(c.Outcomes))
			for i, o := range c.Outcomes {
				items[i] = Item{User: fmt.Sprint(i), Prompt: fmt.Sprint(i), CandidateLength: c.Surplus[i],
					Outcome: map[rune]Outcome{'w': Won, 'l': Lost, 'T': Tied}[o]}
			}
			if got := 100 * Count(items).Rate(TiesHalf); math.Abs(got-c.WinRate) > 0.001 {
				t.Errorf("win rate %.4f; theirs %.4f", got, c.WinRate)
			}
			got := LengthControlled(items)
			if math.Abs(100*got.Mean-c.LengthControlled) > 0.5 {
				t.Errorf("at equal length %.4f; theirs %.4f", 100*got.Mean, c.LengthControlled)
			}
			if got.N != len(items) || !(got.Low <= got.Mean && got.Mean <= got.High) || c.WinRate < 100 && got.High-got.Low < 0.02 {
				t.Errorf("n %d, interval [%g, %g] around %g", got.N, got.Low, got.High, got.Mean)
			}
		})
	}
}
