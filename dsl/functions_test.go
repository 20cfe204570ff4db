package dsl

import "testing"

// TestFunctions evaluates expressions that need no block.
func TestFunctions(t *testing.T) {
	tests := []struct{ expr, want, mistake string }{
		{`join("-", [for k in range(3) : k * 2])`, "0-2-4", ""},
		{`length({ a = 1, b = 2 })`, "2", ""},
		{`length([1, 2, 3])`, "3", ""},
		{`lookup({ a = 1 }, "b", 7)`, "7", ""},
		{`lookup({ a = 1 }, "b")`, "", `lookup({ a = 1 }, "b"): no b here. It has a.`},
		{`merge({ a = 1 }, null, { a = 2 }).a`, "2", ""},
		{`sum([1, 2.5])`, "3.5", ""},
		{`alltrue([true, 1 < 2])`, "true", ""},
		{`anytrue([])`, "false", ""},
		{`increasing([1, 2, 2])`, "false", ""},
		{`increasing([1, 2, 3])`, "true", ""},
		{`percent(89.26, 0.57).mean`, "0.8926", ""},
		{`percent([91.67, 100])[1].mean`, "1", ""},
		{`max([3, 4]...)`, "4", ""},
		{`percent("a")`, "", "Write percent(MEAN), percent(MEAN, SE) or percent([MEAN, ...])."},
		{`increasing(["a"])`, "", "Write increasing([NUMBER, ...]): item 1 is text."},
		{`1 / 0`, "", "0 is zero, so nothing can be divided by it."},
		{`timestamp()`, "", "No function timestamp."},
		{`abs("x")`, "", "abs takes number here; this is text."},
		{`without({ a = 1, b = 2 }, ["c"])`, "", `There is no key "c" to leave out; there are "a", "b".`},
		{`keys(without({ a = 1, b = 2 }, ["a"]))[0]`, "b", ""},
		{`prompt`, "", "prompt is known only row by row: in model.prompt, dataset.user_text and dataset.group_by."},
		{`each.value`, "", "each.value exists only in a block with for_each."},
		{`sample(generic_user, 0)`, "", "Write sample(SET, N, SEED): N is a whole number, 1 or more."},
		{`claim.x`, "", "No block claim.x. There are no claim blocks."},
		{`train`, "", "train needs a name: train.NAME. There are no train blocks."},
	}
	for _, test := range tests {
		spec, diags := load("report \"r\" {\n  title = \"=${" + test.expr + "}\"\n}\n")
		if test.mistake != "" {
			if len(diags) != 1 || diags[0].Detail != test.mistake {
				t.Errorf("%s:\n%swant %s", test.expr, listing(diags), test.mistake)
			}
			continue
		}
		if len(diags) > 0 || spec.Reports[0].Title != "="+test.want {
			t.Errorf("%s: %q, want %q\n%s", test.expr, spec.Reports[0].Title, test.want, listing(diags))
		}
	}
}
