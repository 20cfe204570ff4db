package runner

import (
	"testing"

	"github.com/prlhf/prlhf/arrowio/formats"
	"github.com/prlhf/prlhf/dsl"
)

// TestMadeUpFormats goes from made-up files through the real readers to what users like: after import and split, every
// choice is the one that the user's attributes say.
func TestMadeUpFormats(t *testing.T) {
	t.Parallel()
	l := newLab(t, `
synthetic "souls" {
  format      = "psoups"
  comparisons = 240
  prompts     = 30
}

synthetic "talks" {
  format      = "prism"
  users       = 12
  comparisons = 300
  prompts     = 30
}

synthetic "questions" {
  format  = "prompts"
  prompts = 9
}

dataset "souls" {
  format = "psoups"
  source = synthetic.souls
}

dataset "talks" {
  format = "prism"
  source = synthetic.talks
  split  = { seen_share = 0.75, train = 0.7 }
}

dataset "questions" {
  format = "prompts"
  source = synthetic.questions
}
`)
	l.apply()
	for addr, users := range map[string]int{"dataset.souls": 6, "dataset.talks": 12} {
		w := l.open(addr)
		table := w.tables[0]
		if len(table.users) != users {
			t.Errorf("%s has %d users, want %d", addr, len(table.users), users)
		}
		sides := map[string]int{}
		for i, r := range table.rows {
			c, err := w.comparison(rowRef{0, i})
			if err != nil {
				t.Fatal(err)
			}
			sides[r.split]++
			values, err := userValues(w.sets[0], *w.userOf(rowRef{0, i}))
			if err != nil {
				t.Fatal(err)
			}
			chosen, known := formats.Taste(anyOf(values), c.Chosen)
			if rejected, _ := formats.Taste(anyOf(values), c.Rejected); !known || chosen <= rejected {
				t.Errorf("%s, row %d: %s chose %q (%g) over %q (%g)", addr, i, c.User, c.Chosen, chosen, c.Rejected, rejected)
			}
		}
		if sides["train"] < 100 || sides["test"] < 30 || sides[""] > 0 {
			t.Errorf("%s: %v", addr, sides)
		}
	}
	if n := len(l.open("dataset.questions").tables[0].rows); n != 9 {
		t.Errorf("%d questions", n)
	}
}

// anyOf is a user as formats.Taste reads them.
func anyOf(values map[string]dsl.Value) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		if list, ok := v.([]dsl.Value); ok {
			var items []any
			for _, item := range list {
				items = append(items, item)
			}
			out[name] = items
			continue
		}
		out[name] = v
	}
	return out
}
