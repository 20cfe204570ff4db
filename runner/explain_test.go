package runner

import (
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/dsl"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	st := l.store()
	plan := l.plan(st)
	x, err := Explain(plan, st, `accuracy.test["individual"].groups.minority`, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := x.Value.(dsl.Estimate); !ok || x.Node.Kind != kindAccuracy || !x.Stored || len(x.Files) != 1 || x.Files[0].Name != resultFile {
		t.Errorf("explained by %s, stored %v, files %v, value %v", x.Node.ID, x.Stored, x.Files, x.Value)
	}
	var behind []string
	var walk func(Explanation)
	walk = func(x Explanation) {
		if !x.Repeated {
			behind = append(behind, x.Node.ID)
		}
		for _, in := range x.Inputs {
			walk(in)
		}
	}
	walk(x)
	for _, id := range []string{"synthesize synthetic.posts", "init model.tiny", "train train.sft", `train train.dpo["individual"]`} {
		if !slices.Contains(behind, id) {
			t.Errorf("%s is not behind the number: %v", id, behind)
		}
	}
	if len(behind) != len(distinct(behind, func(s string) string { return s })) {
		t.Errorf("a stage is explained twice: %v", behind)
	}
	for addr, want := range map[string]string{
		`accuracy.test["individual"].groups.minorty`: `accuracy.test["individual"] has no result groups.minorty`,
		"accuracy.tests": "nothing in this spec is called accuracy.tests; there are synthetic.posts",
	} {
		if _, err := Explain(plan, st, addr, false); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v; expected %q", addr, err, want)
		}
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	if _, err := Inspect(l.plan(l.store()), l.store(), `train.dpo["individual"]`, 2, true); err == nil || !strings.Contains(err.Error(), "has not run yet") {
		t.Errorf("inspect before apply: %v", err)
	}
	l.apply()
	plan := l.plan(l.store())
	rows, err := Inspect(plan, l.store(), `train.dpo["individual"]`, 2, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows; expected 2", len(rows))
	}
	var order []SegmentKind
	for _, s := range rows[0].Segments {
		order = append(order, s.Kind)
		scored := s.Kind == SegmentChosen || s.Kind == SegmentRejected
		if s.Scored != scored || s.Length == 0 || s.Kind != SegmentSoft && len(s.Tokens) != s.Length {
			t.Errorf("segment %+v", s)
		}
		if scored && s.Tokens[s.Length-1] != "</s>" || strings.Count(strings.Join(s.Tokens, " "), "</s>") != map[bool]int{true: 1}[scored] {
			t.Errorf("%s has tokens %q; expected one end token, at the end of responses only", s.Kind, s.Tokens)
		}
	}
	if want := []SegmentKind{SegmentBOS, SegmentSoft, SegmentPrompt, SegmentChosen, SegmentRejected}; !slices.Equal(order, want) {
		t.Errorf("segments %v; expected %v", order, want)
	}
	chosen, rejected := rows[0].Segments[3], rows[0].Segments[4]
	if chosen.Position != rejected.Position || chosen.Position != 1+2+rows[0].Segments[2].Length {
		t.Errorf("chosen starts at %d, rejected at %d; expected both behind BOS, soft prompt and prompt", chosen.Position, rejected.Position)
	}
	if p := rows[0].Passes; len(p) != 2 || p[0].User == 0 || p[1].User != 0 || p[0].Weight+p[1].Weight != 1 {
		t.Errorf("passes %+v; expected the user's and the generic user's", p)
	}
	if _, err := Inspect(plan, l.store(), "accuracy.test", 2, true); err == nil {
		t.Error("inspect of an accuracy gives no error")
	}
}
