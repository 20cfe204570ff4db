package runner

import (
	"fmt"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
)

// Two users who agree tell nothing, however many pairs they have; six who do, something.
func TestFewUsers(t *testing.T) {
	for users, want := range map[int]float64{1: 0, 2: 0, 5: 0, 6: 1} {
		var items []judges.Item
		for u := range users {
			for k := range 10 {
				items = append(items, judges.Item{User: fmt.Sprint(u), Prompt: fmt.Sprint(u, " ", k), Outcome: judges.Won})
			}
		}
		value := winRateValue(items, judges.TiesHalf, judges.PaperRule)
		for _, name := range []string{"per_sample", "per_user", "average", "unseen"} {
			if e, _ := estimateOf(at(dsl.Value(value), "notes", "even", name)); e.Low != want {
				if name == "per_user" && want == 1 && e.Low > 0.6 && e.Low < 0.62 { // Wilson's, of six
					continue
				}
				t.Errorf("%s of %d users begins at %g; %g expected", name, users, e.Low, want)
			}
		}
	}
}
