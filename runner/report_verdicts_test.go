package runner

import (
	"fmt"
	"iter"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/reports"
)

// blockOf is the block of a report with that name.
func (l *lab) blockOf(report, name string) reports.Block {
	l.t.Helper()
	for _, s := range l.written(report).Sections {
		for _, b := range s.Blocks {
			switch b := b.(type) {
			case *reports.Verdicts:
				if b.Name == name {
					return b
				}
			case *reports.Samples:
				if b.Name == name {
					return b
				}
			}
		}
	}
	l.t.Fatalf("no block %s", name)
	return nil
}

// TestReportOfVerdicts: a report shows, for each user, as many verdicts as samples, both orders of each, and the methods by
// name.
func TestReportOfVerdicts(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+judgeSpec)
	l.edit(`show  = [win_rate.rule, agreement.users]`, "show  = [win_rate.rule, agreement.users]\n  samples = 2")
	l.apply()
	v := l.blockOf("judged", `win_rate.rule["sft"].judged`).(*reports.Verdicts)
	if v.Candidate != "individual" || v.Baseline != "sft" || len(v.Items) != 2*4 || !strings.HasPrefix(v.Notes[0], "8 of 12: ") {
		t.Fatalf("%s against %s: %d items; %s", v.Candidate, v.Baseline, len(v.Items), v.Notes)
	}
	for _, item := range v.Items {
		longer := len(item.Candidate) > len(item.Baseline)
		want := reports.Lost
		switch {
		case len(item.Candidate) == len(item.Baseline):
			want = reports.Tied
		case longer == (item.Group == "majority"):
			want = reports.Won
		}
		if item.Outcome != want || len(item.Orders) != 2 || item.Orders[0].First != "individual" || item.Orders[1].First != "sft" {
			t.Errorf("%+v; want %s", item, want)
		}
		if !strings.HasPrefix(item.User, "user ") {
			t.Errorf("the user appears as %q", item.User)
		}
	}
}

// judgedDrawing is a drawing of two users, one of whom wrote about themselves.
func judgedDrawing(spec dsl.Report) *drawing {
	return &drawing{stage: &reportStage{spec: &spec}, people: map[string]arrowio.User{
		"worker-77": {ID: "worker-77", Index: 1, Text: "I live in Oslo."}, "worker-78": {ID: "worker-78", Index: 2},
		"worker-79": {ID: "worker-79", Index: 3, Attributes: `{"age":"61","self_description":"I live in Oslo."}`}}}
}

// A judge who was told a user's own words may quote them: its words are printed only where the spec asks for users' texts,
// and a failure never names a user whom the report does not.
func TestReasonsOfUsersWithTexts(t *testing.T) {
	said := func(user string) []arrowio.Verdict {
		return []arrowio.Verdict{
			{User: user, Candidate: "a", Baseline: "b", Winner: "second", Turned: true, Raw: "They live in Oslo."},
			{User: user, Candidate: "a", Baseline: "b", Winner: "unscored", Problem: fmt.Sprintf("nothing is known of what user %q was made to like", user)},
		}
	}
	for _, c := range []struct {
		user, users string
		texts       bool
		want        string
	}{
		{"worker-77", "index", false, "user 1: ours ours  no verdict (nothing is known of what user 1 was made to like)"},
		{"worker-77", "index", true, "user 1: I live in Oslo.: ours ours They live in Oslo. no verdict (nothing is known of what user 1: I live in Oslo. was made to like)"},
		{"worker-78", "index", false, "user 2: ours ours They live in Oslo. no verdict (nothing is known of what user 2 was made to like)"},
		{"worker-79", "index", false, "user 3: ours ours  no verdict (nothing is known of what user 3 was made to like)"}, // a survey, and user_text = ""
		{"worker-78", "id", false, "worker-78: ours ours They live in Oslo. no verdict (nothing is known of what worker-78 was made to like)"},
	} {
		d := judgedDrawing(dsl.Report{Users: c.users, UserTexts: c.texts})
		v := d.verdict(judges.Failed, said(c.user), []string{"ours", "theirs"}, d.quotable(c.user))
		got := fmt.Sprintf("%s: %s %s %s %s %s", v.User, "ours", v.Orders[0].Winner, v.Orders[0].Reason, v.Orders[1].Winner, v.Orders[1].Reason)
		if got != c.want || v.Outcome != reports.Failed || v.Orders[0].First != "theirs" {
			t.Errorf("%s, texts %t:\n%s\nwant\n%s\n%+v", c.user, c.texts, got, c.want, v)
		}
	}
}

// inMemory is rows that need not be read.
func inMemory[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Of a user's verdicts the first of every outcome come before the second of any.
func TestChosenVerdicts(t *testing.T) {
	var verdicts []arrowio.Verdict
	for i, winner := range []string{"first", "first", "first", "second", "tie", "second"} {
		verdicts = append(verdicts, arrowio.Verdict{Item: int64(i), User: "worker-77", Prompt: fmt.Sprint(i), Winner: winner})
	}
	d := judgedDrawing(dsl.Report{Samples: 4})
	var got []string
	pairs, err := pairsOf(inMemory(verdicts))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.chosenPairs(pairs) {
		got = append(got, verdicts[p.rows[0]].Prompt)
	}
	if want := []string{"0", "3", "4", "1"}; !slices.Equal(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
}

// TestResponsesBesideGenerated: what users chose stands beside what policies wrote, where both are on the same prompt for the
// same user; shown alone it chooses its own prompts.
func TestResponsesBesideGenerated(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+`
generate "own" {
  policy  = train.sft
  prompts = per_user(dataset.posts.test, 1)
  sampling = { max_new_tokens = 3 }
}
report "beside" {
  title   = "Beside"
  samples = 1
  show    = [dataset.posts.test.chosen, generate.own]
}
report "alone" {
  title   = "Alone"
  samples = 1
  show    = dataset.posts.test.rejected
}
`)
	l.apply()
	s := l.blockOf("beside", "samples").(*reports.Samples)
	if !slices.Equal(s.Sources, []string{"chosen", "own"}) || len(s.Items) < 4 {
		t.Fatalf("%v, %d items", s.Sources, len(s.Items))
	}
	for _, item := range s.Items {
		if slices.Contains(item.Texts, missingText) || item.Texts[0] == item.Texts[1] {
			t.Errorf("%s: %q", item.User, item.Texts)
		}
	}
	alone := l.blockOf("alone", "samples").(*reports.Samples)
	if len(alone.Items) < 4 || len(alone.Sources) != 1 || alone.Items[0].Texts[0] == "" {
		t.Errorf("%+v", alone)
	}
}

// TestJudgeCard: what a judge behind a server costs per 1,000 verdicts, at the spec's price; how far a panel's members agree; and
// what the longer text would get beside each accuracy, where they are of different comparisons.
func TestJudgeCard(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"choices": [{"message": {"content": "Final verdict: Output (a)"}}], "usage": {"prompt_tokens": 150, "completion_tokens": 10}}`)
	}))
	defer server.Close()
	l := newLab(t, smallSpec+strings.Replace(`
dataset "other" {
  format     = "tldr"
  source     = synthetic.posts
  split      = { seen_top = 2 }
  max_tokens = 80
}
accuracy "sets" {
  for_each = { posts = dataset.posts.test, other = dataset.other.test }
  policy   = train.dpo["vanilla"]
  data     = each.value
}
judge "simulated" { kind = "rule" }
judge "longer" {
  kind    = "rule"
  prefers = "longer"
}
judge "shorter" {
  kind    = "rule"
  prefers = "shorter"
}
judge "panel" {
  kind    = "panel"
  members = [judge.simulated, judge.longer, judge.shorter]
}
judge "vendor" {
  kind          = "openai"
  model         = "m"
  base_url      = "URL"
  template_file = "question.txt"
  price         = { input = 2, output = 10 }
}
agreement "users" {
  for_each = [judge.panel, judge.vendor]
  judge    = each.value
  data     = sample(dataset.posts.test, 6)
}
win_rate "panel" {
  candidate = generate.summaries["individual"]
  baseline  = generate.summaries["sft"]
  judge     = judge.panel
}
report "cards" {
  title = "Cards"
  show  = [agreement.users, win_rate.panel, accuracy.sets]
}
`, "URL", server.URL, 1))
	l.write("question.txt", "{{neutral .Prompt}}\n{{neutral .First}}\n{{neutral .Second}}")
	l.opts.Targets = []string{"report.cards"}
	events := l.apply()
	if got := events.notes[`judge agreement.users["vendor"]`]; len(got) != 2 || got[0] != "0.0048 USD so far" || !regexp.MustCompile(`^12 requests, 1800 tokens in and 120 out, 0\.0048 USD at the spec's price, \d+ s per 1,000 requests$`).MatchString(got[1]) {
		t.Errorf("apply says of what it costs: %q", got)
	}
	cards := l.tableOf("cards", "agreement.users")
	for k, column := range cards.Columns { // six comparisons of fewer users
		if few := column == "agreement" || column == "kappa" && !math.IsNaN(cards.Rows[0].Cells[k].Value.Low) || column == "longer wins"; cards.Rows[0].Cells[k].FewClusters != few {
			t.Errorf("%s: few clusters is %v", column, !few)
		}
	}
	usd := slices.Index(cards.Columns, "USD per 1,000 verdicts")
	if usd < 0 || cards.Rows[0].Cells[usd].Kind != reports.Dash || math.Abs(cards.Rows[1].Cells[usd].Value.Mean-0.4) > 1e-12 {
		t.Errorf("1,000 verdicts of 150 tokens at 2 and 10 at 10 USD per million are 0.4 USD; %v, %+v", cards.Columns, cards.Rows)
	}
	kappa := regexp.MustCompile(`panel: the panel's members agree with Fleiss' kappa -?0\.\d{3} \(\d+ questions`)
	for _, t2 := range []*reports.Table{cards, l.tableOf("cards", "win_rate.panel.verdicts")} {
		if notes := strings.Join(t2.Notes, "\n"); !kappa.MatchString(notes) && !strings.Contains(notes, "Fleiss' kappa of the panel's members") {
			t.Errorf("%s: nothing of the panel's agreement: %s", t2.Name, notes)
		}
	}
	if notes := strings.Join(cards.Notes, "\n"); !kappa.MatchString(notes) {
		t.Errorf("the judge card has no kappa: %s", notes)
	}
	var rows []string
	for _, row := range l.tableOf("cards", "accuracy.sets").Rows {
		rows = append(rows, row.Name)
	}
	if want := []string{"posts", "other", "the longer text, posts", "the longer text, other"}; !slices.Equal(rows, want) {
		t.Errorf("rows %q; want %q", rows, want)
	}
	users := l.tableOf("cards", "agreement.users.users")
	if !slices.Contains(users.Columns, "vendor, the longer text") {
		t.Errorf("users' agreement stands without the longer text's: %q", users.Columns)
	}
	for _, table := range []*reports.Table{cards, users} {
		for _, row := range table.Rows {
			for k, c := range row.Cells {
				if c.Kind == reports.Share || c.Kind == reports.Percent && c.Value.N > 0 && math.IsNaN(c.Value.Low) {
					t.Errorf("%s, %s, %s: no n or no interval: %+v", table.Name, row.Name, table.Columns[k], c)
				}
			}
		}
	}
}

// TestNothingToShow: a block without instances is in no section of a report, alone or beside others.
func TestNothingToShow(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+`
agreement "none" {
  for_each = {}
  judge    = each.value
  data     = dataset.posts.test
}
report "empty" {
  title = "Nothing"
  section "Nobody" { show = agreement.none }
  section "Somebody" { show = [agreement.none, dataset.posts] }
}
`)
	l.opts.Targets = []string{"report.empty"}
	l.apply()
	sections := l.written("empty").Sections
	if len(sections) != 3 || len(sections[0].Blocks) != 0 || len(sections[1].Blocks) == 0 {
		t.Errorf("%+v", sections)
	}
}
