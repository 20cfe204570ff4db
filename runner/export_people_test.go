package runner

import (
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// Ids of users and judges' answers are written where they are asked for only.
func TestExportPersonal(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	everything := func(columns map[string][]string) string {
		var b strings.Builder
		for _, cells := range columns {
			b.WriteString(strings.Join(cells, " "))
		}
		return b.String()
	}
	byIndex := l.table("accuracy.test", ExportOptions{})
	if strings.Contains(everything(byIndex), "worker") {
		t.Error("ids of users are in a table that nobody asked for them in")
	}
	if got := l.table("accuracy.test", ExportOptions{Personal: true}); !strings.Contains(got["user"][0], "worker") {
		t.Errorf("asked for: user is %q", got["user"][0])
	}
	id := l.table("accuracy.test", ExportOptions{Personal: true})["user"][0]
	if one := l.table("accuracy.test", ExportOptions{Users: []string{id}}); len(distinctOf(one["user"])) != 1 || len(one["user"]) >= len(byIndex["user"]) {
		t.Errorf("-users %s: %d rows of %q", id, len(one["user"]), distinctOf(one["user"]))
	}
	if one := l.table("generate.summaries", ExportOptions{Users: []string{"0"}}); !slices.Equal(distinctOf(one["user"]), []string{"generic user"}) {
		t.Errorf("-users 0: %q", distinctOf(one["user"]))
	}
	if _, _, err := l.exportResults("accuracy.test", ExportOptions{Format: FormatCSV, Users: []string{"worker"}}); err == nil || !strings.Contains(err.Error(), `accuracy.test knows no user "worker"`) {
		t.Errorf("an unknown user: %v", err)
	}
	l.spec = strings.Replace(smallSpec, `title = "A small report"`, "title = \"A small report\"\n  users = \"id\"", 1)
	if got := l.table("accuracy.test", ExportOptions{}); !strings.Contains(got["user"][0], "worker") {
		t.Errorf(`the report has users = "id": user is %q`, got["user"][0])
	}
}

// A judge's answer may quote what a user said, so it is left out unless such texts may be shown.
func TestExportRawAnswers(t *testing.T) {
	people := people{drawing: &drawing{stage: &reportStage{spec: &dsl.Report{Users: "index"}}, people: map[string]arrowio.User{}}}
	v := arrowio.Verdict{User: "ann", Winner: "first", Turned: true, Raw: "She says that she is 61."}
	for _, shown := range []bool{false, true} {
		people.texts = shown
		x := &resultExport{people: people}
		row, _ := x.verdict(part{}, 0, v)
		if (row.Raw == v.Raw) != shown || row.Outcome != "baseline" {
			t.Errorf("texts %v: %+v", shown, row)
		}
	}
}

// Why there is no verdict may name the user, whom the table names by index.
func TestExportProblemsByIndex(t *testing.T) {
	for users, want := range map[string]string{"index": "nothing is known of what user 1 was made to like", "id": "nothing is known of what worker-77 was made to like"} {
		x := &resultExport{people: people{drawing: judgedDrawing(dsl.Report{Users: users})}}
		row, _ := x.verdict(part{}, 0, arrowio.Verdict{User: "worker-77", Winner: "unscored", Problem: `nothing is known of what user "worker-77" was made to like`})
		if row.Problem != want {
			t.Errorf("%s: %q; want %q", users, row.Problem, want)
		}
	}
}
