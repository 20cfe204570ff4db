package runner

import (
	"fmt"
	"strings"
	"testing"
)

// TestOwnTemplateIsTold: a template of one's own gets feedback and turns as role_play does, and its words are in the
// fingerprint.
func TestOwnTemplateIsTold(t *testing.T) {
	t.Parallel()
	l, s := newPlayLab(t)
	l.spec = strings.Replace(l.spec, `template = "role_play"`, `template_file = "mine.txt"`, 1)
	const words = `{{.Person.ID}} said {{.Person.Feedback}}:{{range .Person.Others}} {{.Prompt}}{{.Result}}{{end}}; {{neutral .Prompt}} {{neutral .First}} {{neutral .Second}}`
	l.write("mine.txt", words)
	first := l.judgeNode("judge agreement.player").Fingerprint
	l.opts.Targets = []string{"agreement.player"}
	l.apply()
	for _, q := range s.asked {
		told, question, _ := strings.Cut(q, ";")
		judged := lastTurn(question)
		start := fmt.Sprintf("user%s said [fu%sc%s]:", judged[1], judged[1], judged[2])
		others := otherTurns(judged[1], judged[2], judged[3])
		if !strings.HasPrefix(told, start) || strings.Count(told, "Output (") != len(others) {
			t.Errorf("about %s: %s; want %s with %d turns", judged[0], told, start, len(others))
		}
		for _, o := range others {
			if !strings.Contains(told, " "+o.instruction+"Output (") {
				t.Errorf("turn %s is not told in %s", o.instruction, told)
			}
		}
	}
	if len(s.asked) < 40 {
		t.Errorf("%d questions", len(s.asked))
	}
	l.write("mine.txt", words+" ")
	if l.judgeNode("judge agreement.player").Fingerprint == first {
		t.Error("another template has the same fingerprint")
	}
}
