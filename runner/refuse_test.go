package runner

import (
	"strings"
	"testing"
)

// TestRefusedByName: what the language has and this version does not do is said before any work, once.
func TestRefusedByName(t *testing.T) {
	for _, c := range []struct{ name, before, after, want string }{
		{"training on what a policy wrote", "generate \"texts\" {", "train \"copy\" {\n base = model.base\n data = generate.texts\n objective = { kind = \"sft\" }\n}\n\ngenerate \"texts\" {",
			"Generated responses are not trained on yet"},
		{"a target that matches nothing", `targets = ["q"]`, `targets = ["c_attn"]`, "No such module"},
	} {
		l := newFileLab(t)
		l.edit(c.before, c.after)
		_, diags := Compile(l.load(), nil, l.opts)
		if len(diags) != 1 || diags[0].Summary != c.want || diags[0].Subject == nil || diags[0].Subject.Start.Line < 2 {
			t.Errorf("%s: %v; expected one diagnostic %q with its place", c.name, diags, c.want)
		}
	}
}

func TestOverlongIsRefusedByName(t *testing.T) {
	l := newFileLab(t)
	l.spec = strings.ReplaceAll(l.spec, "max_tokens = 60", "max_tokens = 15\n  overlong   = \"refuse\"")
	_, err := l.try(t.Context())
	if err == nil || !strings.Contains(err.Error(), "people.jsonl, line ") || !strings.Contains(err.Error(), "max_tokens is 15") ||
		!strings.Contains(err.Error(), `write overlong = "cut_left", "cut_right" or "drop" in dataset.people`) {
		t.Errorf("an over-long row gives %v", err)
	}
}
